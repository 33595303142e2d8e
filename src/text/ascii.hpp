// SPDX-License-Identifier: MIT
//
// What a character of ASCII is, whatever the locale.
#pragma once

namespace simul::detail {

constexpr bool is_digit(char c) noexcept
{
    return c >= '0' && c <= '9';
}
constexpr bool is_alpha(char c) noexcept
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

constexpr char lower(char c) noexcept
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

/// 0 to 15, or -1.
constexpr int hex_value(char c) noexcept
{
    if (is_digit(c))
        return c - '0';
    const int letter = lower(c) - 'a';
    return letter >= 0 && letter < 6 ? letter + 10 : -1;
}

} // namespace simul::detail
