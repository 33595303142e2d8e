// SPDX-License-Identifier: MIT
//
// The searches that go over every byte of a head, sixteen bytes at a time where the machine can.
#pragma once

#include "field_syntax.hpp"

#include <bit>
#include <cstddef>
#include <string_view>
#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace simul::http::detail {

#if defined(__SSE2__)
/// `find_others` gives a bit for each of sixteen bytes that isn't in `set`.
template <class FindOthers>
std::size_t find_other_by_sixteen(character_set set, std::string_view text, FindOthers find_others) noexcept
{
    std::size_t at = 0;
    for (; text.size() - at >= 16; at += 16) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + at));
        if (const int others = _mm_movemask_epi8(find_others(bytes)))
            return at + static_cast<std::size_t>(std::countr_zero(static_cast<unsigned>(others)));
    }
    return at + find_other(set, text.substr(at));
}
#endif

/// Where the first byte is that no line of a head holds: a control character other than the tab. The size if there is none.
inline std::size_t find_control(std::string_view text) noexcept
{
#if defined(__SSE2__)
    return find_other_by_sixteen(value_set, text, [](__m128i bytes) {
        const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
        const __m128i tab = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\t'));
        return _mm_or_si128(_mm_andnot_si128(tab, low), _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f)));
    });
#else
    return find_other(value_set, text);
#endif
}

/// Where the first byte is that no request's target holds.
inline std::size_t find_target_end(std::string_view text) noexcept
{
#if defined(__SSE2__)
    return find_other_by_sixteen(target_set, text, [](__m128i bytes) {
        const __m128i outside = _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x21)); // signed: and all that isn't ASCII
        const __m128i number_sign = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('#'));
        return _mm_or_si128(_mm_or_si128(outside, number_sign), _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f)));
    });
#else
    return find_other(target_set, text);
#endif
}

/// Where the first byte is that no token holds.
inline std::size_t find_token_end(std::string_view text) noexcept
{
    std::size_t at = 0;
#if defined(__SSE2__)
    // What names are made of: letters, digits and "-". The table knows the rest.
    const auto up_to = [](__m128i bytes, char first, char count) { // unsigned
        const __m128i from_first = _mm_sub_epi8(bytes, _mm_set1_epi8(first));
        return _mm_cmpeq_epi8(_mm_min_epu8(from_first, _mm_set1_epi8(static_cast<char>(count - 1))), from_first);
    };
    for (; text.size() - at >= 16; at += 16) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + at));
        const __m128i letters = up_to(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), 'a', 26);
        const __m128i hyphens = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('-'));
        const __m128i known = _mm_or_si128(_mm_or_si128(letters, hyphens), up_to(bytes, '0', 10));
        const unsigned others = ~static_cast<unsigned>(_mm_movemask_epi8(known)) & 0xffff;
        if (others != 0) {
            at += static_cast<std::size_t>(std::countr_zero(others));
            break;
        }
    }
#endif
    return at + find_other(token_set, text.substr(at));
}

} // namespace simul::http::detail
