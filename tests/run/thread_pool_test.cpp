// SPDX-License-Identifier: MIT
#include <simul/run/run.hpp>
#include <simul/run/thread_pool.hpp>
#include <simul/task/channel.hpp>
#include <simul/task/event.hpp>
#include <simul/task/group.hpp>
#include <simul/task/race.hpp>
#include <simul/task/task_local.hpp>
#include <simul/task/this_task.hpp>
#include <simul/task/timeout.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <ctime>
#include <latch>
#include <memory>
#include <mutex>
#include <numeric>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using simul::future;
using simul::task;
using simul::thread_pool;

// ---- what is submitted

TEST(ThreadPool, RunsFunctionsWithTheirArguments)
{
    thread_pool pool({.threads = 2});
    EXPECT_EQ(pool.size(), 2u);
    EXPECT_EQ(pool.submit([](int a, int b) { return a + b; }, 40, 2).result(), 42);
    EXPECT_EQ(*pool.submit([](std::unique_ptr<int> kept) { return kept; }, std::make_unique<int>(7)).result(), 7);
    int here = 1;
    pool.submit([](int& there) { there = 2; }, std::ref(here)).result();
    EXPECT_EQ(here, 2);
    EXPECT_EQ(&pool.submit([&]() -> int& { return here; }).result(), &here);
}

TEST(ThreadPool, AnErrorComesOutWhereTheResultIsAskedFor)
{
    thread_pool pool({.threads = 1});
    EXPECT_THROW(pool.submit([]() -> int { throw std::out_of_range("no"); }).result(), std::out_of_range);
    EXPECT_EQ(pool.submit([] { return 1; }).result(), 1); // and the worker lives on
}

TEST(ThreadPool, RunsTasksWhichMayWait)
{
    thread_pool pool({.threads = 2});
    const auto nap = [](int n) -> task<int> {
        co_await simul::sleep(5ms);
        co_return n;
    };
    EXPECT_EQ(pool.submit(nap(1)).result(), 1);
    EXPECT_EQ(pool.submit(nap, 2).result(), 2);
}

TEST(ThreadPool, IsAwaitedOnALoop)
{
    thread_pool pool({.threads = 1});
    EXPECT_EQ(simul::run([&]() -> task<int> { co_return co_await pool.submit([] { return 3; }); }), 3);
}

TEST(ThreadPool, VirtualTimeStandsStillWhileItWorks)
{
    thread_pool pool({.threads = 1});
    simul::run(
        [&]() -> task<> {
            const auto before = simul::now();
            const auto first = co_await simul::race(
                pool.submit([] { std::this_thread::sleep_for(30ms); }), simul::sleep(1h));
            EXPECT_EQ(first.index(), 0u);
            EXPECT_EQ(simul::now(), before);
            auto kept = pool.submit([] {});
            co_await kept;
            co_await simul::sleep(1h); // a handle that is kept holds nothing up
        },
        {.backend = simul::backend::sim});
}

TEST(ThreadPool, ManyJobsFromManyThreads)
{
    thread_pool pool({.threads = 3});
    std::atomic<long> sum{0};
    std::vector<std::thread> from;
    for (int t = 0; t < 4; ++t)
        from.emplace_back([&] {
            std::vector<future<>> jobs;
            for (int n = 1; n <= 5000; ++n)
                jobs.push_back(pool.submit([&sum, n] { sum += n; }));
            for (auto& each : jobs)
                each.result();
        });
    for (auto& each : from)
        each.join();
    EXPECT_EQ(sum, 4L * 5000 * 5001 / 2);
    EXPECT_EQ(pool.unfinished(), 0u);
}

// ---- parallel

