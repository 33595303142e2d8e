// SPDX-License-Identifier: MIT
//
// Futures of work in different places, waited for together.
#include <simul/run/block_on.hpp>
#include <simul/run/process_pool.hpp>
#include <simul/run/run.hpp>
#include <simul/run/thread.hpp>
#include <simul/run/thread_pool.hpp>
#include <simul/run/to_thread.hpp>
#include <simul/run/unsync.hpp>
#include <simul/task/as_completed.hpp>
#include <simul/task/gather.hpp>
#include <simul/task/race.hpp>
#include <simul/task/select.hpp>
#include <simul/task/this_task.hpp>
#include <simul/task/timeout.hpp>
#include <simul/task/wait.hpp>
#include <simul/testing/gtest.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using simul::future;
using simul::task;

int plus_one(int n)
{
    return n + 1;
}
int fails(int n)
{
    throw std::runtime_error("broken " + std::to_string(n));
}
task<int> plus_one_later(int n)
{
    co_await simul::sleep(1ms);
    co_return n + 1;
}
task<int> fails_later(int n)
{
    co_await simul::sleep(1ms);
    co_return fails(n);
}
task<int> never()
{
    co_await simul::sleep(24h);
    co_return 0;
}

/// One of each place: a pool's job and task, a blocking call, the ambient loop, a process, a promise that a thread keeps.
class places {
public:
    static constexpr int number = 6;

    std::vector<future<int>> begin(int from)
    {
        std::vector<future<int>> all;
        all.push_back(pool_.submit(plus_one, from));
        all.push_back(pool_.submit(plus_one_later(from + 1)));
        all.push_back(simul::to_thread(plus_one, from + 2));
        all.push_back(simul::unsync(plus_one_later)(from + 3));
        all.push_back(processes_.submit(plus_one, from + 4));
        simul::promise<int> writing;
        all.push_back(writing.get_future());
        writers_.emplace_back([n = from + 6](simul::promise<int> to) { to.set_value(n); }, std::move(writing));
        return all;
    }
    std::vector<future<int>> begin_failing()
    {
        std::vector<future<int>> all;
        all.push_back(pool_.submit(fails, 0));
        all.push_back(pool_.submit(fails_later(1)));
        all.push_back(simul::to_thread(fails, 2));
        all.push_back(simul::unsync(fails_later)(3));
        all.push_back(processes_.submit(fails, 4));
        return all;
    }
    ~places()
    {
        for (auto& each : writers_)
            each.join();
    }

    simul::thread_pool& pool() { return pool_; }
    simul::process_pool& processes() { return processes_; }

private:
    simul::process_pool processes_{{.workers = 2}}; // before the threads
    simul::thread_pool pool_{{.threads = 2}};
    std::vector<std::thread> writers_;
};

std::vector<int> one_to(int last)
{
    std::vector<int> all(static_cast<std::size_t>(last));
    std::iota(all.begin(), all.end(), 1);
    return all;
}

// ---- in plain threads

TEST(MixedFutures, ComeAsTheyAreCompletedInAPlainThread)
{
    places here;
    auto flights = here.begin(0);
    std::vector<int> results;
    for (future<int>& each : simul::as_completed(flights))
        results.push_back(each.result());
    std::ranges::sort(results);
    EXPECT_EQ(results, one_to(places::number));
}

TEST(MixedFutures, AreWaitedForInAPlainThread)
{
    places here;
    auto flights = here.begin(0);
    const auto [done, pending] = simul::block_on(simul::wait(flights));
    EXPECT_EQ(done.size(), flights.size());
    EXPECT_TRUE(pending.empty());
    for (int i = 0; i < places::number; ++i)
        EXPECT_EQ(flights[static_cast<std::size_t>(i)].result(), i + 1);
}

TEST(MixedFutures, TheFirstAndTheFirstErrorAreWaitedForInAPlainThread)
{
    places here;
    auto flights = here.begin(0);
    flights.push_back(simul::unsync(never)());
    EXPECT_GE(simul::block_on(simul::wait(flights, simul::until::first_completed)).done.size(), 1u);
    flights.push_back(here.processes().submit(fails, 1));
    auto [done, pending] = simul::block_on(simul::wait(flights, simul::until::first_error));
    EXPECT_TRUE(flights.back().done());
    EXPECT_THROW(static_cast<void>(flights.back().result()), std::runtime_error);
    EXPECT_GE(pending.size(), 1u); // the one that never ends
    const auto later = simul::block_on(simul::wait(flights, simul::until::all_completed, {.timeout = 5ms}));
    EXPECT_NE(std::ranges::find(later.pending, &flights[places::number]), later.pending.end());
}

TEST(MixedFutures, ThreadsAreWaitedForWithOthers)
{
    places here;
    simul::thread one{[] { std::this_thread::sleep_for(1ms); }};
    simul::thread two{[] {}};
    one.start();
    two.start();
    std::vector<future<>> ends;
    ends.push_back(one.as_future());
    ends.push_back(two.as_future());
    ends.push_back(here.pool().submit([] {}));
    ends.push_back(simul::to_thread([] {}));
    ends.push_back(here.processes().submit(+[] {}));
    ends.push_back(simul::unsync([]() -> task<> { co_await simul::yield(); })());
    std::size_t ended = 0;
    for (future<>& each : simul::as_completed(ends)) {
        each.result();
        ++ended;
    }
    EXPECT_EQ(ended, ends.size());
    EXPECT_EQ(simul::block_on(simul::wait(ends)).done.size(), ends.size());
}

