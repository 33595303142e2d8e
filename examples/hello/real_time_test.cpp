// SPDX-License-Identifier: MIT
//
// On the real clock: for what virtual time can't show. Three at once take two seconds, and not six.
#include "cases.hpp"

#include <simul/task/gather.hpp>
#include <simul/testing/clock.hpp>
using namespace std::chrono_literals;

SIMUL_TEST_REAL(Hello, ToThreeTakesTwoSeconds)
{
    captured out;
    auto three = simul::gather(say_hello("Robert Paulson"), say_hello("Seven of Nine"), say_hello("x \xc3\x86 a-12"));
    const auto took = co_await simul::testing::elapsed(std::move(three));
    EXPECT_EQ(out.text(), "Sleeping...\nSleeping...\nSleeping...\n"
                          "Hello, Robert Paulson!\nHello, Seven of Nine!\nHello, x \xc3\x86 a-12!\n");
    EXPECT_GE(took, 2s);
    EXPECT_LT(took, 4s);
}
