// SPDX-License-Identifier: MIT
//
// Plain tests with a loop for a fixture: they say when it runs. In virtual time, too, as `simul::testing::loop_test` makes it.
#include "cases.hpp"
using namespace std::chrono_literals;

template <class Case> struct on_a_loop : simul::testing::loop_test, testing::WithParamInterface<Case> {};

class Hello : public on_a_loop<std::string> {};
INSTANTIATE_TEST_SUITE_P(Name, Hello, names, simul::testing::readable_ids());

TEST_P(Hello, IsSaidAfterTwoSeconds)
{
    captured out;
    const auto before = loop.now();
    loop.run_until_complete(say_hello(GetParam()));
    EXPECT_EQ(loop.now() - before, 2s);
    EXPECT_EQ(out.text(), "Sleeping...\nHello, " + GetParam() + "!\n");
}

class HelloTo : public on_a_loop<value> {};
class HelloToNo : public HelloTo {};
INSTANTIATE_TEST_SUITE_P(Name, HelloTo, empty_names, id_of);
INSTANTIATE_TEST_SUITE_P(Name, HelloToNo, no_names, id_of);

TEST_P(HelloTo, NobodyIsRefused)
{
    EXPECT_THROW(loop.run_until_complete(say_hello(GetParam())), value_error);
}
TEST_P(HelloToNo, StringIsRefused)
{
    EXPECT_THROW(loop.run_until_complete(say_hello(GetParam())), type_error);
}
