// SPDX-License-Identifier: MIT
#include "../task/outcome.hpp"
#include "child_process.hpp"
#include "in_threads.hpp"
#include "run/ambient.hpp"

#include <simul/run/block_on.hpp>
#include <simul/run/run.hpp>
#include <simul/run/thread_pool.hpp>
#include <simul/run/unsync.hpp>
#include <simul/task/gather.hpp>
#include <simul/task/group.hpp>
#include <simul/task/task_local.hpp>
#include <simul/task/this_task.hpp>
#include <simul/task/timeout.hpp>
#include <simul/testing/gtest.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <fstream>
#include <latch>
#include <memory>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace in_threads;
using simul::future;
using simul::task;
using simul::unsync;

task<std::string> name_of_loop()
{
    co_return system_name();
}

task<int> doubled(int n)
{
    co_await simul::yield();
    co_return 2 * n;
}

task<> wait_for_ever()
{
    co_await simul::sleep(24h);
}

int square(int n)
{
    return n * n;
}

// ---- where it runs

TEST(Unsync, RunsTasksOnOneLoopInTheBackgroundFromTheMomentOfTheCall)
{
    std::latch begun(2);
    const auto meet = unsync([&]() -> task<std::thread::id> {
        begun.count_down();
        co_return std::this_thread::get_id();
    });
    future<std::thread::id> one = meet();
    future<std::thread::id> two = meet();
    begun.wait(); // nobody asked for the results
    EXPECT_EQ(one.result(), two.result());
    EXPECT_NE(one.result(), std::this_thread::get_id());
    EXPECT_EQ(unsync(name_of_loop)().result(), "simul-ambient");
}

TEST(Unsync, BeginsTasksInTheOrderOfTheCalls)
{
    std::vector<int> order;
    const auto note = unsync([&](int n) -> task<> {
        order.push_back(n);
        co_return;
    });
    std::vector<future<>> all;
    for (int i = 0; i < 100; ++i)
        all.push_back(note(i));
    std::vector<int> expected;
    for (int i = 0; i < 100; ++i) {
        all[static_cast<std::size_t>(i)].result();
        expected.push_back(i);
    }
    EXPECT_EQ(order, expected);
}

TEST(Unsync, RunsTasksAtTheSameTime)
{
    // Each of them waits for the other.
    std::vector<simul::promise<int>> given(2);
    std::vector<future<int>> taken;
    for (auto& each : given)
        taken.push_back(each.get_future());
    const auto swap = unsync([&](std::size_t me) -> task<int> {
        given[me].set_value(static_cast<int>(me));
        co_return co_await taken[1 - me];
    });
    auto zero = swap(0);
    auto one = swap(1);
    EXPECT_EQ(zero.result(), 1);
    EXPECT_EQ(one.result(), 0);
}

TEST(Unsync, RunsPlainFunctionsInThreadsAllAtTheSameTime)
{
    std::latch all_there(10);
    const auto meet = unsync([&](int n) {
        all_there.arrive_and_wait(); // ends only if ten are there at once
        return std::to_string(n) + system_name();
    });
    std::vector<future<std::string>> several;
    for (int i = 0; i < 10; ++i)
        several.push_back(meet(i));
    for (int i = 0; i < 10; ++i)
        EXPECT_EQ(several[static_cast<std::size_t>(i)].result(), std::to_string(i) + "simul-job");
}

TEST(Unsync, IsCalledFromATaskInTheBackgroundAsFromAnywhere)
{
    const auto outer = unsync([]() -> task<int> {
        auto task_there = unsync(doubled)(20);
        auto in_a_thread = unsync(square)(1);
        co_return co_await task_there + co_await in_a_thread + 1;
    });
    EXPECT_EQ(outer().result(), 42);
}

// ---- what it wraps

struct crawler {
    int depth = 1;
    task<int> fetch(int n) { co_return n + depth; }
    int parse(int n) const { return n - depth; }
};

