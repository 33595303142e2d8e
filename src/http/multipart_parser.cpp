// SPDX-License-Identifier: MIT
#include "multipart_parser.hpp"

#include "field_parameters.hpp"
#include "field_syntax.hpp"
#include "scan.hpp"

#include <simul/http/media_type.hpp>
#include <simul/text/url.hpp>

#include <algorithm>
#include <utility>

namespace simul::http::detail {

namespace {

constexpr std::size_t longest_boundary = 70; // RFC 2046, 5.1.1

bool is_boundary(std::string_view text) noexcept
{
    const auto is_allowed = [](char c) {
        return is_digit(c) || is_alpha(c) || std::string_view("'()+_,-./:=? ").find(c) != std::string_view::npos;
    };
    return !text.empty() && text.size() <= longest_boundary && text.back() != ' ' &&
           std::ranges::all_of(text, is_allowed);
}

/// Forms write these three in names as percent-encoded; nothing else.
std::string unescape(std::string_view text)
{
    constexpr std::pair<std::string_view, char> escapes[] = {{"%22", '"'}, {"%0D", '\r'}, {"%0A", '\n'}};
    std::string plain;
    while (!text.empty()) {
        const auto* const found = std::ranges::find_if(
            escapes, [&](const auto& each) { return same_ignoring_case(text.substr(0, 3), each.first); });
        plain += found != std::end(escapes) ? found->second : text[0];
        text.remove_prefix(found != std::end(escapes) ? 3 : 1);
    }
    return plain;
}

/// "UTF-8''na%C3%AFve.txt" (RFC 8187), which some clients send, though forms shouldn't have it.
std::optional<std::string> decode_extended(std::string_view text)
{
    const std::size_t charset_end = text.find('\'');
    const std::size_t language_end = text.find('\'', charset_end + 1);
    if (language_end == std::string_view::npos || !same_ignoring_case(text.substr(0, charset_end), "utf-8"))
        return {};
    return percent_decode(text.substr(language_end + 1));
}

/// Where the delimiter begins, of which the end may still come; the size if it doesn't.
std::size_t find_delimiter(std::string_view input, std::string_view delimiter) noexcept
{
    std::size_t at = input.find('\r');
    while (at != std::string_view::npos && !delimiter.starts_with(input.substr(at, delimiter.size())))
        at = input.find('\r', at + 1);
    return std::min(at, input.size());
}

/// Some clients send a whole path, and some an attempt to leave the folder.
std::string without_folders(std::string_view path)
{
    const std::string_view name = path.substr(path.find_last_of("/\\") + 1); // npos + 1 is 0
    return std::string(name == "." || name == ".." ? std::string_view() : name);
}

} // namespace

std::optional<std::string> multipart_boundary(std::string_view content_type)
{
    const auto type = media_type::try_parse(content_type);
    if (!type || type->essence != "multipart/form-data")
        return {};
    const auto boundary = type->parameter("boundary");
    if (!boundary || !is_boundary(*boundary))
        return {};
    return std::string(*boundary);
}

multipart_parser::multipart_parser(std::string_view boundary, const multipart_limits& within)
    : delimiter_(std::string("\r\n--").append(boundary)), limits_(within)
{
    limits_.head = std::min(limits_.head, headers::most_bytes / 2);
}

part_found multipart_parser::next(bytes_view input)
{
    const part_found found = advance(input);
    if (found.what == part_event::starved && input_ended_ && state_ != state::behind_end)
        return fail(400, "the form breaks off", found.used);
    return found;
}

part_found multipart_parser::advance(bytes_view input)
{
    std::size_t used = 0;
    for (;;) {
        part_found found = {part_event::starved, input.size()};
        switch (state_) {
        case state::preamble:
        case state::data:
            found = scan(input);
            break;
        case state::delimiter_end:
            found = finish_delimiter(input);
            break;
        case state::fields:
            found = read_head(input);
            break;
        case state::behind_end:
            break;
        case state::failed:
            return {part_event::failed};
        }
        used += found.used;
        input.remove_prefix(found.used);
        // What was found without an event of its own: the next state goes on.
        if (found.what != part_event::starved || input.empty())
            return {found.what, used, found.piece};
    }
}

/// Data, or the preamble, up to the delimiter.
part_found multipart_parser::scan(bytes_view input)
{
    if (matched_ == 0) {
        const std::size_t begin = find_delimiter(input, delimiter_);
        if (begin > 0)
            return give(input.substr(0, begin), begin);
    }
    const bytes_view wanted = bytes_view(delimiter_).substr(matched_);
    const auto differs = std::ranges::mismatch(input, wanted);
    const auto same = static_cast<std::size_t>(differs.in1 - input.begin());
    matched_ += same;
    if (same == wanted.size()) {
        matched_ = borrowed_ = 0;
        line_.clear();
        const bool ends_part = std::exchange(state_, state::delimiter_end) == state::data;
        return {ends_part ? part_event::part_end : part_event::starved, same};
    }
    if (same == input.size())
        return {part_event::starved, same};
    // It only looked like one.
    const bytes_view looked = bytes_view(delimiter_).substr(0, std::exchange(matched_, 0));
    return give(looked.substr(std::exchange(borrowed_, 0)), same);
}

part_found multipart_parser::give(bytes_view piece, std::size_t used)
{
    if (state_ == state::preamble || piece.empty())
        return {part_event::starved, used};
    if (piece.size() > limits_.part - part_size_)
        return fail(413, "a part of the form is too large", used);
    part_size_ += piece.size();
    return {part_event::data, used, piece};
}

part_found multipart_parser::finish_delimiter(bytes_view input)
{
    constexpr std::string_view padding = " "; // stands for all of it
    std::size_t used = 0;
    while (used < input.size()) {
        const char c = input[used++];
        if (is_blank(c) && (line_.empty() || line_ == padding)) {
            line_ = padding;
            continue;
        }
        line_ += c;
        if (line_ == "--") {
            state_ = state::behind_end;
            return {part_event::end, used};
        }
        if (line_ == "\r\n" || line_ == " \r\n") {
            line_.clear();
            if (++parts_ > limits_.parts)
                return fail(413, "the form has too many parts", used);
            state_ = state::fields;
            head_ = {};
            head_size_ = 0;
            part_size_ = 0;
            return {part_event::starved, used};
        }
        if (line_ != "-" && line_ != "\r" && line_ != " \r")
            return fail(400, "something stands behind a boundary", used);
    }
    return {part_event::starved, used};
}

part_found multipart_parser::read_head(bytes_view input)
{
    const std::size_t end = input.find('\n');
    const std::size_t used = end == bytes_view::npos ? input.size() : end + 1;
    head_size_ += used;
    if (head_size_ > limits_.head)
        return fail(431, "the head of a part is too large", used);
    line_.append(input.substr(0, used));
    if (end == bytes_view::npos)
        return {part_event::starved, used};

    if (!line_.ends_with("\r\n"))
        return fail(400, "a line of a part's head doesn't end in CRLF", used);
    line_.resize(line_.size() - 2);
    if (!line_.empty()) {
        if (!read_field())
            return fail(400, "a line in the head of a part is no field", used);
        line_.clear();
        return {part_event::starved, used};
    }
    if (!understand_head())
        return fail(failure_.status, failure_.why, used);
    state_ = state::data;
    matched_ = borrowed_ = 2; // of nothing: then the delimiter's line end is that of the head
    return {part_event::part, used};
}

bool multipart_parser::read_field()
{
    const std::size_t colon = line_.find(':');
    const std::string_view line = line_;
    if (colon == std::string::npos || !is_token(line.substr(0, colon)) || find_control(line) < line.size() ||
        colon > headers::longest_name)
        return false;
    head_.fields.add(line.substr(0, colon), line.substr(colon + 1));
    return true;
}

/// False with a `failure_`.
bool multipart_parser::understand_head()
{
    const auto refuse = [&](const char* why) {
        failure_ = {400, why};
        return false;
    };
    const auto disposition = head_.fields.get_all("Content-Disposition");
    if (disposition.size() != 1)
        return refuse("a part has no Content-Disposition, or several");
    std::string_view rest = disposition[0];
    if (!same_ignoring_case(trimmed(take_until(rest, ";")), "form-data"))
        return refuse("a part isn't form-data");

    std::optional<std::string> name, filename, extended;
    for_each_parameter(rest, backslash::escapes_two_kinds, [&](std::string_view parameter, std::string value) {
        if (same_ignoring_case(parameter, "name") && !name)
            name = unescape(value);
        else if (same_ignoring_case(parameter, "filename") && !filename)
            filename = unescape(value);
        else if (same_ignoring_case(parameter, "filename*") && !extended)
            extended = decode_extended(value);
    });
    if (!name)
        return refuse("a part has no name");
    if (!filename)
        filename = std::move(extended);

    const std::string_view encoding = head_.fields.get("Content-Transfer-Encoding").value_or("binary");
    if (!std::ranges::any_of(std::initializer_list<std::string_view>{"7bit", "8bit", "binary"},
                             [&](std::string_view plain) { return same_ignoring_case(encoding, plain); }))
        return refuse("a part has a Content-Transfer-Encoding"); // RFC 7578: nobody sends that any more
    head_.name = *std::move(name);
    head_.is_file = filename.has_value();
    head_.filename = without_folders(filename.value_or(""));
    head_.type = head_.fields.get("Content-Type").value_or("");
    return true;
}

part_found multipart_parser::fail(int status, const char* why, std::size_t used) noexcept
{
    state_ = state::failed;
    failure_ = {status, why};
    return {part_event::failed, used};
}

} // namespace simul::http::detail
