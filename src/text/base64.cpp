// SPDX-License-Identifier: MIT
#include "base64.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace simul::detail {
namespace {

constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint32_t no_letter = 64;

constexpr auto values = [] {
    std::array<std::uint8_t, 256> made{};
    made.fill(no_letter);
    for (std::size_t i = 0; i < letters.size(); ++i)
        made[static_cast<unsigned char>(letters[i])] = static_cast<std::uint8_t>(i);
    return made;
}();

std::uint32_t byte(std::string_view data, std::size_t at)
{
    return at < data.size() ? static_cast<unsigned char>(data[at]) : 0U;
}

} // namespace

std::string base64(std::string_view data)
{
    std::string text;
    text.reserve((data.size() + 2) / 3 * 4);
    for (std::size_t at = 0; at < data.size(); at += 3) {
        const std::uint32_t three = byte(data, at) << 16 | byte(data, at + 1) << 8 | byte(data, at + 2);
        for (std::size_t i = 0; i < 4; ++i)
            text += at + i > data.size() ? '=' : letters[three >> (18 - 6 * i) & 63];
    }
    return text;
}

std::optional<std::string> from_base64(std::string_view text)
{
    if (text.size() % 4 != 0)
        return std::nullopt;
    const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
    std::string data;
    data.reserve(text.size() / 4 * 3);
    for (std::size_t at = 0; at < text.size(); at += 4) {
        const std::size_t here = at + 4 == text.size() ? 4 - padding : 4;
        std::uint32_t three = 0;
        for (std::size_t i = 0; i < 4; ++i) {
            const std::uint32_t value = i < here ? values[static_cast<unsigned char>(text[at + i])] : 0U;
            if (value == no_letter)
                return std::nullopt;
            three = three << 6 | value;
        }
        for (std::size_t i = 0; i + 1 < here; ++i)
            data += static_cast<char>(three >> (16 - 8 * i));
    }
    return data;
}

} // namespace simul::detail
