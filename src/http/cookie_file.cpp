// SPDX-License-Identifier: MIT
//
// A jar as text, in the form of Netscape's cookies.txt: seven fields a line, with tabs between them.
#include "field_syntax.hpp"

#include <simul/base/error.hpp>
#include <simul/http/cookies.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <utility>

namespace simul::http {

using namespace detail;

namespace {

constexpr std::string_view http_only_mark = "#HttpOnly_"; // all others with a "#" are comments

/// The first six fields, and the value, which is all that is left.
std::optional<std::array<std::string_view, 7>> split_fields(std::string_view line)
{
    std::array<std::string_view, 7> fields;
    for (std::size_t i = 0; i < 6; ++i) {
        const std::size_t tab = line.find('\t');
        if (tab == std::string_view::npos)
            return {};
        fields[i] = line.substr(0, tab);
        line.remove_prefix(tab + 1);
    }
    fields[6] = line;
    return fields;
}

std::optional<bool> parse_flag(std::string_view text) noexcept
{
    if (same_ignoring_case(text, "TRUE"))
        return true;
    if (same_ignoring_case(text, "FALSE"))
        return false;
    return {};
}

std::optional<cookie> parse_line(std::string_view line)
{
    const bool http_only = line.starts_with(http_only_mark);
    if (http_only)
        line.remove_prefix(http_only_mark.size());
    const auto fields = split_fields(line);
    if (!fields)
        return {};
    auto [domain, with_subdomains, path, secure, expires, name, value] = *fields;
    const auto subdomains = parse_flag(with_subdomains), is_secure = parse_flag(secure);
    std::int64_t seconds = 0;
    const auto [end, failure] = std::from_chars(expires.data(), expires.data() + expires.size(), seconds);
    if (!subdomains || !is_secure || failure != std::errc() || end != expires.data() + expires.size())
        return {};
    if (domain.starts_with('.'))
        domain.remove_prefix(1);
    cookie made = {.name = std::string(name),
                   .value = std::string(value),
                   .domain = std::string(domain),
                   .path = std::string(path),
                   .host_only = !*subdomains,
                   .secure = *is_secure,
                   .http_only = http_only};
    if (seconds != 0)
        made.expires = std::chrono::sys_seconds(std::chrono::seconds(seconds));
    return made;
}

bool has_tab(std::string_view text) noexcept
{
    return text.find('\t') != std::string_view::npos;
}

} // namespace

std::string cookie_jar::save(time now) const
{
    std::string text = "# Netscape HTTP Cookie File\n";
    for (const cookie& each : cookies_) {
        if ((each.expires && *each.expires <= now) || has_tab(each.name) || has_tab(each.path))
            continue;
        text.append(each.http_only ? http_only_mark : "").append(each.host_only ? "" : ".").append(each.domain);
        text.append(each.host_only ? "\tFALSE\t" : "\tTRUE\t").append(each.path);
        text.append(each.secure ? "\tTRUE\t" : "\tFALSE\t");
        text.append(std::to_string(each.expires ? each.expires->time_since_epoch().count() : 0));
        text.append("\t").append(each.name).append("\t").append(each.value).append("\n");
    }
    return text;
}

void cookie_jar::load(std::string_view text, time now)
{
    for (std::size_t number = 1; !text.empty(); ++number) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.ends_with('\r'))
            line.remove_suffix(1);
        if (line.empty() || (line[0] == '#' && !line.starts_with(http_only_mark)))
            continue;
        auto made = parse_line(line);
        if (!made)
            throw error(std::errc::invalid_argument, "load cookies: line " + std::to_string(number) + " is none");
        set(*std::move(made), now);
    }
}

} // namespace simul::http
