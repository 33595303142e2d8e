// SPDX-License-Identifier: MIT
#include "loop_fixture.hpp"

#include <simul/run/loop.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/this_task.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <memory>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

using namespace std::chrono_literals;
using simul::task;
using simul_test::names;
using simul_test::virtual_time;

class LoopClosing : public simul_test::loop_on_each_backend {};

INSTANTIATE_TEST_SUITE_P(Backends, LoopClosing, testing::ValuesIn(simul::detail::available_backends(true)),
                         simul::detail::name_of_parameter);

TEST_P(LoopClosing, RefusesEverythingOnceClosed)
{
    bool ran = false;
    loop.call_soon([&] { ran = true; });
    loop.call_later(0s, [&] { ran = true; });
    loop.close();
    EXPECT_TRUE(loop.is_closed());
    loop.close();
    EXPECT_THROW(loop.call_soon([] {}), simul::closed_error);
    EXPECT_THROW(loop.call_later(1s, [] {}), simul::closed_error);
    EXPECT_THROW(loop.call_soon_threadsafe([] {}), simul::closed_error);
    EXPECT_THROW(loop.watch_readable(0, [] {}), simul::closed_error);
    EXPECT_THROW(loop.on_signal(SIGUSR2, [] {}), simul::closed_error);
    EXPECT_THROW(loop.run_once(), simul::closed_error);
    EXPECT_THROW(loop.run_until_complete([]() -> task<> { co_return; }()), simul::closed_error);
    std::thread([&] { EXPECT_THROW(loop.call_soon_threadsafe([] {}), simul::closed_error); }).join();
    EXPECT_FALSE(ran);
}

TEST_P(LoopClosing, ForgetsItsWatchesAndTimersWhenClosed)
{
    const auto ends = make_pipe();
    const auto alive = std::make_shared<int>(0);
    loop.watch_readable(ends.reading, [alive] {});
    loop.call_later(1h, [alive] {});
    loop.call_soon([alive] {});
    loop.before_wait([alive] {});
    auto held = loop.call_later(2h, [alive] {});
    loop.close();
    EXPECT_EQ(alive.use_count(), 2); // ours, and the one of the handle we hold
    held.cancel();
    held = {};
    EXPECT_EQ(alive.use_count(), 1);
    if (!is_sim()) {
        ::close(ends.reading);
        ::close(ends.writing);
    }
}

TEST(Loop, DestroysPendingTasksWhenClosedAndTellsTheirFutures)
{
    struct guard {
        int& count;
        ~guard() { ++count; }
    };
    int destroyed = 0;
    std::vector<std::string> problems;
    simul::loop loop(virtual_time());
    loop.set_error_handler([&](const simul::problem& p) { problems.push_back(p.message); });
    const auto sleeper = [](int& count) -> task<int> {
        const guard on_the_way_out{count};
        co_await simul::sleep(1h);
        co_return 1;
    };
    auto never_started = loop.launch(sleeper(destroyed));
    auto started = loop.launch([](auto inner, int& count) -> task<int> {
        const guard on_the_way_out{count};
        auto nested = simul::spawn(inner(count));
        co_return co_await nested;
    }(sleeper, destroyed));
    loop.run_once();
    auto fresh = loop.launch(sleeper(destroyed));
    EXPECT_FALSE(loop.is_idle());
    loop.close();
    EXPECT_EQ(destroyed, 2); // those that never ran had no guard yet
    EXPECT_EQ(problems, names(4, "a task was still pending when its loop was closed"));
    for (auto* each : {&never_started, &started, &fresh}) {
        EXPECT_TRUE(each->done());
        EXPECT_THROW(std::move(*each).result(), simul::closed_error);
    }
    EXPECT_TRUE(loop.internals().timers.empty());
}

TEST(Loop, IsClosedWhileOtherThreadsSend)
{
    for (int round = 0; round < 200; ++round) {
        simul::loop loop;
        const auto alive = std::make_shared<int>(0);
        std::atomic<bool> sends{false};
        std::vector<std::thread> senders;
        for (int who = 0; who < 2; ++who)
            senders.emplace_back([&] {
                try {
                    for (;;) {
                        loop.call_soon_threadsafe([alive] {});
                        sends = true;
                    }
                } catch (const simul::closed_error&) { // the end
                }
            });
        while (!sends)
            loop.run_until_complete([]() -> task<> { co_await simul::yield(); }());
        loop.close();
        for (std::thread& sender : senders)
            sender.join();
        EXPECT_EQ(alive.use_count(), 1);
    }
}

TEST(Loop, IsDestroyedByItsThreadAsSoonAsAnotherHasStoppedIt)
{
    for (int round = 0; round < 50; ++round) {
        auto loop = std::make_unique<simul::loop>();
        simul::loop& stopped = *loop;
        std::atomic<bool> runs{false};
        std::thread runner([&, mine = std::move(loop)]() mutable {
            mine->call_soon([&] { runs = true; });
            mine->run_forever();
            mine.reset();
        });
        while (!runs)
            std::this_thread::yield();
        if (round % 2 == 0) // asleep by now, mostly
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        stopped.stop_threadsafe();
        runner.join();
    }
}

} // namespace