TEST(ThreadPool, AGatherRunsItsBranchesInParallel)
{
    thread_pool pool({.threads = 2});
    std::latch both(2);
    const auto meet = [&]() -> task<std::thread::id> {
        both.arrive_and_wait(); // blocks its worker until the other branch has come, which needs the other worker
        co_return std::this_thread::get_id();
    };
    const auto [one, two] = pool.submit([&]() -> task<std::tuple<std::thread::id, std::thread::id>> {
        co_return co_await simul::gather(meet(), meet());
    }).result();
    EXPECT_NE(one, two);
}

TEST(ThreadPool, AGatherOfARangeAndAGroupToo)
{
    thread_pool pool({.threads = 3});
    const auto meet = [](std::latch& all) -> task<int> {
        all.arrive_and_wait();
        co_return 1;
    };
    EXPECT_EQ(pool.submit([&]() -> task<int> {
        std::latch all(3);
        std::vector<task<int>> three;
        for (int n = 0; n < 3; ++n)
            three.push_back(meet(all));
        const std::vector<int> ones = co_await simul::gather(std::move(three));
        co_return std::accumulate(ones.begin(), ones.end(), 0);
    }).result(), 3);
    EXPECT_EQ(pool.submit([&]() -> task<int> {
        std::latch all(3);
        int sum = 0;
        co_await simul::with_group([&](simul::group& g) -> task<> {
            auto one = g.spawn(meet(all));
            auto two = g.spawn(meet(all));
            auto three = g.spawn(meet(all));
            sum += co_await one;
            sum += co_await two;
            sum += co_await three;
        });
        co_return sum;
    }).result(), 3);
}

task<long> fib(int n)
{
    if (n < 2)
        co_return n;
    const auto [a, b] = co_await simul::gather(fib(n - 1), fib(n - 2));
    co_return a + b;
}

TEST(ThreadPool, ForksAndJoins)
{
    for (const std::size_t threads : {1, 2, 4}) {
        thread_pool pool({.threads = threads});
        EXPECT_EQ(pool.submit(fib(18)).result(), 2584);
    }
}

TEST(ThreadPool, ATaskStaysInOneThread)
{
    thread_pool pool({.threads = 4});
    const auto wander = [](int depth, auto& self) -> task<bool> {
        const auto here = std::this_thread::get_id();
        bool stayed = true;
        for (int step = 0; step < 3; ++step) {
            co_await simul::yield();
            stayed = stayed && std::this_thread::get_id() == here;
            co_await simul::sleep(100us);
            stayed = stayed && std::this_thread::get_id() == here;
            if (depth > 0) {
                const auto [a, b] = co_await simul::gather(self(depth - 1, self), self(depth - 1, self));
                stayed = stayed && a && b && std::this_thread::get_id() == here;
            }
        }
        co_return stayed;
    };
    EXPECT_TRUE(pool.submit(wander(4, wander)).result());
}

TEST(ThreadPool, WhatATaskSpawnsIsSharedAndWaitedForAtTheEnd)
{
    std::atomic<int> ended{0};
    std::mutex mutex;
    std::set<std::thread::id> seen;
    {
        thread_pool pool({.threads = 2});
        pool.submit([&]() -> task<> {
            for (int n = 0; n < 200; ++n)
                simul::spawn([&]() -> task<> {
                    std::this_thread::sleep_for(100us);
                    {
                        const std::lock_guard held(mutex);
                        seen.insert(std::this_thread::get_id());
                    }
                    co_await simul::sleep(1ms);
                    ++ended;
                }).detach();
            co_return;
        }).result();
    }
    EXPECT_EQ(ended, 200);
    EXPECT_EQ(seen.size(), 2u);
}

TEST(ThreadPool, TaskLocalsReachBranchesInOtherThreads)
{
    static simul::task_local<int> depth{0};
    thread_pool pool({.threads = 2});
    std::latch both(2);
    const auto read = [&](int add) -> task<int> {
        both.arrive_and_wait();
        const int inherited = depth.get();
        depth.set(inherited + add); // seen by nobody else
        co_return inherited;
    };
    const auto [one, two, after] = pool.submit([&]() -> task<std::tuple<int, int, int>> {
        depth.set(5);
        const auto [a, b] = co_await simul::gather(read(1), read(2));
        co_return std::tuple(a, b, depth.get());
    }).result();
    EXPECT_EQ(one, 5);
    EXPECT_EQ(two, 5);
    EXPECT_EQ(after, 5);
}

