// SPDX-License-Identifier: MIT
//
// run with several threads.
#include <simul/run/run.hpp>
#include <simul/task/event.hpp>
#include <simul/task/gather.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/this_task.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <set>
#include <stdexcept>
#include <thread>
#include <tuple>
#include <vector>

namespace {

using namespace std::chrono_literals;
using simul::task;

TEST(RunThreads, ShareTheTasks)
{
    std::latch both(2);
    const auto meet = [&]() -> task<std::thread::id> {
        both.arrive_and_wait();
        co_return std::this_thread::get_id();
    };
    const auto [one, two] = simul::run(
        [&]() -> task<std::tuple<std::thread::id, std::thread::id>> { co_return co_await simul::gather(meet(), meet()); },
        {.threads = 2});
    EXPECT_NE(one, two);
    EXPECT_EQ(one, std::this_thread::get_id()); // the main task's is the calling one, which goes on with the first branch
}

TEST(RunThreads, GiveTheResultOrTheError)
{
    EXPECT_EQ(simul::run([]() -> task<int> { co_return 5; }, {.threads = 3}), 5);
    EXPECT_THROW(simul::run([]() -> task<> { throw std::runtime_error("no"); co_return; }, {.threads = 3}), std::runtime_error);
}

TEST(RunThreads, CancelAndWaitForWhatIsLeftWhereverItIs)
{
    std::atomic<int> cleaned_up{0};
    std::atomic<int> begun{0};
    simul::run(
        [&]() -> task<> {
            for (int n = 0; n < 50; ++n)
                simul::spawn([&]() -> task<> {
                    ++begun;
                    std::this_thread::sleep_for(100us); // so that others take some
                    try {
                        co_await simul::sleep(1h);
                    } catch (const simul::cancelled&) {
                    }
                    co_await simul::sleep(1ms);
                    ++cleaned_up;
                }).detach();
            while (begun < 50)
                co_await simul::sleep(1ms);
        },
        {.threads = 3});
    EXPECT_EQ(cleaned_up, 50);
}

TEST(RunThreads, CloseUnderTasksThatRefuseToEnd)
{
    testing::internal::CaptureStderr();
    std::atomic<int> begun{0};
    simul::run(
        [&]() -> task<> {
            for (int n = 0; n < 4; ++n)
                simul::spawn([&]() -> task<> {
                    ++begun;
                    std::this_thread::sleep_for(1ms);
                    for (;;) {
                        try {
                            co_await simul::gather(simul::sleep(1h), simul::sleep(1h));
                        } catch (const simul::cancelled&) {
                        }
                    }
                }).detach();
            while (begun < 4)
                co_await simul::sleep(1ms);
        },
        {.threads = 2, .shutdown_patience = 50ms});
    EXPECT_NE(testing::internal::GetCapturedStderr().find("did not end when they were cancelled"), std::string::npos);
}

TEST(RunThreads, RefuseVirtualTime)
{
    EXPECT_THROW(simul::run([]() -> task<> { co_return; }, {.backend = simul::backend::sim, .threads = 2}), simul::error);
}

TEST(RunThreads, ManyTimes)
{
    for (int round = 0; round < 100; ++round)
        EXPECT_EQ(simul::run([]() -> task<int> {
            const auto [a, b] = co_await simul::gather([]() -> task<int> { co_return 1; }(), []() -> task<int> {
                co_await simul::yield();
                co_return 2;
            }());
            co_return a + b;
        }, {.threads = 2}), 3);
}

} // namespace
