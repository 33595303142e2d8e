// SPDX-License-Identifier: MIT
#include <simul/base/version.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <string>

namespace {

TEST(Version, IsThreeNumbers)
{
    const std::string text(simul::version);
    EXPECT_EQ(std::count(text.begin(), text.end(), '.'), 2);
    std::string expected;
    for (std::size_t at = 0, part = 0; part < 3; ++part) {
        std::size_t length = 0;
        expected += (part == 0 ? "" : ".") + std::to_string(std::stoul(text.substr(at), &length));
        at += length + 1;
    }
    EXPECT_EQ(text, expected); // no sign, no leading zero, nothing after
}

} // namespace
