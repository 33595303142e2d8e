// SPDX-License-Identifier: MIT
#include "flights.hpp"
#include "outcome.hpp"

#include <simul/task/as_completed.hpp>
#include <simul/task/future.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/timeout.hpp>

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace outcome;
using simul::future;
using simul::task;

std::vector<future<int>> staggered(int number)
{
    std::vector<future<int>> all;
    for (int i = 0; i < number; ++i)
        all.push_back(simul::spawn(value_after(std::chrono::seconds(number - i), i)));
    return all;
}

TEST(AsCompleted, GivesTheVeryFuturesInTheOrderInWhichTheyEnd)
{
    simulate([]() -> task<> {
        auto flights = staggered(3);
        auto done = simul::as_completed(flights);
        std::vector<future<int>*> order;
        while (auto* const flight = co_await done.next()) {
            EXPECT_TRUE(flight->done());
            order.push_back(flight);
        }
        EXPECT_EQ(order, (std::vector<future<int>*>{&flights[2], &flights[1], &flights[0]}));
        EXPECT_EQ(co_await done.next(), nullptr);
    });
}

TEST(AsCompleted, OfNothingEndsAtOnce)
{
    simulate([]() -> task<> {
        std::vector<future<int>> none;
        auto done = simul::as_completed(none);
        EXPECT_EQ(co_await done.next(), nullptr);
        EXPECT_EQ(done.begin(), done.end());
    });
}

TEST(AsCompleted, GivesThoseThatFailedAndThoseThatWereCancelledToo)
{
    simulate([]() -> task<> {
        std::vector<future<int>> flights;
        flights.push_back(simul::spawn(error_after(1s, "bad")));
        flights.push_back(simul::spawn(value_after(1h, 0)));
        flights.push_back(simul::spawn(value_after(2s, 2)));
        simul::loop::current().call_later(3s, [&] { flights[1].cancel(); });
        auto done = simul::as_completed(flights);
        EXPECT_EQ(what((co_await done.next())->error()), "bad");
        EXPECT_EQ((co_await done.next())->result(), 2);
        EXPECT_TRUE((co_await done.next())->cancelled());
        EXPECT_EQ(co_await done.next(), nullptr);
    });
}

TEST(AsCompleted, GivesWhatWasDoneBeforeFirst)
{
    simulate([]() -> task<> {
        auto flights = staggered(3);
        co_await simul::sleep(2500ms);
        auto done = simul::as_completed(flights);
        EXPECT_EQ(co_await done.next(), &flights[1]); // in the order of the range
        EXPECT_EQ(co_await done.next(), &flights[2]);
        EXPECT_EQ(co_await done.next(), &flights[0]);
    });
}

TEST(AsCompleted, LosesNothingWhenANextIsCancelled)
{
    simulate([]() -> task<> {
        auto flights = staggered(2);
        auto done = simul::as_completed(flights);
        const auto next = [](auto& d) -> task<future<int>*> { co_return co_await d.next(); };
        auto asking = simul::spawn(next(done));
        co_await simul::yield();
        asking.cancel();
        EXPECT_EQ(co_await error_of(std::move(asking)), "cancelled");
        EXPECT_EQ(co_await done.next(), &flights[1]);
        EXPECT_EQ(co_await done.next(), &flights[0]);
    });
}

TEST(AsCompleted, GivesTheFutureWhenTheRequestComesTooLate)
{
    simulate([]() -> task<> {
        simul::promise<int> by_hand;
        std::vector<future<int>> told;
        told.push_back(by_hand.get_future());
        auto done = simul::as_completed(told);
        future<int>* got = nullptr;
        auto asking = simul::spawn([](auto& d, future<int>*& g) -> task<> {
            g = co_await d.next();
            co_await simul::sleep(1s);
            g = nullptr;
        }(done, got));
        co_await simul::sleep(1s);
        by_hand.set_value(1);
        asking.cancel();
        EXPECT_EQ(co_await error_of(std::move(asking)), "cancelled");
        EXPECT_EQ(got, &told[0]);
    });
}