TEST(ThreadPool, ChannelsWorkAcrossItsThreads)
{
    thread_pool pool({.threads = 3});
    simul::channel<int> items(8);
    const auto send = [](simul::channel<int>& to, int from) -> task<> {
        for (int n = 0; n < 1000; ++n)
            co_await to.send(from + n);
    };
    const auto receive = [](simul::channel<int>& from) -> task<long> {
        long sum = 0;
        while (auto item = co_await from.receive())
            sum += *item;
        co_return sum;
    };
    auto one = pool.submit(receive(items));
    auto two = pool.submit(receive(items));
    pool.submit([&]() -> task<> {
        co_await simul::gather(send(items, 0), send(items, 1000), send(items, 2000));
        items.close();
    }).result();
    EXPECT_EQ(one.result() + two.result(), 2999L * 3000 / 2);
}

// ---- errors and cancellation across threads

task<> until_cancelled(std::latch& begun, std::atomic<int>& ended)
{
    begun.arrive_and_wait(); // so all are in different threads
    try {
        co_await simul::sleep(1h);
    } catch (const simul::cancelled&) {
        ++ended;
        throw;
    }
}

TEST(ThreadPool, AnErrorCancelsBranchesInOtherThreads)
{
    thread_pool pool({.threads = 3});
    std::latch begun(3);
    std::atomic<int> ended{0};
    auto all = pool.submit([&]() -> task<> {
        co_await simul::gather(until_cancelled(begun, ended), until_cancelled(begun, ended), [&]() -> task<> {
            begun.arrive_and_wait();
            co_await simul::sleep(1ms);
            throw std::runtime_error("first");
        }());
    });
    EXPECT_THROW(all.result(), std::runtime_error);
    EXPECT_EQ(ended, 2);
}

TEST(ThreadPool, CancellingATaskReachesItsBranchesInOtherThreads)
{
    thread_pool pool({.threads = 3});
    std::latch begun(4);
    std::atomic<int> ended{0};
    auto all = pool.submit([&]() -> task<> {
        co_await simul::gather(until_cancelled(begun, ended), until_cancelled(begun, ended), until_cancelled(begun, ended));
    });
    begun.arrive_and_wait();
    all.cancel();
    EXPECT_THROW(all.result(), simul::cancelled);
    EXPECT_EQ(ended, 3);
}

TEST(ThreadPool, ATimeoutReachesThem)
{
    thread_pool pool({.threads = 2});
    std::latch begun(2);
    std::atomic<int> ended{0};
    auto all = pool.submit([&]() -> task<> {
        co_await simul::timeout(20ms, [&]() -> task<> {
            co_await simul::gather(until_cancelled(begun, ended), until_cancelled(begun, ended));
        }());
    });
    EXPECT_THROW(all.result(), simul::timeout_error);
    EXPECT_EQ(ended, 2);
}

TEST(ThreadPool, WhatHasNotBegunIsDroppedByACancel)
{
    thread_pool pool({.threads = 1});
    std::latch release(1);
    std::atomic<bool> began{false};
    auto busy = pool.submit([&] { release.wait(); });
    auto waiting = pool.submit([&] { began = true; });
    EXPECT_TRUE(waiting.cancel());
    EXPECT_TRUE(waiting.cancelled()); // at once
    EXPECT_FALSE(waiting.cancel());
    release.count_down();
    busy.result();
    pool.submit([] {}).result();
    EXPECT_FALSE(began);
}