TEST(Unsync, WrapsFunctionsMethodsAndObjectsWithAllTheyHave)
{
    crawler one{.depth = 2};
    EXPECT_EQ(unsync(&crawler::fetch)(&one, 40).result(), 42);
    EXPECT_EQ(unsync(&crawler::parse)(&one, 40).result(), 38);
    EXPECT_EQ(unsync(&crawler::parse)(one, 40).result(), 38); // of a copy
    EXPECT_EQ(unsync(std::strlen)("hello").result(), 5u);

    struct adder {
        int by = 1;
        int operator()(int n) const { return n + by; }
    };
    auto add = unsync(adder{.by = 2});
    EXPECT_EQ(add.function.by, 2);
    EXPECT_EQ(add(40).result(), 42);

    const int line = __LINE__ + 1;
    const auto named = unsync(doubled);
    EXPECT_EQ(named(1).name(), "unsync_test.cpp:" + std::to_string(line));

    int (*const none)(int) = nullptr;
    EXPECT_THROW(static_cast<void>(unsync(none)), simul::error);
}

TEST(Unsync, KeepsFunctionAndArgumentsUntilTheEnd)
{
    const auto held = std::make_shared<int>(41);
    std::latch go(1);
    future<int> plain, coroutine;
    {
        const auto add = unsync([held, &go](const std::string& text, const int& n) {
            go.wait();
            return *held + n + static_cast<int>(text.size()) - 3;
        });
        plain = add(std::string("abc"), 1);
        const auto add_later = unsync([held](const std::string& text, const int& n) -> task<int> {
            co_await simul::sleep(1ms);
            co_return *held + n + static_cast<int>(text.size()) - 3;
        });
        coroutine = add_later(std::string("abc"), 1);
    }
    go.count_down();
    EXPECT_EQ(plain.result(), 42);
    EXPECT_EQ(coroutine.result(), 42);
    EXPECT_EQ(held.use_count(), 1);
    EXPECT_EQ(unsync([](std::unique_ptr<int> n) { return *n; })(std::make_unique<int>(3)).result(), 3);
    EXPECT_EQ(unsync([](std::unique_ptr<int> n) -> task<int> { co_return *n; })(std::make_unique<int>(3)).result(), 3);
}

// ---- its future

TEST(Unsync, GivesErrorsToWhoAsks)
{
    const auto fails = unsync([](bool early) -> task<> {
        if (!early)
            co_await simul::yield();
        throw std::runtime_error("broken");
    });
    EXPECT_THROW(fails(true).result(), std::runtime_error);
    EXPECT_THROW(fails(false).result(), std::runtime_error);
    EXPECT_THROW(unsync([] { throw std::runtime_error("broken"); })().result(), std::runtime_error);
}

TEST(Unsync, ResultInTheBackgroundLoopIsADeadlockErrorAndAwaitIsFine)
{
    const auto nested = unsync([]() -> task<int> {
        auto inner = unsync(doubled)(21);
        bool refused = false;
        try {
            static_cast<void>(inner.result());
        } catch (const simul::deadlock_error&) {
            refused = true;
        }
        EXPECT_TRUE(refused);
        const int value = co_await inner;
        EXPECT_EQ(inner.result(), value); // it is there
        co_return value;
    });
    EXPECT_EQ(nested().result(), 42);
}

TEST(Unsync, ResultInAPlainFunctionWaits)
{
    EXPECT_EQ(unsync([] { return unsync(doubled)(21).result(); })().result(), 42);
    simul::thread_pool pool({.threads = 1});
    EXPECT_EQ(pool.submit([] { return unsync(doubled)(21).result(); }).result(), 42);
}

TEST(Unsync, ResultForGivesUpAndTheWorkGoesOn)
{
    simul::promise<int> writing;
    const auto wait = unsync([told = std::make_shared<future<int>>(writing.get_future())]() -> task<int> { co_return co_await *told; });
    future<int> slow = wait();
    EXPECT_THROW(static_cast<void>(slow.result_for(1ms)), simul::timeout_error);
    EXPECT_FALSE(slow.done());
    writing.set_value(42);
    EXPECT_EQ(slow.result(), 42);
}

