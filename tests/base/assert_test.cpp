// SPDX-License-Identifier: MIT
#include <simul/base/assert.hpp>

#include <gtest/gtest.h>

#include <string>

namespace {

TEST(Assert, IsSilentWhenTheConditionHolds)
{
    int asked = 0;
    const auto holds = [&] { return ++asked == 1; };
    SIMUL_ASSERT(holds());
#ifdef NDEBUG
    EXPECT_EQ(asked, 0); // not even asked
#else
    EXPECT_EQ(asked, 1);
#endif
}

TEST(AssertDeathTest, PrintsTheConditionAndItsPlaceAndAborts)
{
    EXPECT_DEATH(simul::detail::assertion_failed("two + two == five", "sums.cpp", 7),
                 "simul: broken invariant at sums.cpp:7: two \\+ two == five\nThis is a bug in simul");
#ifndef NDEBUG
    const int sum = 4;
    const std::string here = "assert_test.cpp:" + std::to_string(__LINE__ + 1) + ": sum == 5";
    EXPECT_DEATH(SIMUL_ASSERT(sum == 5), here);
#endif
}

} // namespace
