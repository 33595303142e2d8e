// SPDX-License-Identifier: MIT
#include "utf8.hpp"

#include <simul/text/json_writer.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace simul::json::detail {

using simul::detail::utf8_length;

namespace {

[[noreturn]] void refuse(std::string what)
{
    throw error("to JSON: " + std::move(what), 0, 0, {});
}

constexpr bool stands_for_itself(char c)
{
    return static_cast<signed char>(c) >= 0x20 && c != '"' && c != '\\';
}

/// Copies what needs no escape and is ASCII, up to 15 bytes too far; returns how much it was.
std::size_t copy_plain(const char* from, std::size_t size, char* to)
{
    std::size_t at = 0;
#if defined(__SSE2__)
    // Less than a space, as signed bytes: control characters, and all that isn't ASCII.
    const auto find_others = [](__m128i bytes) {
        const __m128i low = _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20));
        const __m128i quotes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
        const __m128i backslashes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
        return static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(low, _mm_or_si128(quotes, backslashes))));
    };
    for (; size - at >= 16; at += 16) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + at));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to + at), bytes);
        if (const unsigned others = find_others(bytes))
            return at + static_cast<std::size_t>(std::countr_zero(others));
    }
    if (size - at >= 8) {
        const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from + at));
        _mm_storel_epi64(reinterpret_cast<__m128i*>(to + at), bytes);
        if (const unsigned others = find_others(bytes) & 0xff)
            return at + static_cast<std::size_t>(std::countr_zero(others));
        at += 8;
    }
#endif
    for (; at < size && stands_for_itself(from[at]); ++at)
        to[at] = from[at];
    return at;
}

/// Returns the end.
char* escape(char c, char* to)
{
    constexpr std::string_view short_ones = "\"\"\\\\\bb\ff\nn\rr\tt"; // what, and its letter
    *to++ = '\\';
    for (std::size_t i = 0; i < short_ones.size(); i += 2) {
        if (short_ones[i] == c) {
            *to++ = short_ones[i + 1];
            return to;
        }
    }
    constexpr char digits[] = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    for (const char each : {'u', '0', '0', digits[byte >> 4], digits[byte & 15]})
        *to++ = each;
    return to;
}

} // namespace

void writer::grow(std::size_t size)
{
    out_.resize(std::max({2 * out_.size(), at_ + size, std::size_t{256}}));
}

void writer::new_line()
{
    const std::size_t spaces = std::size_t{depth_} * indent_;
    char* const to = room(spaces + 1);
    *to = '\n';
    std::fill_n(to + 1, spaces, ' ');
    at_ += spaces + 1;
}

void writer::begin(char bracket)
{
    if (++depth_ > deepest)
        refuse("it is nested more than 1024 deep");
    put(bracket);
    first_ = true;
}

void writer::end(char bracket)
{
    --depth_;
    if (!first_ && indent_ > 0)
        new_line();
    put(bracket);
    first_ = false;
}

void writer::text(std::string_view text)
{
    constexpr std::size_t longest_escape = 6;
    // So that a plain rest always fits, with what copy_plain writes too far.
    const auto room_for = [&](std::size_t rest) { return room(rest + longest_escape + 16); };
    char* to = room_for(text.size());
    *to++ = '"';
    while (!text.empty()) {
        const std::size_t plain = copy_plain(text.data(), text.size(), to);
        to += plain;
        text.remove_prefix(plain);
        if (text.empty())
            break;
        if (static_cast<unsigned char>(text[0]) < 0x80) {
            to = escape(text[0], to);
            text.remove_prefix(1);
            at_ = static_cast<std::size_t>(to - out_.data());
            to = room_for(text.size());
            continue;
        }
        while (!text.empty() && static_cast<unsigned char>(text[0]) >= 0x80) {
            const std::size_t length = utf8_length(text);
            if (length == 0)
                refuse("a string is no UTF-8");
            to = std::copy_n(text.data(), length, to);
            text.remove_prefix(length);
        }
    }
    *to++ = '"';
    at_ = static_cast<std::size_t>(to - out_.data());
}

template <class T> void writer::shortest(T number)
{
    if (!std::isfinite(number))
        refuse("a number is not finite");
    char* const begin = room(40);
    char* end = std::to_chars(begin, begin + 40, number).ptr;
    // So that it is read as what it was.
    if (std::none_of(begin, end, [](char c) { return c == '.' || c == 'e'; })) {
        *end++ = '.';
        *end++ = '0';
    }
    at_ += static_cast<std::size_t>(end - begin);
}

void writer::real(double number)
{
    shortest(number);
}

void writer::real(float number)
{
    shortest(number);
}

void writer::any(const value& value)
{
    switch (value.kind()) {
    case kind::null:
        return put(std::string_view("null"));
    case kind::boolean:
        return write(*this, *std::get_if<bool>(&value.held_));
    case kind::integer:
        return integer(*std::get_if<std::int64_t>(&value.held_));
    case kind::unsigned_integer:
        return integer(*std::get_if<std::uint64_t>(&value.held_));
    case kind::real:
        return real(*std::get_if<double>(&value.held_));
    case kind::string:
        return text(*std::get_if<std::string>(&value.held_));
    case kind::array:
        return write(*this, *std::get_if<array>(&value.held_));
    case kind::object:
        return write(*this, *std::get_if<object>(&value.held_));
    }
}

} // namespace simul::json::detail