TEST(Unsync, ContinuesWithThenInPlainThreads)
{
    const auto initiate = unsync([](std::string text) -> task<std::string> { co_return text; });
    const auto process = [](std::string text) -> task<std::string> {
        co_await simul::yield();
        co_return text + "abc";
    };
    EXPECT_EQ(initiate("faff").then(process).result(), "faffabc");
    auto chain = unsync(square)(2).then([](int n) { return n + 1; }).then(doubled).then([](int n) { return std::to_string(n); });
    EXPECT_EQ(chain.result(), "10");
    auto failed = unsync([]() -> int { throw std::runtime_error("broken"); })().then([](int) { ADD_FAILURE() << "called"; });
    EXPECT_THROW(failed.result(), std::runtime_error);
}

SIMUL_TEST(Unsync, IsAwaitedFromAnyLoopWhileVirtualTimeStandsStill)
{
    const auto before = simul::now();
    auto [a, b] = co_await simul::gather(unsync(doubled)(20), unsync(square)(2));
    EXPECT_EQ(a + b, 44);
    co_await unsync([]() -> task<> { co_await simul::sleep(2ms); })(); // real ones
    EXPECT_EQ(simul::now(), before);
    EXPECT_EQ(co_await unsync(doubled)(1).then(doubled), 4);
}

TEST(Unsync, IsAwaitedFromAnotherLoop)
{
    EXPECT_EQ(simul::run([]() -> task<int> { co_return co_await unsync(doubled)(21); }), 42);
    EXPECT_EQ(simul::block_on(unsync(doubled)(21)), 42);
}

TEST(Unsync, IsCancelledByItsFutureAndByDroppingIt)
{
    std::latch began(2), ended(2);
    const auto endless = unsync([&]() -> task<> {
        began.count_down();
        struct at_end {
            std::latch& told;
            ~at_end() { told.count_down(); }
        } const scope{ended};
        co_await wait_for_ever();
    });
    auto cancelled = endless();
    {
        auto dropped = endless();
        began.wait();
    }
    EXPECT_TRUE(cancelled.cancel());
    EXPECT_THROW(cancelled.result(), simul::cancelled);
    ended.wait();
}

SIMUL_TEST(Unsync, IsCancelledWithWhoAwaitsIt)
{
    auto work = unsync(wait_for_ever)();
    auto waits = simul::spawn([&]() -> task<> { co_await work; });
    co_await simul::yield();
    waits.cancel();
    EXPECT_TRUE(co_await outcome::raises<simul::cancelled>(std::move(waits)));
    EXPECT_TRUE(work.cancelled());
}

SIMUL_TEST(Unsync, HandsTaskLocalsOn)
{
    static simul::task_local<int> user(0);
    user.set(7);
    EXPECT_EQ(co_await unsync([]() -> task<int> { co_return user.get(); })(), 7);
    EXPECT_EQ(co_await unsync([] { return user.get(); })(), 7);
}

TEST(Unsync, IsCalledFromManyThreadsAtOnce)
{
    constexpr int threads = 4, calls = 500;
    const auto twice = unsync(doubled);
    std::atomic<long> sum = 0;
    std::vector<std::thread> callers;
    for (int t = 0; t < threads; ++t)
        callers.emplace_back([&] {
            std::vector<future<int>> all;
            for (int i = 0; i < calls; ++i)
                all.push_back(twice(i));
            for (int i = 0; i < calls; ++i)
                if (i % 10 == 0)
                    all[static_cast<std::size_t>(i)].cancel();
            for (future<int>& each : all) {
                try {
                    each.result();
                    sum += 1;
                } catch (const simul::cancelled&) {
                    sum += 1;
                }
            }
        });
    for (auto& each : callers)
        each.join();
    EXPECT_EQ(sum, threads * calls);
}

// ---- in processes

int crashes(int n)
{
    if (n < 0)
        std::abort();
    return n + 1;
}

TEST(Unsync, RunsMarkedFunctionsInProcesses)
{
    const auto there = unsync(::getpid, simul::in_processes);
    EXPECT_NE(there().result(), ::getpid());

    const auto squares = unsync(square, simul::in_processes);
    std::vector<future<int>> all;
    for (int i = 0; i < 100; ++i)
        all.push_back(squares(i));
    for (int i = 0; i < 100; ++i)
        EXPECT_EQ(all[static_cast<std::size_t>(i)].result(), i * i);
    EXPECT_EQ(unsync([](std::string a, int n) { return a + std::to_string(n); }, simul::in_processes)("n", 1).result(), "n1");
    EXPECT_EQ(squares(3).then(doubled).result(), 18);
}

