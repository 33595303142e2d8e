// SPDX-License-Identifier: MIT
#include "../task/outcome.hpp"

#include <simul/run/block_on.hpp>
#include <simul/run/std_future.hpp>
#include <simul/run/thread_pool.hpp>
#include <simul/run/unsync.hpp>
#include <simul/task/gather.hpp>
#include <simul/task/this_task.hpp>
#include <simul/testing/gtest.hpp>

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using simul::from_std;
using simul::future;
using simul::task;
using simul::to_std;

// ---- from

SIMUL_TEST(StdFuture, IsAwaited)
{
    EXPECT_EQ(co_await from_std(std::async(std::launch::async, [] { return 42; })), 42);
    EXPECT_EQ(co_await from_std(std::async(std::launch::deferred, [] { return 43; })), 43);
    bool called = false;
    co_await from_std(std::async(std::launch::async, [&] { called = true; }));
    EXPECT_TRUE(called);
    EXPECT_EQ(*co_await from_std(std::async(std::launch::async, [] { return std::make_unique<int>(3); })), 3);
    int at = 0;
    EXPECT_EQ(&co_await from_std(std::async(std::launch::async, [&]() -> int& { return at; })), &at);
}

SIMUL_TEST(StdFuture, ThatIsNotReadyYetIsAwaitedWhileTheLoopGoesOn)
{
    std::promise<std::string> writing;
    auto reading = from_std(writing.get_future());
    for (int i = 0; i < 3; ++i)
        co_await simul::yield();
    EXPECT_FALSE(reading.done());
    writing.set_value("told");
    EXPECT_EQ(co_await reading, "told");
}

SIMUL_TEST(StdFuture, ThatIsReadyNeedsNoThread)
{
    std::promise<int> writing;
    writing.set_value(1);
    auto reading = from_std(writing.get_future());
    EXPECT_TRUE(reading.done());
    EXPECT_EQ(co_await reading, 1);
}

SIMUL_TEST(StdFuture, GivesItsError)
{
    std::string said;
    try {
        co_await from_std(std::async(std::launch::async, [] { throw std::runtime_error("broken"); }));
    } catch (const std::runtime_error& e) {
        said = e.what();
    }
    EXPECT_EQ(said, "broken");
    std::future<int> orphan = std::promise<int>().get_future();
    bool broken = false;
    try {
        co_await from_std(std::move(orphan));
    } catch (const std::future_error&) {
        broken = true;
    }
    EXPECT_TRUE(broken);
    CO_ASSERT_THROW(static_cast<void>(from_std(std::future<int>())), simul::invalid_state);
}

SIMUL_TEST(StdFuture, MayBeShared)
{
    std::promise<std::string> writing;
    const std::shared_future<std::string> shared = writing.get_future().share();
    auto one = from_std(shared);
    auto two = from_std(shared);
    writing.set_value("for all");
    EXPECT_EQ(co_await std::move(one), "for all");
    EXPECT_EQ(co_await std::move(two), "for all");
    EXPECT_EQ(shared.get(), "for all");
}

SIMUL_TEST(StdFuture, IsGivenUpAtOnceWhenTheAwaitIsCancelled)
{
    std::promise<int> writing;
    auto reading = from_std(writing.get_future());
    auto waits = simul::spawn([&]() -> task<> { co_await reading; });
    co_await simul::yield();
    waits.cancel();
    EXPECT_TRUE(co_await outcome::raises<simul::cancelled>(std::move(waits)));
    EXPECT_TRUE(reading.cancelled());
    writing.set_value(1); // so that the thread that waits for it goes
}

TEST(StdFuture, WorksInPlainThreads)
{
    EXPECT_EQ(from_std(std::async(std::launch::async, [] { return 42; })).result(), 42);
}

// ---- to

SIMUL_TEST(StdFuture, IsFilledWhenTheWorkIsDone)
{
    simul::promise<std::string> writing;
    std::future<std::string> told = to_std(writing.get_future());
    EXPECT_EQ(told.wait_for(0s), std::future_status::timeout);
    writing.set_value("told");
    EXPECT_EQ(told.wait_for(0s), std::future_status::ready);
    EXPECT_EQ(told.get(), "told");
    co_return;
}

TEST(StdFuture, IsFilledFromWhereverTheWorkRuns)
{
    simul::thread_pool pool({.threads = 2});
    EXPECT_EQ(to_std(pool.submit([] { return 1; })).get(), 1);
    EXPECT_EQ(*to_std(simul::to_thread([] { return std::make_unique<int>(2); })).get(), 2);
    EXPECT_EQ(to_std(simul::unsync([]() -> task<int> {
                  co_await simul::sleep(1ms);
                  co_return 3;
              })())
                  .get(),
              3);
    to_std(simul::to_thread([] {})).get();
    int at = 0;
    EXPECT_EQ(&to_std(simul::to_thread([&]() -> int& { return at; })).get(), &at);
}

SIMUL_TEST(StdFuture, OfADoneOneIsReady)
{
    auto done = simul::spawn([]() -> task<int> { co_return 5; });
    co_await done;
    EXPECT_EQ(to_std(std::move(done)).get(), 5);
    CO_ASSERT_THROW(static_cast<void>(to_std(future<int>())), simul::invalid_state);
}

SIMUL_TEST(StdFuture, CarriesErrorsAndCancellation)
{
    auto fails = simul::spawn([]() -> task<> { throw std::runtime_error("broken"); co_return; });
    auto endless = simul::spawn(simul::sleep(24h));
    endless.cancel();
    std::future<void> failed = to_std(std::move(fails));
    std::future<void> cancelled = to_std(std::move(endless));
    for (int i = 0; i < 3; ++i)
        co_await simul::yield();
    CO_ASSERT_THROW(failed.get(), std::runtime_error);
    CO_ASSERT_THROW(cancelled.get(), simul::cancelled);
}

TEST(StdFuture, LetsTheWorkGoOnWhenItIsDropped)
{
    std::promise<int> reached;
    std::future<int> heard = reached.get_future();
    static_cast<void>(to_std(simul::unsync([&]() -> task<> {
        co_await simul::sleep(2ms);
        reached.set_value(1);
    })()));
    EXPECT_EQ(heard.get(), 1);
}

struct throws_when_moved {
    throws_when_moved() = default;
    throws_when_moved(throws_when_moved&&) { throw std::runtime_error("can't be moved"); }
    throws_when_moved& operator=(throws_when_moved&&) = delete;
};

TEST(StdFuture, GetsTheErrorOfAResultThatCanNotBeMoved)
{
    simul::promise<throws_when_moved> writing;
    auto told = to_std(writing.get_future());
    writing.set_value();
    EXPECT_THROW(told.get(), std::runtime_error);
}

TEST(StdFuture, GoesThereAndBackUnderLoad)
{
    simul::thread_pool pool({.threads = 2});
    std::vector<std::future<int>> all;
    for (int i = 0; i < 1000; ++i)
        all.push_back(to_std(pool.submit([i] { return i; })));
    long sum = 0;
    for (auto& each : all)
        sum += from_std(std::move(each)).result();
    EXPECT_EQ(sum, 499500);
}

} // namespace
