// SPDX-License-Identifier: MIT
//
// Which characters the parts of a URL can't hold as they are: the percent-encode sets of the URL Standard.
#pragma once

#include "ascii.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace simul::detail {

enum encode_set : std::uint8_t {
    control_set = 1, // in hosts and opaque paths
    fragment_set = 2,
    query_set = 4,
    special_query_set = 8,
    path_set = 16,
    userinfo_set = 32,
    unreserved_complement = 64, // all but RFC 3986's unreserved characters
    form_set = 128,
};

inline constexpr std::array<std::uint8_t, 256> encode_sets = [] {
    std::array<std::uint8_t, 256> sets{};
    const auto add = [&](std::string_view characters, int to) {
        for (const char c : characters)
            sets[static_cast<unsigned char>(c)] |= static_cast<std::uint8_t>(to);
    };
    for (int c = 0; c < 256; ++c) {
        const char character = static_cast<char>(c);
        const bool alphanumeric = c < 128 && (is_alpha(character) || is_digit(character));
        if (c < 0x20 || c > 0x7e)
            sets[c] = 0xff;
        else if (!alphanumeric)
            sets[c] = unreserved_complement | form_set;
    }
    for (const char c : {'-', '.', '_', '~'})
        sets[static_cast<unsigned char>(c)] &= static_cast<std::uint8_t>(~unreserved_complement);
    for (const char c : {'*', '-', '.', '_'})
        sets[static_cast<unsigned char>(c)] &= static_cast<std::uint8_t>(~form_set);
    add(" \"<>", fragment_set | query_set | special_query_set | path_set | userinfo_set);
    add("`", fragment_set | path_set | userinfo_set);
    add("#", query_set | special_query_set | path_set | userinfo_set);
    add("'", special_query_set);
    add("?^{}", path_set | userinfo_set);
    add("/:;=@[\\]|", userinfo_set);
    return sets;
}();

inline void append_percent_encoded(std::string& to, char c)
{
    constexpr char digits[] = "0123456789ABCDEF";
    const auto byte = static_cast<unsigned char>(c);
    to += '%';
    to += digits[byte >> 4];
    to += digits[byte & 15];
}
inline void append_encoded(std::string& to, std::string_view text, encode_set set)
{
    for (const char c : text) {
        if ((encode_sets[static_cast<unsigned char>(c)] & set) != 0)
            append_percent_encoded(to, c);
        else
            to += c;
    }
}

} // namespace simul::detail
