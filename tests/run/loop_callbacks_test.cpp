// SPDX-License-Identifier: MIT
#include "loop_fixture.hpp"

#include <simul/run/loop.hpp>
#include <simul/task/this_task.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using simul::task;
using simul_test::names;
using simul_test::virtual_time;

class LoopCallbacks : public simul_test::loop_on_each_backend {};

INSTANTIATE_TEST_SUITE_P(Backends, LoopCallbacks, testing::ValuesIn(simul::detail::available_backends(true)),
                         simul::detail::name_of_parameter);

// ---- order

TEST_P(LoopCallbacks, RunsWhatWasReadyThenWhatIsDueAndWhatTheyScheduleInTheNextTurn)
{
    names order;
    loop.call_soon([&] {
        order.push_back("a");
        loop.call_soon([&] { order.push_back("a2"); });
        loop.call_later(0s, [&] {
            order.push_back("a-later0");
            loop.stop();
        });
    });
    loop.call_soon([&] { order.push_back("b"); });
    loop.call_later(0s, [&] { order.push_back("later0"); });
    loop.call_soon([&] { order.push_back("c"); });
    loop.run_forever();
    EXPECT_EQ(order, (names{"a", "b", "c", "later0", "a2", "a-later0"}));
}

TEST_P(LoopCallbacks, RunsInOneTurnWhatWasReadyThenDescriptorsThenTimers)
{
    const auto ends = make_pipe();
    write_byte(ends.writing);
    names order;
    loop.watch_readable(ends.reading, [&] {
        order.push_back("descriptor");
        loop.unwatch_readable(ends.reading);
    });
    loop.call_later(0s, [&] { order.push_back("timer"); });
    loop.call_soon([&] { order.push_back("soon"); });
    run_until([&] { return order.size() == 3; });
    EXPECT_EQ(order, (names{"soon", "descriptor", "timer"}));
    io().close_now(ends.reading);
    io().close_now(ends.writing);
}

TEST_P(LoopCallbacks, FiresEqualDeadlinesInTheOrderInWhichTheyWereSet)
{
    std::vector<int> order;
    const auto when = loop.now() + 2ms;
    for (int i = 0; i < 12; ++i)
        loop.call_at(when, [&order, i, this] {
            order.push_back(i);
            if (i == 11)
                loop.stop();
        });
    loop.run_forever();
    std::vector<int> expected(12);
    std::iota(expected.begin(), expected.end(), 0);
    EXPECT_EQ(order, expected);
}

TEST_P(LoopCallbacks, IsNotStarvedByACallbackThatReschedulesItself)
{
    const auto ends = make_pipe();
    bool read = false;
    bool timed = false;
    loop.watch_readable(ends.reading, [&] {
        read = true;
        loop.unwatch_readable(ends.reading);
    });
    loop.call_later(1ms, [&] { timed = true; });
    write_byte(ends.writing);
    int turns = 0;
    const auto begin = simul::clock::now();
    const std::function<void()> again = [&] {
        ++turns;
        if ((read && (timed || is_sim())) || simul::clock::now() - begin > 20s)
            loop.stop();
        else
            loop.call_soon(again);
    };
    loop.call_soon(again);
    loop.run_forever();
    EXPECT_TRUE(read);
    EXPECT_TRUE(timed || is_sim()); // virtual time stands still while something is ready
    EXPECT_GT(turns, 0);
    io().close_now(ends.reading);
    io().close_now(ends.writing);
}

// ---- timers and handles

TEST_P(LoopCallbacks, NeverFiresATimerEarlyAndANegativeDelayAtOnce)
{
    names order;
    const auto begin = loop.now();
    loop.call_later(3ms, [&] {
        EXPECT_GE(loop.now() - begin, 3ms);
        order.push_back("3ms");
        loop.stop();
    });
    loop.call_later(1ms, [&] {
        EXPECT_GE(loop.now() - begin, 1ms);
        order.push_back("1ms");
    });
    loop.call_later(-1h, [&] { order.push_back("negative"); });
    loop.run_forever();
    EXPECT_EQ(order, (names{"negative", "1ms", "3ms"}));
}

TEST(Loop, RefusesDelaysThatAreNotANumberAndNeverEndsInfiniteOnes)
{
    simul::loop loop(virtual_time());
    using seconds = std::chrono::duration<double>;
    EXPECT_THROW(loop.call_later(seconds(std::numeric_limits<double>::quiet_NaN()), [] {}), simul::error);
    bool fired = false;
    auto handle = loop.call_later(seconds(std::numeric_limits<double>::infinity()), [&] { fired = true; });
    loop.call_later(1h, [&] { loop.stop(); });
    loop.run_forever();
    EXPECT_FALSE(fired);
    handle.cancel();
}