TEST(ThreadPool, AJobThatRunsIsNotStopped)
{
    thread_pool pool({.threads = 1});
    std::latch begun(1);
    std::latch release(1);
    auto job = pool.submit([&] {
        begun.count_down();
        release.wait();
        return 5;
    });
    begun.wait();
    job.cancel();
    release.count_down();
    EXPECT_EQ(job.result(), 5);
}

TEST(ThreadPool, BranchesThatNeverBeganEndCancelled)
{
    thread_pool pool({.threads = 2});
    std::atomic<int> began{0};
    auto all = pool.submit([&]() -> task<> {
        const auto one = [&](int mine) -> task<> {
            ++began;
            co_await simul::yield();
            if (mine >= 990)
                throw std::runtime_error("one of the first to begin");
            co_await simul::sleep(1h);
        };
        std::vector<task<>> many;
        for (int n = 0; n < 1000; ++n)
            many.push_back(one(n));
        co_await simul::gather(std::move(many));
    });
    EXPECT_THROW(all.result(), std::runtime_error);
    EXPECT_LE(began, 1000);
}

TEST(ThreadPool, CancelAgainstCompletionFromOutside)
{
    thread_pool pool({.threads = 3});
    const auto work = [](int depth, auto& self) -> task<int> {
        if (depth == 0) {
            co_await simul::yield();
            co_return 1;
        }
        const auto [a, b, c] = co_await simul::gather(self(depth - 1, self), simul::timeout(1ms, self(depth - 1, self)),
                                                      self(depth - 1, self));
        co_return a + b + c;
    };
    int whole = 0;
    int cut = 0;
    for (int round = 0; round < 300; ++round) {
        auto flight = pool.submit(work(4, work));
        std::this_thread::sleep_for(std::chrono::microseconds(round));
        flight.cancel();
        try {
            EXPECT_EQ(flight.result(), 81);
            ++whole;
        } catch (const simul::cancelled&) {
            ++cut;
        } catch (const simul::timeout_error&) {
            ++cut;
        }
    }
    EXPECT_EQ(whole + cut, 300);
}

TEST(ThreadPool, ACircleAcrossThreadsIsCut)
{
    thread_pool pool({.threads = 2});
    future<> first;
    future<> second;
    simul::event made;
    first = pool.submit([&]() -> task<> {
        co_await made.wait();
        co_await second;
    });
    second = pool.submit([&]() -> task<> {
        co_await made.wait();
        co_await first;
    });
    made.set();
    std::this_thread::sleep_for(5ms);
    first.cancel();
    EXPECT_THROW(first.result(), simul::cancelled);
    EXPECT_THROW(second.result(), simul::cancelled);
}

// ---- jobs that block

TEST(ThreadPool, AJobMayWaitForOneThatItSubmits)
{
    thread_pool pool({.threads = 1}); // Python hangs here
    EXPECT_EQ(pool.submit([&] { return pool.submit([] { return 6; }).result() + 1; }).result(), 7);
}

TEST(ThreadPool, AsDeepAsYouLike)
{
    thread_pool pool({.threads = 2});
    const auto down = [&](int depth, auto& self) -> int {
        return depth == 0 ? 0 : 1 + pool.submit([&self, depth] { return self(depth - 1, self); }).result();
    };
    EXPECT_EQ(down(50, down), 50);
}

TEST(ThreadPool, AJobThatWaitsGoesOnWithTheTasksOfItsWorker)
{
    thread_pool pool({.threads = 1});
    simul::event go;
    auto task_here = pool.submit([&]() -> task<int> {
        co_await go.wait();
        co_await simul::sleep(1ms);
        co_return 4;
    });
    EXPECT_EQ(pool.submit([&] {
        go.set();
        return task_here.result();
    }).result(), 4);
}

TEST(ThreadPool, AJobThatWaitsForItselfIsToldSo)
{
    thread_pool pool({.threads = 1});
    future<int> self;
    std::latch made(1);
    self = pool.submit([&]() -> int {
        made.wait();
        return self.result();
    });
    made.count_down();
    EXPECT_THROW(self.result(), simul::deadlock_error);
}

