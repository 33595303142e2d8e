// SPDX-License-Identifier: MIT
//
// Tests that are coroutines. Each has a loop of its own and virtual time: two seconds are exact, and take none.
#include "cases.hpp"

#include <simul/testing/clock.hpp>
using namespace std::chrono_literals;

class Hello : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Name, Hello, names, simul::testing::readable_ids());

SIMUL_TEST_P(Hello, IsSaidAfterTwoSeconds)
{
    captured out;
    EXPECT_EQ(co_await simul::testing::elapsed(say_hello(GetParam())), 2s);
    EXPECT_EQ(out.text(), "Sleeping...\nHello, " + GetParam() + "!\n");
}

class HelloTo : public testing::TestWithParam<value> {};
class HelloToNo : public HelloTo {};
INSTANTIATE_TEST_SUITE_P(Name, HelloTo, empty_names, id_of);
INSTANTIATE_TEST_SUITE_P(Name, HelloToNo, no_names, id_of);

SIMUL_TEST_P(HelloTo, NobodyIsRefused)
{
    captured out;
    EXPECT_THROW(co_await say_hello(GetParam()), value_error);
    EXPECT_EQ(out.text(), "");
}

SIMUL_TEST_P(HelloToNo, StringIsRefused)
{
    captured out;
    EXPECT_THROW(co_await say_hello(GetParam()), type_error);
    EXPECT_EQ(out.text(), "");
}
