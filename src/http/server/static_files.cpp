// SPDX-License-Identifier: MIT
#include <simul/http/static_files.hpp>

#include "directory_page.hpp"
#include "file_parts.hpp"

#include "http/boundary.hpp"
#include "http/conditional.hpp"
#include "http/content_coding.hpp"
#include "http/negotiation.hpp"
#include "http/ranges.hpp"
#include "io/file_beneath.hpp"

#include <simul/base/error.hpp>
#include <simul/http/answer.hpp>
#include <simul/http/date.hpp>
#include <simul/http/media_type.hpp>
#include <simul/http/status.hpp>
#include <simul/text/url.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <utility>
#include <variant>
#include <vector>

namespace simul::http {

namespace {

using detail::byte_range;
using detail::content_coding;
using detail::file_part;
using detail::file_parts;
using simul::detail::descriptor;
using simul::detail::found_file;
using simul::detail::symlinks;

/// What is read before the answer, rather than while it is sent.
constexpr std::uint64_t small_file = 64 * 1024;

/// With a text that says so.
response plain(int status)
{
    return answer(status).response();
}

symlinks links_of(const static_options& options) noexcept
{
    return options.follow_links ? symlinks::followed : symlinks::refused;
}

// ---- which of its codings

struct coded_sibling {
    content_coding coding;
    std::string_view extension;
};
constexpr std::array<coded_sibling, 3> siblings = {
    {{content_coding::br, ".br"}, {content_coding::zstd, ".zst"}, {content_coding::gzip, ".gz"}}};

struct representation {
    found_file file;
    std::string_view type;
    content_coding coding = content_coding::identity;
    bool negotiated = false; ///< another client might get another one
};

/// `plain`, or what it was compressed to, where the client takes that. One that is older than the file is out of date.
task<representation> best_of(const descriptor& root, found_file plain, const headers& fields,
                             const static_options& options)
{
    const std::string_view type = type_of_file(plain.path);
    representation best = {std::move(plain), type};
    best.negotiated = options.precompressed && detail::is_compressible(best.type);
    if (!best.negotiated)
        co_return best;
    std::vector<content_coding> offered;
    for (const coded_sibling& each : siblings)
        offered.push_back(each.coding);
    while (!offered.empty()) {
        const content_coding wanted = choose_coding(fields.get("Accept-Encoding"), offered);
        const auto sibling = std::ranges::find(siblings, wanted, &coded_sibling::coding);
        if (sibling == siblings.end())
            break;
        auto coded = co_await find_beneath(root, best.file.path + std::string(sibling->extension), links_of(options));
        if (coded && coded->status.is_file() && coded->status.modified >= best.file.status.modified) {
            best.file = *std::move(coded);
            best.coding = wanted;
            break;
        }
        std::erase(offered, wanted);
    }
    co_return best;
}

// ---- what is sent of it

void append_hex(std::string& to, std::uint64_t number)
{
    std::array<char, 16> digits;
    to.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number, 16).ptr);
}

struct version {
    std::string tag; ///< without its quotes
    bool weak;
    std::chrono::sys_seconds modified;
};

/// Its time to the nanosecond, and its size. A file that was written to in these seconds could be so again without a trace: what
/// has the same tag then may have other bytes, and the tag says so by being weak.
version version_of(const fs::status& of, content_coding coding)
{
    constexpr auto settled = std::chrono::seconds(2);
    const auto now = std::chrono::system_clock::now();
    version made{{}, of.modified + settled > now, std::chrono::floor<std::chrono::seconds>(std::min(of.modified, now))};
    append_hex(made.tag, static_cast<std::uint64_t>(of.modified.time_since_epoch().count()));
    made.tag += '-';
    append_hex(made.tag, of.size);
    if (coding != content_coding::identity)
        made.tag.append("-").append(to_string(coding));
    return made;
}

/// `parts` of a file, which are its `type` together.
task<content> content_of(found_file file, std::vector<file_part> parts, std::string type, method how)
{
    const auto source = std::make_shared<file_parts>(std::move(file), std::move(parts));
    if (how == method::head || source->size() > small_file)
        co_return content(source, std::move(type));
    co_return content(co_await read_whole(*source), std::move(type));
}

/// The whole, or what a Range asks for: `made` has the fields of the whole.
task<response> send(representation of, response made, const request& asked, bool may_be_part)
{
    const std::uint64_t size = of.file.status.size;
    const auto range = asked.method() == method::get && may_be_part ? asked.headers().get("Range") : std::nullopt;
    const auto ranges = range ? detail::ranges_of(*range, size) : std::nullopt;
    std::vector<file_part> parts;
    std::string type(of.type);
    if (!ranges) {
        parts.push_back({{}, 0, size});
    } else if (ranges->empty()) {
        made = plain(status::range_not_satisfiable);
        made.headers().add("Content-Range", detail::unsatisfied_range(size));
        co_return made;
    } else if (ranges->size() == 1) {
        made.set_status(status::partial_content);
        made.headers().add("Content-Range", content_range(ranges->front(), size));
        parts.push_back({{}, ranges->front().first, ranges->front().size});
    } else {
        made.set_status(status::partial_content);
        const detail::byteranges several(detail::make_boundary(), std::move(type), *ranges, size);
        for (std::size_t i = 0; i < ranges->size(); ++i)
            parts.push_back({several.head(i), (*ranges)[i].first, (*ranges)[i].size});
        parts.push_back({several.end()});
        type = several.content_type();
    }
    made.content() = co_await content_of(std::move(of.file), std::move(parts), std::move(type), asked.method());
    co_return made;
}