TEST(Unsync, SurvivesTheDeathOfAProcess)
{
    const auto fragile = unsync(crashes, simul::in_processes);
    EXPECT_THROW(static_cast<void>(fragile(-1).result()), simul::worker_died);
    EXPECT_EQ(fragile(41).result(), 42);
}

SIMUL_TEST(Unsync, LeavesNothingOfItBehindInATest)
{
    EXPECT_EQ(co_await unsync(square, simul::in_processes)(3), 9);
    EXPECT_EQ(co_await unsync(doubled)(3), 6);
} // else this test fails

// ---- the end of the process

/// Else its threads look like leaks of a child that ends by `exit`.
void end_background()
{
    simul::detail::end_ambient_loop();
    simul::detail::end_ambient_processes();
}

TEST(Unsync, EndsWithTheProcessWhichCancelsItsTasks)
{
    if (thread_sanitizer)
        GTEST_SKIP() << no_threads_in_children;
    end_background();
    const std::string file = ::testing::TempDir() + "/simul-unsync-" + std::to_string(::getpid());
    const int outcome = simul_test::outcome_of_child([&]() -> int {
        std::latch begun(1);
        unsync([&]() -> task<> {
            begun.count_down();
            try {
                co_await wait_for_ever();
            } catch (const simul::cancelled&) {
                std::ofstream(file) << "cancelled";
                throw;
            }
        })().detach();
        begun.wait();
        std::exit(7);
    });
    EXPECT_EQ(outcome, 7);
    std::string found;
    std::getline(std::ifstream(file) >> std::ws, found);
    EXPECT_EQ(found, "cancelled");
    std::remove(file.c_str());
}

TEST(Unsync, IsCancelledAtTheEndWithoutAWord)
{
    if (thread_sanitizer)
        GTEST_SKIP() << no_threads_in_children;
    end_background();
    const std::string file = ::testing::TempDir() + "/simul-unsync-words-" + std::to_string(::getpid());
    const int outcome = simul_test::outcome_of_child([&]() -> int {
        std::latch begun(1);
        simul::promise<> never;
        unsync([&]() -> task<> {
            static_cast<void>(simul::promise<>().get_future()); // the first cancellation is after the background's begin
            begun.count_down();
            co_await never.get_future();
        })().detach();
        begun.wait();
        if (!std::freopen(file.c_str(), "w", stderr))
            return 1;
        std::exit(7);
    });
    EXPECT_EQ(outcome, 7);
    std::ostringstream words;
    words << std::ifstream(file).rdbuf();
    EXPECT_EQ(words.str(), "");
    std::remove(file.c_str());
}

TEST(Unsync, AChildOfForkHasABackgroundOfItsOwn)
{
    if (thread_sanitizer)
        GTEST_SKIP() << no_threads_in_children;
    EXPECT_EQ(unsync(doubled)(1).result(), 2);
    EXPECT_EQ(unsync(square, simul::in_processes)(1).result(), 1);
    EXPECT_EQ(simul_test::outcome_of_child([] {
                  return unsync(doubled)(4).result() + unsync(square)(3).result() + unsync(square, simul::in_processes)(2).result();
              }),
              8 + 9 + 4);
    EXPECT_EQ(unsync(doubled)(1).result(), 2);
    EXPECT_EQ(unsync(square, simul::in_processes)(2).result(), 4);
}

TEST(Unsync, ATaskInTheBackgroundMayEndTheProcess)
{
    if (thread_sanitizer)
        GTEST_SKIP() << no_threads_in_children;
    end_background();
    EXPECT_EQ(simul_test::outcome_of_child([] {
                  unsync([]() -> task<> {
                      co_await simul::yield();
                      std::exit(7);
                  })()
                      .result();
                  return 1;
              }),
              7);
}

} // namespace
