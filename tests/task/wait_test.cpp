// SPDX-License-Identifier: MIT
#include "flights.hpp"
#include "outcome.hpp"

#include <simul/task/future.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/timeout.hpp>
#include <simul/task/wait.hpp>

#include <gtest/gtest.h>

#include <list>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace outcome;
using flights::repeated;
using simul::future;
using simul::task;
using simul::until;

std::vector<future<int>> flights_of(std::initializer_list<task<int> (*)()> makers)
{
    std::vector<future<int>> all;
    for (auto* const make : makers)
        all.push_back(simul::spawn(make()));
    return all;
}

task<int> after_1s() { return value_after(1s, 1); }
task<int> after_2s() { return value_after(2s, 2); }
task<int> after_3s() { return value_after(3s, 3); }
task<int> fails_after_2s() { return error_after(2s, "bad"); }

TEST(Wait, ForAllGivesThemInTheOrderOfTheRange)
{
    simulate([]() -> task<> {
        auto flights = flights_of({after_3s, fails_after_2s, after_1s});
        const auto begin = simul::now();
        const auto [done, pending] = co_await simul::wait(flights);
        EXPECT_EQ(simul::now() - begin, 3s);
        EXPECT_EQ(done, (std::vector<future<int>*>{&flights[0], &flights[1], &flights[2]}));
        EXPECT_TRUE(pending.empty());
        EXPECT_EQ(what(flights[1].error()), "bad");
    });
}

TEST(Wait, ForTheFirstLeavesTheOthersRunning)
{
    simulate([]() -> task<> {
        auto flights = flights_of({after_3s, after_1s, after_2s});
        const auto [done, pending] = co_await simul::wait(flights, until::first_completed);
        EXPECT_EQ(done, (std::vector<future<int>*>{&flights[1]}));
        EXPECT_EQ(pending, (std::vector<future<int>*>{&flights[0], &flights[2]}));
        EXPECT_EQ(co_await flights[0], 3);
    });
}

TEST(Wait, ForTheFirstGivesAllThatEndedInTheSameTurn)
{
    simulate([]() -> task<> {
        auto flights = flights_of({after_1s, after_1s, after_1s});
        EXPECT_EQ((co_await simul::wait(flights, until::first_completed)).done.size(), 3u);
    });
}

TEST(Wait, GivesWhatIsDoneAlreadyAtOnce)
{
    simulate([]() -> task<> {
        auto flights = flights_of({after_1s, after_3s});
        co_await simul::sleep(2s);
        const auto begin = simul::now();
        EXPECT_EQ((co_await simul::wait(flights, until::first_completed)).done.size(), 1u);
        EXPECT_EQ(simul::now(), begin);
    });
}

TEST(Wait, ForTheFirstErrorIsForAllWhenThereIsNone)
{
    simulate([]() -> task<> {
        auto one_fails = flights_of({after_3s, fails_after_2s, after_1s});
        const auto at_error = co_await simul::wait(one_fails, until::first_error);
        EXPECT_EQ(at_error.done.size(), 2u);
        EXPECT_EQ(at_error.pending.size(), 1u);
        auto none_fails = flights_of({after_3s, after_2s});
        EXPECT_EQ((co_await simul::wait(none_fails, until::first_error)).done.size(), 2u);
    });
}

TEST(Wait, DoesNotCountACancellationAsAnError)
{
    simulate([]() -> task<> {
        auto flights = flights_of({after_3s, after_2s});
        flights[1].cancel();
        const auto begin = simul::now();
        EXPECT_EQ((co_await simul::wait(flights, until::first_error)).done.size(), 2u);
        EXPECT_EQ(simul::now() - begin, 3s);
    });
}

TEST(Wait, SeesAnErrorBesideACancellationInTheSameTurn)
{
    simulate([]() -> task<> {
        auto flights = flights_of({after_3s, fails_after_2s, after_3s});
        simul::loop::current().call_later(2s, [&] { flights[0].cancel(); });
        const auto [done, pending] = co_await simul::wait(flights, until::first_error);
        EXPECT_EQ(done.size(), 2u);
        EXPECT_EQ(pending.size(), 1u);
    });
}

TEST(Wait, NeverRaisesATimeoutAndNeverCancels)
{
    simulate([]() -> task<> {
        auto flights = flights_of({after_1s, after_3s});
        const auto begin = simul::now();
        auto at_once = co_await simul::wait(flights, until::all_completed, {.timeout = 0s});
        EXPECT_EQ(at_once.done.size(), 0u);
        EXPECT_EQ(at_once.pending.size(), 2u);
        EXPECT_EQ(simul::now(), begin);
        EXPECT_EQ((co_await simul::wait(flights, until::all_completed, {.timeout = -1s})).pending.size(), 2u);
        auto later = co_await simul::wait(flights, until::all_completed, {.timeout = 2s});
        EXPECT_EQ(simul::now() - begin, 2s);
        EXPECT_EQ(later.done.size(), 1u);
        EXPECT_FALSE(flights[1].done());
        EXPECT_EQ(co_await flights[1], 3);
    });
}

