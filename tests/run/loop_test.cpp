// SPDX-License-Identifier: MIT
#include "loop_fixture.hpp"

#include <simul/run/loop.hpp>
#include <simul/task/this_task.hpp>

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using simul::task;
using simul_test::names;
using simul_test::virtual_time;

class LoopOnEachBackend : public simul_test::loop_on_each_backend {};

INSTANTIATE_TEST_SUITE_P(Backends, LoopOnEachBackend, testing::ValuesIn(simul::detail::available_backends(true)),
                         simul::detail::name_of_parameter);

// ---- stopping

TEST_P(LoopOnEachBackend, StopsAfterTheTurnAndKeepsWhatTheTurnScheduled)
{
    names order;
    loop.call_soon([&] {
        order.push_back("1");
        loop.stop();
        loop.call_soon([&] { order.push_back("next-turn"); });
    });
    loop.call_soon([&] { order.push_back("2"); });
    loop.call_soon([&] { order.push_back("3"); });
    loop.run_forever();
    EXPECT_EQ(order, (names{"1", "2", "3"}));
    loop.stop();
    loop.run_forever();
    EXPECT_EQ(order, (names{"1", "2", "3", "next-turn"}));
}

TEST_P(LoopOnEachBackend, RunsExactlyOneTurnWhenItWasStoppedBefore)
{
    int turns = 0;
    loop.stop();
    loop.call_soon([&] {
        ++turns;
        loop.call_soon([&] { ++turns; });
    });
    loop.run_forever();
    EXPECT_EQ(turns, 1);
}

TEST_P(LoopOnEachBackend, LeavesATurnInTheMiddleAndKeepsTheRest)
{
    names order;
    loop.call_soon([&] {
        order.push_back("1");
        loop.leave();
        loop.call_soon([&] { order.push_back("later"); });
    });
    loop.call_soon([&] { order.push_back("2"); });
    loop.run_forever();
    EXPECT_EQ(order, (names{"1"}));
    loop.run_once();
    EXPECT_EQ(order, (names{"1", "2"}));
    loop.run_once();
    EXPECT_EQ(order, (names{"1", "2", "later"}));
}

TEST_P(LoopOnEachBackend, GoesOnWithTheRestOfATurnItLeftEvenWhenNothingElseIsReady)
{
    bool rest = false;
    loop.call_soon([&] { loop.leave(); });
    loop.call_soon([&] {
        rest = true;
        loop.stop();
    });
    loop.run_forever();
    EXPECT_FALSE(rest);
    auto rescue = loop.call_later(2s, [&] { ADD_FAILURE() << "slept"; }); // else a failure would be a hang
    loop.run_forever();
    EXPECT_TRUE(rest);
}

TEST_P(LoopOnEachBackend, IsStoppedByAnotherThreadWhileItSleeps)
{
    simul::detail::backend& waits = io();
    waits.expect_outside(1);
    std::thread stopper([&] {
        std::this_thread::sleep_for(5ms);
        loop.stop_threadsafe();
    });
    loop.run_forever();
    stopper.join();
    waits.expect_outside(-1);
}

// ---- running

TEST_P(LoopOnEachBackend, RunsATaskToItsEndAndCanDoSoAgain)
{
    const auto twice = [](int n) -> task<int> {
        co_await simul::yield();
        co_return 2 * n;
    };
    EXPECT_EQ(loop.run_until_complete(twice(4)), 8);
    EXPECT_EQ(loop.run_until_complete(twice(5)), 10);
    EXPECT_THROW(loop.run_until_complete([]() -> task<> {
        throw std::runtime_error("x");
        co_return;
    }()),
                 std::runtime_error);
    EXPECT_TRUE(loop.is_idle());
}

TEST_P(LoopOnEachBackend, SaysThatItWasStoppedBeforeItsTaskWasDone)
{
    loop.call_soon([&] { loop.stop(); });
    auto endless = loop.launch([]() -> task<> { co_await simul::sleep(1h); }());
    try {
        loop.run_until_done(endless.shared_state());
        ADD_FAILURE() << "ended";
    } catch (const simul::invalid_state& e) {
        EXPECT_STREQ(e.what(), "the loop was stopped before the task it ran was done");
    }
    endless.cancel();
    EXPECT_THROW(loop.run_until_complete(std::move(endless)), simul::cancelled);
}

