// SPDX-License-Identifier: MIT
//
// What stands behind a value: `; charset=utf-8; title="a \"quoted\" one"`.
#pragma once

#include "field_syntax.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace simul::http::detail {

/// What a backslash between quotes does.
enum class backslash : std::uint8_t {
    escapes,           ///< whatever follows (RFC 9110, 5.6.4)
    escapes_two_kinds, ///< quotes and backslashes: names of files have others
};

/// Takes all that is before `end`, or all, off `rest`.
constexpr std::string_view take_until(std::string_view& rest, std::string_view end) noexcept
{
    const std::string_view taken = rest.substr(0, rest.find_first_of(end));
    rest.remove_prefix(taken.size());
    return taken;
}

/// Takes a quoted string off `rest`, which begins with its quote. One that never ends goes on to the end.
inline std::string take_quoted(std::string_view& rest, backslash does)
{
    std::string text;
    std::size_t at = 1;
    for (; at < rest.size() && rest[at] != '"'; ++at) {
        const bool more = at + 1 < rest.size();
        if (rest[at] == '\\' && more && (does == backslash::escapes || rest[at + 1] == '"' || rest[at + 1] == '\\'))
            ++at;
        text += rest[at];
    }
    rest.remove_prefix(at < rest.size() ? at + 1 : rest.size());
    return text;
}

/// Calls `visit(name, value)` for each of `text`, which begins where the value ends. What is none is passed over.
template <class Visit> void for_each_parameter(std::string_view text, backslash does, Visit visit)
{
    for (;;) {
        take_until(text, ";");
        if (text.empty())
            return;
        text.remove_prefix(1);
        const std::string_view name = trimmed(take_until(text, ";="));
        if (!text.starts_with('='))
            continue;
        text.remove_prefix(1);
        std::string value;
        if (text.starts_with('"'))
            value = take_quoted(text, does);
        else if (value = trimmed(take_until(text, ";")); value.empty())
            continue;
        if (is_token(name))
            visit(name, std::move(value));
    }
}

/// As a token where it is one, else between quotes.
inline void append_token_or_quoted(std::string& to, std::string_view value)
{
    if (is_token(value)) {
        to += value;
        return;
    }
    to += '"';
    for (const char c : value) {
        if (c == '"' || c == '\\')
            to += '\\';
        to += c;
    }
    to += '"';
}

} // namespace simul::http::detail
