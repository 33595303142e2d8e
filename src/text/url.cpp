// SPDX-License-Identifier: MIT
#include "percent.hpp"
#include "utf8.hpp"

#include <simul/base/error.hpp>
#include <simul/text/url.hpp>

#include <string>

namespace simul {

using namespace detail;

namespace {

[[noreturn]] void refuse(std::string_view text, std::string_view reason)
{
    constexpr std::size_t most = 100;
    const std::string_view begin = text.substr(0, most);
    const bool readable = find_invalid_utf8(begin) == std::string_view::npos;
    std::string shown;
    for (const char c : begin) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !readable))
            append_percent_encoded(shown, c);
        else
            shown += c;
    }
    throw error(std::errc::invalid_argument,
                "parse \"" + shown + (text.size() > most ? "...\" as a URL: " : "\" as a URL: ") + std::string(reason));
}

} // namespace

url url::parse(std::string_view text)
{
    std::optional<url> made;
    if (const char* const problem = attempt(text, nullptr, made))
        refuse(text, problem);
    return *std::move(made);
}

std::optional<url> url::try_parse(std::string_view text)
{
    std::optional<url> made;
    if (attempt(text, nullptr, made))
        made.reset();
    return made;
}

url url::join(std::string_view reference) const
{
    std::optional<url> made;
    if (const char* const problem = attempt(reference, this, made))
        refuse(reference, problem);
    return *std::move(made);
}

std::optional<url> url::try_join(std::string_view reference) const
{
    std::optional<url> made;
    if (attempt(reference, this, made))
        made.reset();
    return made;
}

std::string_view url::hostname() const noexcept
{
    return host().starts_with('[') ? part(host_begin_ + 1, host_end_ - 1) : host();
}

std::string url::origin() const
{
    if (scheme() == "blob") {
        const auto inner = try_parse(path());
        return inner && inner->scheme().starts_with("http") && inner->is_special() ? inner->origin() : "null";
    }
    if (!is_special() || scheme() == "file")
        return "null";
    return std::string(scheme()).append("://").append(authority());
}

parameters url::query_parameters() const
{
    return form_decode(query());
}

bool url::has_opaque_path() const noexcept
{
    return !has_authority() && !path().starts_with('/');
}

std::optional<std::string_view> url::given_query() const noexcept
{
    if (path_end_ == query_end_)
        return {};
    return query();
}

std::optional<std::string_view> url::given_fragment() const noexcept
{
    if (query_end_ == size())
        return {};
    return fragment();
}

/// Both are encoded already.
url url::with_tail(std::optional<std::string_view> query, std::optional<std::string_view> fragment) const
{
    if (path_end_ + (query ? query->size() + 1 : 0) + (fragment ? fragment->size() + 1 : 0) > longest)
        refuse(href_, "it is longer than 1 MiB");
    url changed;
    changed.href_.reserve(href_.size() + (query ? query->size() + 1 : 0));
    changed.href_ = href_.substr(0, path_end_);
    if (query)
        (changed.href_ += '?') += *query;
    changed.take_offsets(*this, 0);
    changed.query_end_ = changed.size();
    if (fragment)
        (changed.href_ += '#') += *fragment;
    return changed;
}

/// Those of `from`, where all from the host on was moved by `shift` to the left.
void url::take_offsets(const url& from, std::uint32_t shift) noexcept
{
    scheme_end_ = from.scheme_end_;
    user_begin_ = from.user_begin_;
    user_end_ = shift > 0 ? from.user_begin_ : from.user_end_;
    host_begin_ = from.host_begin_ - shift;
    host_end_ = from.host_end_ - shift;
    port_end_ = from.port_end_ - shift;
    path_begin_ = from.path_begin_ - shift;
    path_end_ = from.path_end_ - shift;
    query_end_ = from.query_end_ - shift;
    port_ = from.port_;
}

url url::with_query(const parameters& query) const
{
    const std::string encoded = form_encode(query);
    return with_tail(query.empty() ? std::nullopt : std::optional<std::string_view>(encoded), given_fragment());
}

url url::with_query(std::initializer_list<std::pair<std::string_view, std::string_view>> query) const
{
    return with_query(parameters(query.begin(), query.end()));
}

url url::with_query(std::string_view query) const
{
    std::string encoded;
    append_encoded(encoded, query, is_special() ? special_query_set : query_set);
    return with_tail(encoded, given_fragment());
}

url url::plus_query(const parameters& query) const
{
    if (query.empty())
        return *this;
    std::string all(this->query());
    if (!all.empty())
        all += '&';
    return with_tail(all += form_encode(query), given_fragment());
}

url url::with_fragment(std::string_view fragment) const
{
    std::string encoded;
    append_encoded(encoded, fragment, fragment_set);
    return with_tail(given_query(), encoded);
}

url url::without_fragment() const
{
    return with_tail(given_query(), {});
}

url url::without_credentials() const
{
    url changed;
    changed.href_.append(part(0, user_begin_)).append(part(host_begin_, size()));
    changed.take_offsets(*this, host_begin_ - user_begin_);
    return changed;
}

} // namespace simul