TEST(Wait, TakesNothingFromItsFuturesWhenItIsCancelledItself)
{
    simulate([]() -> task<> {
        auto flights = flights_of({after_2s, after_3s});
        auto waiter = simul::spawn([](std::vector<future<int>>& f) -> task<> { co_await simul::wait(f); }(flights));
        co_await simul::sleep(1s);
        waiter.cancel();
        EXPECT_EQ(co_await error_of(std::move(waiter)), "cancelled");
        EXPECT_FALSE(flights[0].done());
        EXPECT_EQ(co_await flights[0], 2);
        EXPECT_EQ(co_await flights[1], 3);
    });
}

TEST(Wait, GivesItsResultWhenTheRequestComesTooLate)
{
    simulate([]() -> task<> {
        std::vector<future<int>> told;
        simul::promise<int> by_hand;
        told.push_back(by_hand.get_future());
        std::size_t got = 0;
        auto waiter = simul::spawn([](std::vector<future<int>>& f, std::size_t& g) -> task<> {
            g = (co_await simul::wait(f)).done.size();
            co_await simul::sleep(1s);
            g = 0;
        }(told, got));
        co_await simul::sleep(1s);
        by_hand.set_value(1);
        co_await simul::yield(); // the watcher has run, the waiter may have
        waiter.cancel();
        EXPECT_EQ(co_await error_of(std::move(waiter)), "cancelled");
        EXPECT_EQ(got, 1u);
    });
}

TEST(Wait, RefusesAnEmptyRange)
{
    simulate([]() -> task<> {
        std::vector<future<int>> none;
        std::string why;
        try {
            co_await simul::wait(none);
        } catch (const simul::error& e) {
            why = e.what();
        }
        EXPECT_NE(why.find("no future"), std::string::npos) << why;
    });
}

TEST(Wait, TakesAnyRangeAndEndsManyTimesOverTheSameFutures)
{
    simulate([]() -> task<> {
        std::list<future<int>> flights;
        flights.push_back(simul::spawn(after_1s()));
        flights.push_back(simul::spawn(value_after(100h, 9)));
        for (int i = 0; i < 10'000; ++i)
            co_await simul::wait(flights, until::all_completed, {.timeout = 1ms});
        EXPECT_EQ((co_await simul::wait(flights, until::all_completed)).done.size(), 2u);
    });
}

TEST(Wait, TakesAFutureThatIsGivenTwiceForTwo)
{
    simulate([]() -> task<> {
        for (const until when : {until::all_completed, until::first_completed, until::first_error}) {
            repeated twice(2, flights_of({after_1s, after_2s}));
            const auto begin = simul::now();
            const auto [done, pending] = co_await simul::wait(twice, when);
            const bool first = when == until::first_completed;
            EXPECT_EQ(simul::now() - begin, first ? 1s : 2s);
            EXPECT_EQ(done.size(), first ? 2u : 4u);
            EXPECT_EQ(done[0], done[1]);
            EXPECT_EQ(pending.size(), first ? 2u : 0u);
        }
        repeated left(2, flights_of({after_1s}));
        EXPECT_EQ((co_await simul::wait(left, until::all_completed, {.timeout = 1ms})).pending.size(), 2u);
        EXPECT_EQ(co_await left.all[0], 1);
    });
}

TEST(Wait, MayHaveALimitFromOutside)
{
    simulate([]() -> task<> {
        auto flights = flights_of({after_3s});
        const auto all = [](std::vector<future<int>>& f) -> task<> { co_await simul::wait(f); };
        EXPECT_TRUE(co_await raises<simul::timeout_error>(simul::timeout(1s, all(flights))));
        EXPECT_EQ(co_await flights[0], 3);
    });
}

TEST(Wait, SeesFuturesThatAreCompletedInOtherThreads)
{
    simul::run([]() -> task<> {
        for (int round = 0; round < 200; ++round) {
            flights::completed_elsewhere told(8);
            const bool first = round % 2 == 0;
            const auto found = co_await simul::wait(told.all, first ? until::first_completed : until::all_completed);
            EXPECT_GE(found.done.size(), first ? 1u : 8u);
        }
    });
}

TEST(Wait, SeesAFutureThatIsGivenTwiceAndCompletedInAnotherThread)
{
    simul::run([]() -> task<> {
        for (int round = 0; round < 200; ++round) {
            flights::completed_elsewhere told(2);
            repeated twice(2, std::move(told.all));
            EXPECT_EQ((co_await simul::wait(twice)).done.size(), 4u);
        }
    });
}

TEST(Wait, TakesFuturesOfSeveralLoops)
{
    simul::run([]() -> task<> {
        simul::promise<future<int>> handed_over;
        auto theirs = handed_over.get_future();
        std::thread other([&] {
            simul::run([&]() -> task<> {
                auto flight = simul::spawn(value_after(5ms, 5)); // real time: two loops
                handed_over.set_value(std::move(flight));
                co_await simul::sleep(20ms);
            });
        });
        std::vector<future<int>> mixed;
        mixed.push_back(co_await std::move(theirs));
        mixed.push_back(simul::spawn(value_after(1ms, 6)));
        EXPECT_EQ((co_await simul::wait(mixed)).done.size(), 2u);
        EXPECT_EQ(mixed[0].result() + mixed[1].result(), 11);
        other.join();
    });
}

} // namespace