TEST(ThreadPool, TwoJobsThatWaitForEachOtherAreToldSo)
{
    thread_pool pool({.threads = 2});
    future<int> one;
    future<int> two;
    std::latch made(1);
    std::latch both(2);
    one = pool.submit([&]() -> int {
        made.wait();
        both.arrive_and_wait();
        return two.result();
    });
    two = pool.submit([&]() -> int {
        made.wait();
        both.arrive_and_wait();
        return one.result();
    });
    made.count_down();
    EXPECT_THROW(one.result(), simul::deadlock_error); // raised in one of them, passed on by the other
    EXPECT_THROW(two.result(), simul::deadlock_error);
}

TEST(ThreadPool, ATaskMustNotBlock)
{
    thread_pool pool({.threads = 2});
    auto slow = pool.submit([] { std::this_thread::sleep_for(50ms); });
    auto wrong = pool.submit([&]() -> task<> {
        slow.result();
        co_return;
    });
    EXPECT_THROW(wrong.result(), simul::deadlock_error);
    slow.result();
}

TEST(ThreadPool, AJobWaitsNoLongerThanItWants)
{
    thread_pool pool({.threads = 1});
    EXPECT_TRUE(pool.submit([] {
        simul::promise<> never;
        auto news = never.get_future();
        try {
            news.result_for(20ms);
        } catch (const simul::timeout_error&) {
            return true;
        }
        return false;
    }).result());
}

// ---- map

TEST(ThreadPool, MapKeepsTheOrder)
{
    thread_pool pool({.threads = 3});
    std::vector<int> numbers(1000);
    std::iota(numbers.begin(), numbers.end(), 0);
    for (const std::size_t chunk : {0, 1, 7, 1000, 5000}) {
        const std::vector<std::string> texts =
            pool.map([](int n) { return std::to_string(n); }, numbers, {.chunk = chunk}).result();
        ASSERT_EQ(texts.size(), numbers.size());
        for (std::size_t n = 0; n < texts.size(); ++n)
            EXPECT_EQ(texts[n], std::to_string(n));
    }
    EXPECT_TRUE(pool.map([](int n) { return n; }, std::vector<int>{}).result().empty());
    pool.map([](int& n) { n = -n; }, numbers).result();
    EXPECT_EQ(numbers[999], -999);
}

TEST(ThreadPool, MapEndsAtTheFirstError)
{
    thread_pool pool({.threads = 2});
    auto all = pool.map([](int n) { return n == 3 ? throw std::domain_error("three") : n; }, std::vector{1, 2, 3, 4}, {.chunk = 1});
    EXPECT_THROW(all.result(), std::domain_error);
}

// ---- beginning and end

TEST(ThreadPool, EachThreadIsInitialised)
{
    static thread_local int mine = 0;
    std::atomic<int> times{0};
    thread_pool pool({.threads = 3}, [&] {
        mine = 8;
        ++times;
    });
    EXPECT_EQ(times, 3);
    EXPECT_EQ(pool.submit([] { return mine; }).result(), 8);
}

TEST(ThreadPool, AnInitialiserThatFailsMakesNoPool)
{
    EXPECT_THROW(thread_pool({.threads = 2}, [] { throw std::runtime_error("no licence"); }), std::runtime_error);
}

TEST(ThreadPool, WorksInRealTimeWhereAProgramIsRunInVirtualTime)
{
    const char* const before = std::getenv("SIMUL_BACKEND");
    const std::string wanted_before = before ? before : "";
    ::setenv("SIMUL_BACKEND", "sim", 1);
    {
        thread_pool pool({.threads = 2});
        EXPECT_EQ(pool.submit([] { return 42; }).result(), 42);
    }
    ::setenv("SIMUL_BACKEND", wanted_before.c_str(), 1);
}