TEST_P(LoopCallbacks, DoesNotRunWhatAnEarlierCallbackOfTheSameTurnCancelled)
{
    names order;
    simul::callback_handle second;
    simul::callback_handle timer;
    loop.call_soon([&] {
        order.push_back("first");
        second.cancel();
        timer.cancel();
    });
    second = loop.call_soon([&] { order.push_back("second"); });
    timer = loop.call_later(0s, [&] { order.push_back("timer"); });
    loop.call_soon([&] { order.push_back("third"); });
    loop.run_once();
    loop.call_soon([] {});
    loop.run_once();
    EXPECT_EQ(order, (names{"first", "third"}));
    EXPECT_TRUE(second.cancelled());
    EXPECT_TRUE(timer.cancelled());
    second.cancel();
    EXPECT_TRUE(second.cancelled());
}

TEST(Loop, DropsAHandleWithoutCancellingItsCallback)
{
    simul::loop loop(virtual_time());
    bool ran = false;
    {
        simul::callback_handle dropped = loop.call_soon([&] { ran = true; });
        simul::callback_handle moved(std::move(dropped));
        dropped.cancel(); // has nothing any more
        EXPECT_FALSE(moved.cancelled());
    }
    loop.run_once();
    EXPECT_TRUE(ran);
}

TEST(Loop, KeepsNothingOfAMillionCancelledTimers)
{
    simul::loop loop(virtual_time());
    const auto alive = std::make_shared<int>(0);
    for (int i = 0; i < 1'000'000; ++i)
        loop.call_later(1h, [alive] {}).cancel();
    EXPECT_EQ(alive.use_count(), 1);
    EXPECT_TRUE(loop.internals().timers.empty());
}

TEST(Loop, CancelsAHundredThousandTimersInAnyOrder)
{
    simul::loop loop(virtual_time());
    constexpr int count = 100'000;
    std::vector<simul::callback_handle> handles;
    int fired = 0;
    for (int i = 0; i < count; ++i)
        handles.push_back(loop.call_later(std::chrono::milliseconds((i * 7919) % 1000 + 1), [&] { ++fired; }));
    for (int i = 0; i < count; ++i)
        if (const int which = static_cast<int>((i * 7919LL) % count); which % 100 != 0)
            handles[which].cancel();
    loop.call_later(2s, [&] { loop.stop(); });
    loop.run_forever();
    EXPECT_EQ(fired, count / 100);
    EXPECT_TRUE(loop.internals().timers.empty());
}

// ---- errors

TEST(Loop, ReportsACallbackThatThrowsAndRunsTheNext)
{
    simul::loop loop(virtual_time());
    names seen;
    loop.set_error_handler([&](const simul::problem& p) {
        seen.push_back(p.message);
        seen.push_back(simul::describe(p.error));
    });
    loop.call_soon([] { throw std::runtime_error("division by zero"); });
    loop.call_soon([&] { seen.push_back("next"); });
    loop.call_later(0s, [] { throw 7; });
    loop.run_once();
    EXPECT_EQ(seen,
              (names{"a callback failed", "std::runtime_error: division by zero", "next", "a callback failed", "int"}));
}

TEST(Loop, SurvivesAnErrorHandlerThatThrows)
{
    simul::loop loop(virtual_time());
    int asked = 0;
    loop.set_error_handler([&](const simul::problem&) {
        ++asked;
        throw std::logic_error("the handler is broken too");
    });
    bool next = false;
    loop.call_soon([] { throw std::runtime_error("first"); });
    loop.call_soon([&] { next = true; });
    testing::internal::CaptureStderr();
    loop.run_once();
    const std::string printed = testing::internal::GetCapturedStderr();
    EXPECT_EQ(asked, 1);
    EXPECT_TRUE(next);
    EXPECT_NE(printed.find("the error handler failed: std::logic_error: the handler is broken too"), std::string::npos);
    EXPECT_NE(printed.find("a callback failed"), std::string::npos);
    EXPECT_NE(printed.find("std::runtime_error: first"), std::string::npos);
}

TEST(Loop, PrintsProblemsWhenNobodyHandlesThem)
{
    simul::loop loop(virtual_time());
    loop.call_soon([] { throw std::runtime_error("printed"); });
    testing::internal::CaptureStderr();
    loop.run_once();
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "simul: a callback failed\n  error: std::runtime_error: printed\n");
}

TEST(Loop, HasNoTaskInCallbacks)
{
    simul::loop loop(virtual_time());
    bool refused = false;
    auto flight = loop.launch([]() -> task<> { co_await simul::sleep(1s); }());
    loop.run_once();
    loop.call_soon([&] {
        try {
            static_cast<void>(simul::this_task::cancelling());
        } catch (const simul::invalid_state&) {
            refused = true;
        }
    });
    loop.run_once();
    EXPECT_TRUE(refused);
    loop.run_until_complete(std::move(flight));
}

} // namespace