TEST_P(LoopOnEachBackend, RefusesToRunInsideItselfOrAnotherLoop)
{
    int refusals = 0;
    simul::loop other(options());
    loop.call_soon([&] {
        for (simul::loop* const each : {&loop, &other})
            try {
                each->run_once();
            } catch (const simul::invalid_state&) {
                ++refusals;
            }
        EXPECT_THROW(loop.close(), simul::invalid_state);
        EXPECT_TRUE(loop.is_running());
        EXPECT_FALSE(other.is_running());
        EXPECT_EQ(&simul::loop::current(), &loop);
    });
    loop.run_once();
    EXPECT_EQ(refusals, 2);
    EXPECT_FALSE(loop.is_running());
    EXPECT_THROW(simul::loop::current(), simul::invalid_state);
    loop.call_soon([] {});
    loop.run_once();
}

TEST_P(LoopOnEachBackend, NamesItsBackend)
{
    EXPECT_EQ(loop.backend_name(), simul::detail::make_backend(GetParam())->name());
}

// ---- other threads

TEST_P(LoopOnEachBackend, IsWokenByOtherThreadsAndRunsAllThatTheySendInTheirOrder)
{
    constexpr int threads = 4;
    constexpr int each_sends = 2000;
    std::vector<int> last(threads, -1);
    int received = 0;
    bool in_order = true;
    loop.expect_outside(threads);
    std::vector<std::thread> senders;
    for (int who = 0; who < threads; ++who)
        senders.emplace_back([&, who] {
            for (int n = 0; n < each_sends; ++n) {
                loop.call_soon_threadsafe([&, who, n] {
                    in_order = in_order && last[who] == n - 1;
                    last[who] = n;
                    if (++received == threads * each_sends)
                        loop.stop();
                });
                if (n % 256 == 0)
                    std::this_thread::sleep_for(100us); // the loop falls asleep
            }
        });
    loop.run_forever();
    for (std::thread& sender : senders)
        sender.join();
    loop.expect_outside(-threads);
    EXPECT_EQ(received, threads * each_sends);
    EXPECT_TRUE(in_order);
}

TEST_P(LoopOnEachBackend, RefusesCallSoonFromAnotherThreadWhileItRuns)
{
    loop.call_soon([&] {
        std::thread([&] {
            for (const bool later : {false, true})
                try {
                    if (later)
                        loop.call_later(1s, [] {});
                    else
                        loop.call_soon([] {});
                    ADD_FAILURE() << "accepted";
                } catch (const simul::invalid_state& e) {
                    EXPECT_NE(std::string(e.what()).find("use call_soon_threadsafe"), std::string::npos);
                }
        }).join();
    });
    loop.run_once();
}

// ---- hooks

TEST_P(LoopOnEachBackend, TellsBeforeAndAfterEachWait)
{
    names order;
    loop.before_wait([&] { order.push_back("before"); });
    loop.after_wait([&] { order.push_back("after"); });
    loop.call_later(1ms, [&] {
        order.push_back("timer");
        loop.stop();
    });
    loop.run_forever();
    ASSERT_GE(order.size(), 3u);
    EXPECT_EQ(order[0], "before");
    EXPECT_EQ(order[1], "after");
    EXPECT_EQ(order.back(), "timer");
}

TEST(Loop, LetsAHandlerAndAHookReplaceThemselves)
{
    simul::loop loop(virtual_time());
    names seen;
    const std::string kept = "a capture too long for the small buffer";
    loop.set_error_handler([&, kept](const simul::problem&) {
        loop.set_error_handler([&](const simul::problem&) { seen.push_back("second handler"); });
        seen.push_back(kept);
    });
    loop.before_wait([&, kept] {
        loop.before_wait([&] { seen.push_back("second hook"); });
        seen.push_back(kept);
    });
    for (int i = 0; i < 2; ++i) {
        loop.call_soon([] { throw 1; });
        loop.run_once();
    }
    EXPECT_EQ(seen, (names{kept, kept, "second hook", "second handler"}));
}

} // namespace