TEST(MixedFutures, ErrorsOfAllPlacesArriveAndCountAsErrors)
{
    places here;
    auto flights = here.begin_failing();
    std::size_t failed = 0;
    for (future<int>& each : simul::as_completed(flights))
        failed += each.error() ? 1 : 0;
    EXPECT_EQ(failed, flights.size());
    for (std::size_t i = 0; i < flights.size(); ++i)
        EXPECT_NE(simul::describe(flights[i].error()).find("broken " + std::to_string(i)), std::string::npos);
    const auto found = simul::block_on(simul::wait(flights, simul::until::first_error));
    EXPECT_TRUE(found.pending.empty());
}

TEST(MixedFutures, OfAllPlacesAreCancelledWhereTheyCanBe)
{
    places here;
    std::vector<future<int>> endless;
    endless.push_back(here.pool().submit(never()));
    endless.push_back(simul::unsync(never)());
    endless.push_back(here.processes().submit(+[](int n) {
        std::this_thread::sleep_for(24h);
        return n;
    }, 1));
    simul::promise<int> kept;
    endless.push_back(kept.get_future());
    for (future<int>& each : endless)
        EXPECT_TRUE(each.cancel());
    std::size_t ended = 0;
    for (future<int>& each : simul::as_completed(endless))
        ended += each.cancelled() ? 1 : 0;
    EXPECT_EQ(ended, endless.size());
}

// ---- in coroutines

TEST(MixedFutures, ComeAsTheyAreCompletedInACoroutine)
{
    places here;
    simul::run([&]() -> task<> {
        auto flights = here.begin(0);
        flights.push_back(simul::spawn(plus_one_later(places::number)));
        auto done = simul::as_completed(flights);
        std::vector<int> results;
        while (auto* const next = co_await done.next())
            results.push_back(next->result());
        std::ranges::sort(results);
        EXPECT_EQ(results, one_to(places::number + 1));
    });
}

TEST(MixedFutures, AreWaitedForGatheredAndSelectedInACoroutine)
{
    places here;
    simul::run([&]() -> task<> {
        auto flights = here.begin(0);
        flights.push_back(simul::spawn(plus_one_later(places::number)));
        EXPECT_GE((co_await simul::wait(flights, simul::until::first_completed)).done.size(), 1u);
        const auto found = co_await simul::wait(flights);
        EXPECT_EQ(found.done.size(), flights.size());

        auto again = here.begin(0);
        again.push_back(simul::spawn(plus_one_later(places::number)));
        EXPECT_EQ(co_await simul::gather(again), one_to(places::number + 1));

        auto endless = simul::unsync(never)();
        auto winner = co_await simul::race(here.processes().submit(plus_one, 41), std::move(endless));
        EXPECT_EQ(std::get<0>(winner), 42);
    });
}

TEST(MixedFutures, AreWaitedForOnAPoolAndOnTheAmbientLoop)
{
    places here;
    const auto sum_of = [](std::vector<future<int>> flights) -> task<int> {
        auto done = simul::as_completed(flights);
        int sum = 0;
        while (auto* const next = co_await done.next())
            sum += next->result();
        co_return sum;
    };
    const int expected = places::number * (places::number + 1) / 2;
    EXPECT_EQ(here.pool().submit(sum_of(here.begin(0))).result(), expected);
    EXPECT_EQ(simul::unsync(sum_of)(here.begin(0)).result(), expected);
}

TEST(MixedFutures, AWaitThatTimesOutLeavesThemAlone)
{
    places here;
    simul::run([&]() -> task<> {
        auto flights = here.begin(0);
        flights.push_back(simul::unsync(never)());
        auto found = co_await simul::wait(flights, simul::until::all_completed, {.timeout = 1ms});
        EXPECT_GE(found.pending.size(), 1u);
        EXPECT_FALSE(flights.back().done());
        flights.back().cancel();
        found = co_await simul::wait(flights);
        EXPECT_EQ(found.done.size(), flights.size());
    });
}

TEST(MixedFutures, EachComesExactlyOnceUnderLoad)
{
    places here;
    for (int round = 0; round < 20; ++round) {
        std::vector<future<int>> flights;
        for (int i = 0; i < 5; ++i)
            for (future<int>& each : here.begin(i * places::number))
                flights.push_back(std::move(each));
        std::vector<int> results;
        if (round % 2 == 0) {
            for (future<int>& each : simul::as_completed(flights))
                results.push_back(each.result());
        } else {
            simul::run([&]() -> task<> {
                auto done = simul::as_completed(flights);
                while (auto* const next = co_await done.next())
                    results.push_back(next->result());
            });
        }
        std::ranges::sort(results);
        ASSERT_EQ(results, one_to(5 * places::number)) << "round " << round;
    }
}

TEST(MixedFutures, SeveralThreadsShareOneOrderOfCompletion)
{
    places here;
    auto flights = here.begin(0);
    auto order = simul::as_completed(flights);
    std::atomic<int> sum = 0;
    std::vector<std::thread> readers;
    for (int t = 0; t < 3; ++t)
        readers.emplace_back([&] {
            while (auto* const next = simul::block_on(order.next()))
                sum += next->result();
        });
    for (auto& each : readers)
        each.join();
    EXPECT_EQ(sum, places::number * (places::number + 1) / 2);
}

} // namespace