TEST(AsCompleted, GoesOnAfterATimeout)
{
    simulate([]() -> task<> {
        auto flights = staggered(3);
        auto done = simul::as_completed(flights);
        EXPECT_EQ(co_await simul::timeout(1500ms, done.next()), &flights[2]);
        for (int i = 0; i < 3; ++i)
            EXPECT_TRUE(co_await raises<simul::timeout_error>(simul::timeout(10ms, done.next())));
        EXPECT_EQ(co_await simul::timeout(10s, done.next()), &flights[1]);
        EXPECT_EQ(co_await done.next(), &flights[0]);
    });
}

TEST(AsCompleted, MayBeAskedByManyAndAnswersThemInOrder)
{
    simulate([]() -> task<> {
        auto flights = staggered(3);
        auto done = simul::as_completed(flights);
        const auto next = [](auto& d) -> task<future<int>*> { co_return co_await d.next(); };
        auto first = simul::spawn(next(done));
        auto second = simul::spawn(next(done));
        auto third = simul::spawn(next(done));
        EXPECT_EQ(co_await first, &flights[2]);
        EXPECT_EQ(co_await second, &flights[1]);
        EXPECT_EQ(co_await third, &flights[0]);
    });
}

TEST(AsCompleted, AnswersEveryoneWhoAsksForMoreThanThereIs)
{
    simulate([]() -> task<> {
        auto flights = staggered(1);
        auto done = simul::as_completed(flights);
        const auto next = [](auto& d) -> task<future<int>*> { co_return co_await d.next(); };
        auto first = simul::spawn(next(done));
        auto second = simul::spawn(next(done));
        EXPECT_EQ(co_await first, &flights[0]);
        EXPECT_EQ(co_await simul::timeout(10s, second), nullptr);
    });
}

TEST(AsCompleted, GivesAFutureAsOftenAsItIsThere)
{
    simulate([]() -> task<> {
        flights::repeated thrice(3, staggered(1));
        auto done = simul::as_completed(thrice);
        for (int i = 0; i < 3; ++i)
            EXPECT_EQ(co_await done.next(), &thrice.all[0]);
        EXPECT_EQ(co_await done.next(), nullptr);
    });
}

TEST(AsCompleted, MayBeLeftEarly)
{
    simulate([]() -> task<> {
        auto flights = staggered(3);
        {
            auto done = simul::as_completed(flights);
            EXPECT_EQ(co_await done.next(), &flights[2]);
        }
        EXPECT_EQ(co_await flights[0], 0);
    });
}

TEST(AsCompleted, BlocksAPlainThread)
{
    std::array<simul::promise<int>, 3> promises;
    std::vector<future<int>> told;
    for (auto& each : promises)
        told.push_back(each.get_future());
    auto done = simul::as_completed(told); // before the first of them is
    std::thread other([&] {
        for (const int i : {1, 2, 0}) {
            std::this_thread::sleep_for(1ms); // real time: two threads
            promises.at(i).set_value(i);
        }
    });
    std::vector<int> order;
    for (future<int>& each : done)
        order.push_back(each.result());
    other.join();
    EXPECT_EQ(order, (std::vector<int>{1, 2, 0}));
}

TEST(AsCompleted, RefusesToBlockALoop)
{
    simulate([]() -> task<> {
        auto flights = staggered(1);
        auto done = simul::as_completed(flights);
        EXPECT_THROW(static_cast<void>(done.begin()), simul::deadlock_error);
        EXPECT_EQ(co_await done.next(), &flights[0]);
    });
}

TEST(AsCompleted, SeesFuturesThatAreCompletedInOtherThreads)
{
    simul::run([]() -> task<> {
        for (int round = 0; round < 200; ++round) {
            flights::completed_elsewhere told(8);
            auto done = simul::as_completed(told.all);
            int sum = 0;
            while (auto* const each = co_await done.next())
                sum += each->result();
            EXPECT_EQ(sum, 8);
        }
    });
}

TEST(AsCompleted, MayBeLeftWhileAnotherThreadCompletesWhatItWatches)
{
    simul::run([]() -> task<> {
        for (int round = 0; round < 200; ++round) {
            flights::completed_elsewhere told(8);
            auto done = simul::as_completed(told.all);
            for (int i = 0; i < round % 4; ++i)
                EXPECT_NE(co_await done.next(), nullptr);
        }
    });
}

} // namespace
