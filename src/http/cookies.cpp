// SPDX-License-Identifier: MIT
//
// A server's side; the jar is in cookie_jar.cpp.
#include "cookie_syntax.hpp"
#include "field_syntax.hpp"

#include <simul/base/error.hpp>
#include <simul/http/cookies.hpp>
#include <simul/http/date.hpp>

#include <algorithm>

namespace simul::http {

using namespace detail;

namespace {

[[noreturn]] void refuse(const set_cookie& of, std::string_view why)
{
    const bool readable = is_token(of.name) && of.name.size() <= 100;
    throw error(std::errc::invalid_argument,
                "Set-Cookie" + (readable ? " \"" + of.name + "\"" : std::string()) + ": " + std::string(why));
}

constexpr bool is_value_character(char c) noexcept
{
    return c > 0x20 && c < 0x7f && c != '"' && c != ',' && c != ';' && c != '\\';
}
constexpr bool is_attribute_character(char c) noexcept
{
    return c >= 0x20 && c < 0x7f && c != ';';
}

void check(const set_cookie& of)
{
    if (!is_token(of.name))
        refuse(of, "a name has letters, digits and !#$%&'*+-.^_`|~ only");
    if (!std::ranges::all_of(of.value, is_value_character))
        refuse(of, "a value has no spaces, quotes, commas, semicolons, backslashes, and is ASCII; encode it");
    if (of.name.size() + of.value.size() > cookie_jar::largest)
        refuse(of, "browsers take 4096 bytes of name and value");
    if (find_other(host_set, of.domain) < of.domain.size())
        refuse(of, "its domain is no name of a host");
    if (!of.path.empty() && (of.path[0] != '/' || !std::ranges::all_of(of.path, is_attribute_character)))
        refuse(of, "a path begins with \"/\", and has no semicolons and nothing beyond ASCII");
    if (of.same_site == same_site::none && !of.secure)
        refuse(of, "same_site::none has to be secure");
    if (!keeps_promise_of_prefix(of.name, of.secure, of.domain.empty(), of.path))
        refuse(of, "__Secure- has to be secure, __Host- also for the whole of this host: no domain, path \"/\"");
}

} // namespace

parameters parse_cookies(std::string_view field)
{
    parameters all;
    while (!field.empty()) {
        const std::size_t end = std::min(field.find(';'), field.size());
        const std::string_view pair = field.substr(0, end);
        field.remove_prefix(std::min(end + 1, field.size()));
        const std::size_t equals = pair.find('=');
        if (equals == std::string_view::npos)
            continue;
        const std::string_view name = trimmed(pair.substr(0, equals));
        std::string_view value = trimmed(pair.substr(equals + 1));
        if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
            value = value.substr(1, value.size() - 2);
        if (!name.empty())
            all.emplace_back(name, value);
    }
    return all;
}

std::string to_string(const set_cookie& of)
{
    check(of);
    std::string text = of.name + '=' + of.value;
    if (of.max_age)
        text.append("; Max-Age=").append(std::to_string(std::max(of.max_age->count(), std::chrono::seconds::rep{0})));
    if (of.expires)
        text.append("; Expires=").append(to_date(*of.expires));
    if (!of.domain.empty())
        text.append("; Domain=").append(of.domain);
    if (!of.path.empty())
        text.append("; Path=").append(of.path);
    if (of.secure)
        text += "; Secure";
    if (of.http_only)
        text += "; HttpOnly";
    switch (of.same_site) {
    case same_site::unset:
        break;
    case same_site::none:
        return text += "; SameSite=None";
    case same_site::lax:
        return text += "; SameSite=Lax";
    case same_site::strict:
        return text += "; SameSite=Strict";
    }
    return text;
}

} // namespace simul::http
