// SPDX-License-Identifier: MIT
//
// What the parts of a message may hold (RFC 9110, 5.6).
#pragma once

#include "text/ascii.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace simul::http::detail {

using simul::detail::hex_value;
using simul::detail::is_alpha;
using simul::detail::is_digit;
using simul::detail::lower;

enum character_set : std::uint8_t {
    token_set = 1,
    host_set = 2,   // of a name or an IPv4 address
    value_set = 4,  // all but control characters; of those, the tab
    target_set = 8, // what is visible and ASCII, but for "#": browsers send more than RFC 3986 has
};

inline constexpr std::array<std::uint8_t, 256> character_sets = [] {
    std::array<std::uint8_t, 256> sets{};
    for (unsigned c = 0; c < 256; ++c) {
        const bool alphanumeric = is_alpha(static_cast<char>(c)) || is_digit(static_cast<char>(c));
        unsigned in = alphanumeric ? token_set | host_set : 0u;
        if ((c >= 0x20 && c != 0x7f) || c == '\t')
            in |= value_set;
        if (c > 0x20 && c < 0x7f && c != '#')
            in |= target_set;
        sets[c] = static_cast<std::uint8_t>(in);
    }
    for (const char c : std::string_view("!#$%&'*+-.^_`|~"))
        sets[static_cast<unsigned char>(c)] |= token_set;
    for (const char c : std::string_view("-._~"))
        sets[static_cast<unsigned char>(c)] |= host_set;
    return sets;
}();

constexpr bool is_in(character_set set, char c) noexcept
{
    return (character_sets[static_cast<unsigned char>(c)] & set) != 0;
}
constexpr std::size_t find_other(character_set set, std::string_view text) noexcept
{
    std::size_t at = 0;
    while (at < text.size() && is_in(set, text[at]))
        ++at;
    return at;
}
constexpr bool is_token(std::string_view text) noexcept
{
    return !text.empty() && find_other(token_set, text) == text.size();
}
constexpr bool is_blank(char c) noexcept
{
    return c == ' ' || c == '\t';
}

inline std::string lower(std::string_view text)
{
    std::string small(text);
    for (char& c : small)
        c = lower(c);
    return small;
}
constexpr bool same_ignoring_case(std::string_view a, std::string_view b) noexcept
{
    if (a.size() != b.size())
        return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (a[i] != b[i] && lower(a[i]) != lower(b[i]))
            return false;
    }
    return true;
}

/// Without spaces and tabs around it.
constexpr std::string_view trimmed(std::string_view text) noexcept
{
    while (!text.empty() && is_blank(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back()))
        text.remove_suffix(1);
    return text;
}

/// Calls `visit` with each member of "a, b,, c"; empty ones are none.
template <class Visit> constexpr void for_each_member(std::string_view list, Visit visit)
{
    while (!list.empty()) {
        const std::size_t comma = list.find(',');
        const std::string_view member = trimmed(list.substr(0, comma));
        if (!member.empty())
            visit(member);
        list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    }
}

/// Fields of one name are one list (RFC 9110, 5.3).
inline std::string joined(const std::vector<std::string_view>& values)
{
    std::string list;
    for (const std::string_view each : values)
        list.append(list.empty() ? "" : ", ").append(each);
    return list;
}

} // namespace simul::http::detail