task<response> answer_with(representation of, const request& asked, const static_options& options)
{
    const version now = version_of(of.file.status, of.coding);
    const detail::entity_tag tag{now.tag, now.weak};
    const detail::validators known{.tag = tag, .modified = now.modified};
    response made;
    headers& fields = made.headers();
    fields.add("ETag", to_string(tag));
    fields.add("Last-Modified", to_date(now.modified));
    if (!options.cache_control.empty())
        fields.add("Cache-Control", options.cache_control);
    if (of.negotiated)
        fields.add("Vary", "Accept-Encoding");
    switch (check_preconditions(asked.method(), asked.headers(), known)) {
    case detail::precondition::not_modified:
        made.set_status(status::not_modified);
        co_return made;
    case detail::precondition::failed:
        co_return plain(status::precondition_failed);
    case detail::precondition::holds:
        break;
    }
    fields.add("Accept-Ranges", "bytes");
    fields.add("X-Content-Type-Options", "nosniff");
    if (of.coding != content_coding::identity)
        fields.add("Content-Encoding", to_string(of.coding));
    co_return co_await send(std::move(of), std::move(made), asked, if_range_holds(asked.headers(), known));
}

// ---- which file

/// A slash that was encoded is not one, so there is no file of that name.
bool has_encoded_slash(std::string_view target) noexcept
{
    const std::string_view path = target.substr(0, target.find('?'));
    return path.find("%2f") != std::string_view::npos || path.find("%2F") != std::string_view::npos;
}

bool is_hidden(std::string_view path) noexcept
{
    const bool well_known = path == ".well-known" || path.starts_with(".well-known/");
    return path.find("/.") != std::string_view::npos || (path.starts_with('.') && !well_known);
}

/// Below the directory; empty for itself. None: there is no file of that name.
std::optional<std::string> path_of(const request& asked, const static_options& options)
{
    std::string_view path = asked.param("path");
    if (path.ends_with('/'))
        path.remove_suffix(1);
    if (has_encoded_slash(asked.target()) || path.starts_with('/') || path.ends_with('/') ||
        path.find("//") != std::string_view::npos || (!options.hidden && is_hidden(path)))
        return std::nullopt;
    return std::string(path);
}

/// Relative, so that it leads to this server, whatever the path begins with and whatever proxy is in front.
response redirect_into(const request& asked)
{
    const std::string_view path = asked.path();
    std::string to = "./" + percent_encode(path.substr(path.rfind('/') + 1)) + "/";
    if (!asked.query().empty())
        to.append("?").append(asked.query());
    response made = plain(status::moved_permanently);
    made.headers().add("Location", to);
    return made;
}

/// The file, or what else is to be answered.
using finding = std::variant<found_file, response>;

task<finding> find(const descriptor& root, std::string path, const request& asked, const static_options& options)
{
    const bool wants_directory = asked.path().ends_with('/');
    auto found = co_await find_beneath(root, path.empty() ? "." : path, links_of(options));
    if (!found || (!found->status.is_directory() && (wants_directory || !found->status.is_file())))
        co_return plain(status::not_found);
    if (found->status.is_file())
        co_return *std::move(found);
    if (!wants_directory)
        co_return redirect_into(asked);
    if (!options.index.empty()) {
        auto index = co_await find_beneath(root, path.empty() ? options.index : path + "/" + options.index, links_of(options));
        if (index && index->status.is_file())
            co_return *std::move(index);
    }
    if (options.list)
        co_return co_await detail::directory_page(*found, asked.path(), options.hidden);
    co_return plain(status::forbidden);
}

} // namespace

static_files::static_files(std::string directory, static_options options)
    : directory_(std::move(directory)), options_(std::move(options))
{
    if (directory_.empty())
        throw error(std::errc::invalid_argument, "static_files: of which directory?");
    headers().add("Cache-Control", options_.cache_control);
}

task<response> static_files::operator()(request& asked) const
{
    if (asked.method() != method::get && asked.method() != method::head) {
        response refused = plain(status::method_not_allowed);
        refused.headers().add("Allow", "GET, HEAD");
        co_return refused;
    }
    auto path = path_of(asked, options_);
    if (!path)
        co_return plain(status::not_found);
    const descriptor root = co_await simul::detail::open_root(directory_);
    try {
        finding found = co_await find(root, *std::move(path), asked, options_);
        if (response* const instead = std::get_if<response>(&found))
            co_return std::move(*instead);
        auto best = co_await best_of(root, std::get<found_file>(std::move(found)), asked.headers(), options_);
        co_return co_await answer_with(std::move(best), asked, options_);
    } catch (const error& refused) {
        if (refused.code() != std::errc::permission_denied)
            throw;
        co_return plain(status::forbidden);
    }
}

} // namespace simul::http
