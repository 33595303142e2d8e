// SPDX-License-Identifier: MIT
//
// UTF-8, as strict as it is defined: no surrogates, nothing longer than it has to be.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace simul::detail {

/// The length of the character at the beginning of `text`, which isn't empty; 0 when it is none.
constexpr std::size_t utf8_length(std::string_view text) noexcept
{
    const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
    const auto continues = [&](std::size_t i) { return (byte(i) & 0xc0) == 0x80; };
    const unsigned first = byte(0);
    if (first < 0x80)
        return 1;
    if (first < 0xc2)
        return 0;
    if (first < 0xe0)
        return continues(1) ? 2 : 0;
    if (first < 0xf0) {
        if (!continues(1) || !continues(2) || (first == 0xe0 && byte(1) < 0xa0) || (first == 0xed && byte(1) >= 0xa0))
            return 0;
        return 3;
    }
    if (first > 0xf4 || !continues(1) || !continues(2) || !continues(3) || (first == 0xf0 && byte(1) < 0x90) ||
        (first == 0xf4 && byte(1) >= 0x90))
        return 0;
    return 4;
}

/// How much of `text`, which begins with no character, is one mistake: as much as could have begun one, as browsers have it.
constexpr std::size_t invalid_utf8_length(std::string_view text) noexcept
{
    const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
    const unsigned first = byte(0), second = byte(1);
    const std::size_t wanted = first < 0xc2 || first > 0xf4 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    const unsigned lowest = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    const unsigned highest = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (wanted == 1 || second < lowest || second > highest)
        return 1;
    std::size_t length = 2;
    while (length < wanted && (byte(length) & 0xc0) == 0x80)
        ++length;
    return length;
}

/// How many bytes at the beginning are ASCII, looked at eight at a time: up to seven may be missed.
inline std::size_t ascii_prefix(std::string_view text) noexcept
{
    std::size_t at = 0;
    for (std::uint64_t word; at + sizeof word <= text.size(); at += sizeof word) {
        std::memcpy(&word, text.data() + at, sizeof word);
        if ((word & 0x8080808080808080) != 0)
            break;
    }
    return at;
}

/// Where `text` stops being UTF-8; npos when it doesn't.
inline std::size_t find_invalid_utf8(std::string_view text) noexcept
{
    for (std::size_t at = 0; at < text.size();) {
        if (const std::size_t ascii = ascii_prefix(text.substr(at)); ascii > 0) {
            at += ascii;
            continue;
        }
        const std::size_t length = utf8_length(text.substr(at));
        if (length == 0)
            return at;
        at += length;
    }
    return std::string_view::npos;
}

inline void append_utf8(std::string& to, std::uint32_t character)
{
    const auto put = [&](std::uint32_t byte) { to += static_cast<char>(byte); };
    if (character < 0x80) {
        put(character);
    } else if (character < 0x800) {
        put(0xc0 | character >> 6);
        put(0x80 | (character & 0x3f));
    } else if (character < 0x10000) {
        put(0xe0 | character >> 12);
        put(0x80 | (character >> 6 & 0x3f));
        put(0x80 | (character & 0x3f));
    } else {
        put(0xf0 | character >> 18);
        put(0x80 | (character >> 12 & 0x3f));
        put(0x80 | (character >> 6 & 0x3f));
        put(0x80 | (character & 0x3f));
    }
}

} // namespace simul::detail
