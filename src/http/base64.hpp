// SPDX-License-Identifier: MIT
//
// Base 64, as in Authorization: with "+", "/" and padding.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace simul::http::detail {

inline std::string base64(std::string_view data)
{
    constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    text.reserve((data.size() + 2) / 3 * 4);
    for (std::size_t at = 0; at < data.size(); at += 3) {
        std::uint32_t three = 0; // bytes; those beyond the end are 0
        for (std::size_t i = at; i < at + 3; ++i)
            three = three << 8 | (i < data.size() ? static_cast<unsigned char>(data[i]) : 0U);
        for (std::size_t i = 0; i < 4; ++i)
            text += at + i > data.size() ? '=' : letters[three >> (18 - 6 * i) & 63];
    }
    return text;
}

} // namespace simul::http::detail
