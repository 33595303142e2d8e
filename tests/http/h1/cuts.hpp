// SPDX-License-Identifier: MIT
#pragma once

#include "transcript.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace simul::http::h1 {

/// What `transcript` gives, for every way to cut the input in two, and byte by byte.
inline void expect_same_when_cut(std::string_view input, const std::string& expected, const reading& how = {})
{
    for (std::size_t at = 1; at < input.size(); ++at) {
        transcriber cut(how);
        cut.arrive(input.substr(0, at));
        cut.arrive(input.substr(at));
        ASSERT_EQ(cut.end(), expected) << "cut at " << at << " of " << input;
    }
    transcriber bytes(how);
    for (const char c : input)
        bytes.arrive({&c, 1});
    ASSERT_EQ(bytes.end(), expected) << "byte by byte: " << input;
    EXPECT_LE(bytes.most_kept(), std::max(how.within.start_line, how.within.field_line) + 2);
}

} // namespace simul::http::h1
