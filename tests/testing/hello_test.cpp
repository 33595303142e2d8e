// SPDX-License-Identifier: MIT
//
// The lesson's tests of say_hello: the same seven, both ways, in no time.
#include <simul/testing/clock.hpp>
#include <simul/testing/gtest.hpp>

#include <simul/run/loop.hpp>
#include <simul/task/this_task.hpp>

#include <cstdio>
#include <stdexcept>
#include <variant>

namespace {

using namespace std::chrono_literals;
using simul::task;

/// A value of a type that is known at run time, as in the lesson.
using value = std::variant<std::string, int, std::vector<int>, std::nullptr_t>;

struct type_error : std::invalid_argument {
    using invalid_argument::invalid_argument;
};
struct value_error : std::invalid_argument {
    using invalid_argument::invalid_argument;
};

task<> say_hello(value name)
{
    const auto* const text = std::get_if<std::string>(&name);
    if (!text)
        throw type_error("\"name\" must be a string");
    if (text->empty())
        throw value_error("\"name\" cannot be empty");
    std::puts("Sleeping...");
    co_await simul::sleep(2s);
    std::printf("Hello, %s!\n", text->c_str());
}

/// What is printed to stdout, for a scope.
struct captured {
    captured() { ::testing::internal::CaptureStdout(); }
    std::string text() { return ::testing::internal::GetCapturedStdout(); }
};

const auto names = ::testing::Values("Robert Paulson", "Seven of Nine", "x \xc3\x86 a-12");

std::string id_of_bad(const ::testing::TestParamInfo<value>& info)
{
    constexpr const char* ids[] = {"empty", "19", "list", "none"};
    return ids[info.index];
}
const auto bad_names = ::testing::Values(value(""), value(19), value(std::vector<int>{1, 2}), value(nullptr));

// ---- as a coroutine

class Hello : public simul::testing::TestWithParam<std::string> {};

SIMUL_TEST_P(Hello, GreetsAfterTwoSeconds)
{
    captured out;
    EXPECT_EQ(co_await simul::testing::elapsed(say_hello(GetParam())), 2s);
    EXPECT_EQ(out.text(), "Sleeping...\nHello, " + GetParam() + "!\n");
}
INSTANTIATE_TEST_SUITE_P(Lesson, Hello, names, simul::testing::readable_ids());

class HelloRefuses : public simul::testing::TestWithParam<value> {};

SIMUL_TEST_P(HelloRefuses, WhatIsNoName)
{
    captured out;
    if (std::holds_alternative<std::string>(GetParam()))
        EXPECT_THROW(co_await say_hello(GetParam()), value_error);
    else
        EXPECT_THROW(co_await say_hello(GetParam()), type_error);
    EXPECT_EQ(out.text(), "");
}
INSTANTIATE_TEST_SUITE_P(Lesson, HelloRefuses, bad_names, id_of_bad);

// ---- with the loop as a fixture

class HelloOnALoop : public simul::testing::loop_test, public ::testing::WithParamInterface<std::string> {};

TEST_P(HelloOnALoop, GreetsAfterTwoSeconds)
{
    captured out;
    const auto before = loop.now();
    loop.run_until_complete(say_hello(GetParam()));
    EXPECT_EQ(loop.now() - before, 2s);
    EXPECT_EQ(out.text(), "Sleeping...\nHello, " + GetParam() + "!\n");
}
INSTANTIATE_TEST_SUITE_P(Lesson, HelloOnALoop, names, simul::testing::readable_ids());

class HelloOnALoopRefuses : public simul::testing::loop_test, public ::testing::WithParamInterface<value> {};

TEST_P(HelloOnALoopRefuses, WhatIsNoName)
{
    if (std::holds_alternative<std::string>(GetParam()))
        EXPECT_THROW(loop.run_until_complete(say_hello(GetParam())), value_error);
    else
        EXPECT_THROW(loop.run_until_complete(say_hello(GetParam())), type_error);
}
INSTANTIATE_TEST_SUITE_P(Lesson, HelloOnALoopRefuses, bad_names, id_of_bad);

} // namespace