TEST(ThreadPool, ItsEndIsAwaitedInVirtualTime)
{
    thread_pool pool({.threads = 1});
    const auto busy = pool.submit([] { std::this_thread::sleep_for(20ms); });
    simul::run([&]() -> task<> { co_await pool.shutdown(); }, {.backend = simul::backend::sim});
    EXPECT_TRUE(busy.done());
}

TEST(ThreadPool, RefusesWhatCannotWork)
{
    EXPECT_THROW(thread_pool({.threads = 1, .backend = simul::backend::sim}), simul::error);
    thread_pool pool({.threads = 1});
    void (*null)() = nullptr;
    EXPECT_THROW(static_cast<void>(pool.submit(null)), simul::error);
    EXPECT_EQ(pool.unfinished(), 0u);
}

TEST(ThreadPool, AfterItsShutdownItTakesNothingMore)
{
    thread_pool pool({.threads = 2});
    std::atomic<int> ran{0};
    std::vector<future<>> jobs;
    for (int n = 0; n < 100; ++n)
        jobs.push_back(pool.submit([&] { ++ran; }));
    pool.shutdown().result();
    EXPECT_EQ(ran, 100);
    EXPECT_THROW(static_cast<void>(pool.submit([] {})), simul::closed_error);
    EXPECT_THROW(static_cast<void>(pool.submit([]() -> task<> { co_return; }())), simul::closed_error);
    pool.shutdown().result(); // again is fine
}

TEST(ThreadPool, AShutdownCanDropWhatHasNotBegun)
{
    thread_pool pool({.threads = 1});
    std::latch begun(1);
    std::latch release(1);
    auto busy = pool.submit([&] {
        begun.count_down();
        release.wait();
    });
    begun.wait();
    std::vector<future<>> jobs;
    for (int n = 0; n < 100; ++n)
        jobs.push_back(pool.submit([] {}));
    auto ended = pool.shutdown({.cancel_pending = true});
    release.count_down();
    ended.result();
    busy.result();
    EXPECT_TRUE(std::ranges::all_of(jobs, [](const auto& each) { return each.cancelled(); }));
}

TEST(ThreadPool, ALoopAwaitsTheShutdown)
{
    simul::run([]() -> task<> {
        thread_pool pool({.threads = 2});
        std::atomic<bool> done{false};
        pool.submit([&]() -> task<> {
            co_await simul::sleep(10ms);
            done = true;
        }).detach();
        co_await pool.shutdown();
        EXPECT_TRUE(done);
    });
}

TEST(ThreadPool, AFutureThatIsDroppedCancelsItsTask)
{
    std::atomic<bool> cancelled{false};
    {
        thread_pool pool({.threads = 1});
        std::latch begun(1);
        {
            auto dropped = pool.submit([&]() -> task<> {
                begun.count_down();
                try {
                    co_await simul::sleep(1h);
                } catch (const simul::cancelled&) {
                    cancelled = true;
                    throw;
                }
            });
            begun.wait();
        }
    }
    EXPECT_TRUE(cancelled);
}

double cpu_seconds()
{
    timespec used{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

TEST(ThreadPool, AnIdlePoolUsesNoProcessor)
{
    thread_pool pool({.threads = 4});
    pool.submit(fib(10)).result();
    std::this_thread::sleep_for(50ms);
    const double before = cpu_seconds();
    std::this_thread::sleep_for(300ms);
    EXPECT_LT(cpu_seconds() - before, 0.03);
}

TEST(ThreadPool, SleepersAreWokenForWhateverComes)
{
    thread_pool pool({.threads = 4});
    for (int round = 0; round < 200; ++round) {
        if (round % 10 == 0)
            std::this_thread::sleep_for(1ms); // all asleep
        EXPECT_EQ(pool.submit(fib(8)).result(), 21);
    }
}

} // namespace
