// SPDX-License-Identifier: MIT
#include <simul/testing/print.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using simul::testing::readable;

TEST(Readable, SaysDurationsInTheirUnit)
{
    EXPECT_EQ(readable(1500ms), "1.5 s");
    EXPECT_EQ(readable(20ms), "20 ms");
    EXPECT_EQ(readable(-7us), "-7 us");
    EXPECT_EQ(readable(0ns), "0 ns");
    EXPECT_EQ(readable(999ns), "999 ns");
    EXPECT_EQ(readable(1000ns), "1 us");
    EXPECT_EQ(readable(1h), "3600 s");
}

TEST(Readable, LosesNothing)
{
    EXPECT_EQ(readable(1s + 1ns), "1.000000001 s");
    EXPECT_EQ(readable(999999999ns), "999.999999 ms");
    EXPECT_EQ(readable(simul::duration::max()), "9223372036.854775807 s");
    EXPECT_EQ(readable(simul::duration::min()), "-9223372036.854775808 s");
}

TEST(Durations, AreReadableInMessagesWhateverTheirUnit)
{
    EXPECT_EQ(testing::PrintToString(2s), "2 s");
    EXPECT_EQ(testing::PrintToString(std::chrono::minutes(2)), "120 s");
    EXPECT_EQ(testing::PrintToString(std::chrono::duration<double>(0.25)), "250 ms");
    EXPECT_EQ(testing::PrintToString(std::vector{1ms, 2ms}), "{ 1 ms, 2 ms }");
    EXPECT_EQ(testing::PrintToString(std::chrono::duration<double>(std::numeric_limits<double>::infinity())),
              "9223372036.854775807 s");
}

} // namespace
