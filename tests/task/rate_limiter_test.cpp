// SPDX-License-Identifier: MIT
#include "laws.hpp"

#include <simul/task/rate_limiter.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using laws::is_a;
using laws::settle;
using laws::simulate;
using simul::future;
using simul::rate_limiter;
using simul::spawn;
using simul::task;

/// Notes when it got through, in ms since `begin`.
task<> pass(rate_limiter& limit, std::uint32_t count, std::vector<double>& log, simul::time_point begin)
{
    co_await limit.acquire(count);
    log.push_back(std::chrono::duration<double, std::milli>(simul::now() - begin).count());
}

TEST(RateLimiter, LetsABurstThroughAtOnceAndTheRestOneByOne)
{
    simulate([]() -> task<> {
        rate_limiter limit({.rate = 10, .per = 1s, .burst = 3});
        const auto begin = simul::now();
        std::vector<double> log;
        for (int i = 0; i < 6; ++i)
            co_await pass(limit, 1, log, begin);
        EXPECT_EQ(log, (std::vector<double>{0, 0, 0, 100, 200, 300}));
        co_await simul::sleep(10s); // fills up, and not beyond the burst
        EXPECT_EQ(limit.available(), 3U);
        log.clear();
        for (int i = 0; i < 4; ++i)
            co_await pass(limit, 1, log, begin);
        EXPECT_EQ(log, (std::vector<double>{10300, 10300, 10300, 10400}));
    });
}

TEST(RateLimiter, TheBurstIsTheRateUnlessItIsGiven)
{
    simulate([]() -> task<> {
        rate_limiter limit({.rate = 5, .per = 1s});
        EXPECT_EQ(limit.available(), 5U);
        EXPECT_TRUE(limit.try_acquire(5));
        EXPECT_FALSE(limit.try_acquire());
        co_await simul::sleep(200ms);
        EXPECT_TRUE(limit.try_acquire());
        EXPECT_FALSE(limit.try_acquire());
    });
}

TEST(RateLimiter, NeverDriftsWhenTheRateDoesNotDivideTheTime)
{
    simulate([]() -> task<> {
        rate_limiter limit({.rate = 3, .per = 1s, .burst = 1});
        const auto begin = simul::now();
        for (int i = 0; i < 3001; ++i)
            co_await limit.acquire();
        const auto took = simul::now() - begin;
        EXPECT_GE(took, 1000s);
        EXPECT_LE(took, 1000s + 1us);
    });
}

TEST(RateLimiter, ServesInTheOrderOfArrivalAndWhoWantsFewCantOvertakeWhoWantsMany)
{
    simulate([]() -> task<> {
        rate_limiter limit({.rate = 10, .per = 1s, .burst = 5});
        const auto begin = simul::now();
        EXPECT_TRUE(limit.try_acquire(4));
        std::vector<double> log;
        auto many = spawn(pass(limit, 5, log, begin));
        co_await simul::yield();
        auto few = spawn(pass(limit, 1, log, begin));
        co_await settle();
        EXPECT_FALSE(limit.try_acquire()); // there is one, and it is not for newcomers
        EXPECT_EQ(limit.available(), 1U);
        co_await many;
        co_await few;
        EXPECT_EQ(log, (std::vector<double>{400, 500}));
    });
}

TEST(RateLimiter, ACancelledWaiterTakesNothingAndThoseBehindMoveUp)
{
    simulate([]() -> task<> {
        rate_limiter limit({.rate = 10, .per = 1s, .burst = 5});
        const auto begin = simul::now();
        EXPECT_TRUE(limit.try_acquire(4));
        std::vector<double> log;
        auto many = spawn(pass(limit, 5, log, begin));
        co_await simul::yield();
        auto one = spawn(pass(limit, 1, log, begin));
        auto two = spawn(pass(limit, 2, log, begin));
        co_await simul::sleep(100ms);
        many.cancel(); // two tokens are there now
        co_await one;
        co_await two;
        EXPECT_TRUE(many.cancelled());
        EXPECT_EQ(log, (std::vector<double>{100, 200}));
    });
}

TEST(RateLimiter, AWaiterThatIsCancelledAfterItWasServedHasItsToken)
{
    simulate([]() -> task<> {
        rate_limiter limit({.rate = 1, .per = 1s});
        EXPECT_TRUE(limit.try_acquire());
        bool through = false;
        auto waiter = spawn([&]() -> task<> {
            co_await limit.acquire();
            through = true;
        });
        auto canceller = spawn([&]() -> task<> {
            co_await simul::sleep_until(simul::now() + 1s); // set after the limiter's timer, so it fires behind it
            waiter.cancel();
        });
        co_await canceller;
        co_await settle();
        EXPECT_TRUE(through);
    });
}

TEST(RateLimiter, RefusesWhatWouldNeverCome)
{
    EXPECT_THROW(rate_limiter({.rate = 0}), simul::error);
    EXPECT_THROW(rate_limiter({.rate = 1, .per = 0s}), simul::error);
    EXPECT_THROW(rate_limiter({.rate = 1, .per = -1s}), simul::error);
    rate_limiter limit({.rate = 2, .burst = 3});
    EXPECT_THROW(static_cast<void>(limit.acquire(4)), simul::error);
    EXPECT_THROW(limit.try_acquire(4), simul::error);
    EXPECT_TRUE(limit.try_acquire(3));
}

TEST(RateLimiter, TellsItsWaitersWhenItIsDestroyed)
{
    simulate([]() -> task<> {
        auto limit = std::make_unique<rate_limiter>(simul::rate_limit{.rate = 1, .per = 1h});
        EXPECT_TRUE(limit->try_acquire());
        auto one = spawn(limit->acquire());
        auto two = spawn(limit->acquire());
        co_await settle();
        limit.reset();
        co_await settle();
        EXPECT_TRUE(is_a<simul::invalid_state>(one.error()));
        EXPECT_TRUE(is_a<simul::invalid_state>(two.error()));
    });
}

TEST(RateLimiter, MayBeDestroyedBeforeWhomItServedRuns)
{
    simulate([]() -> task<> {
        auto limit = std::make_unique<rate_limiter>(simul::rate_limit{.rate = 1, .per = 1s});
        EXPECT_TRUE(limit->try_acquire());
        auto one = spawn(limit->acquire());
        auto two = spawn(limit->acquire());
        co_await simul::yield();
        co_await simul::sleep(1s);
        limit.reset();
        co_await settle();
        EXPECT_FALSE(one.error());
        EXPECT_TRUE(is_a<simul::invalid_state>(two.error()));
    });
}

TEST(RateLimiter, PassesOverAWaiterWhoseLoopWasClosed)
{
    simul::loop closes({.backend = simul::backend::sim});
    closes.set_error_handler([](const simul::problem&) {});
    simul::loop stays({.backend = simul::backend::sim});
    rate_limiter limit({.rate = 1, .per = 1s});
    std::vector<double> log;
    auto first = closes.launch([](rate_limiter& at) -> task<> {
        EXPECT_TRUE(at.try_acquire());
        co_await at.acquire();
    }(limit));
    closes.run_once();
    auto second = stays.launch(pass(limit, 1, log, stays.now()));
    stays.run_once();
    closes.close();
    stays.run_until_complete(std::move(second)); // it has moved up, and has a timer
    EXPECT_EQ(log, std::vector<double>{1000});
}

TEST(RateLimiter, PassesOverAWaiterWhoseLoopWasClosedJustWhenItBecameTheFirst)
{
    simul::loop closes({.backend = simul::backend::sim});
    closes.set_error_handler([](const simul::problem&) {});
    simul::loop stays({.backend = simul::backend::sim});
    rate_limiter limit({.rate = 1, .per = 1s});
    std::vector<double> log;
    auto first = stays.launch([](rate_limiter& at) -> task<> {
        EXPECT_TRUE(at.try_acquire());
        co_await at.acquire();
    }(limit));
    stays.run_once();
    auto second = closes.launch([](rate_limiter& at) -> task<> { co_await at.acquire(); }(limit));
    closes.run_once();
    auto third = stays.launch(pass(limit, 1, log, stays.now()));
    stays.run_once();
    first.cancel();
    stays.call_soon([] {});
    stays.run_once();
    closes.close(); // the second was told to look at the clock, and never did
    stays.run_until_complete(std::move(third));
    EXPECT_EQ(log, std::vector<double>{1000});
}

/// Over any time no more than the burst and what came in; and as soon as that allows.
TEST(RateLimiter, SurvivesRandomSchedules)
{
    laws::for_each_seed([](std::uint64_t seed) -> task<> {
        laws::source random(seed);
        const auto rate = static_cast<std::uint32_t>(1 + random.below(7));
        const auto burst = static_cast<std::uint32_t>(1 + random.below(4));
        rate_limiter limit({.rate = rate, .per = 1s, .burst = burst});
        const auto begin = simul::now();
        struct passage {
            simul::time_point when;
            std::uint32_t count;
        };
        std::vector<passage> passed;
        std::vector<future<>> tasks;
        std::vector<int> order;
        for (int step = 0; step < 15; ++step) {
            const auto count = static_cast<std::uint32_t>(1 + random.below(static_cast<int>(burst)));
            tasks.push_back(spawn([&, count, step]() -> task<> {
                co_await limit.acquire(count);
                passed.push_back({simul::now(), count});
                order.push_back(step);
            }));
            co_await settle(); // it stands in the queue
            if (random.one_in(3))
                co_await simul::sleep(std::chrono::milliseconds(random.below(500)));
            if (random.one_in(3))
                tasks[static_cast<std::size_t>(random.below(static_cast<int>(tasks.size())))].cancel();
        }
        for (auto& each : tasks) {
            try {
                co_await each;
            } catch (const simul::cancelled&) {
            }
        }
        for (std::size_t i = 1; i < passed.size(); ++i)
            EXPECT_LE(passed[i - 1].when, passed[i].when);
        for (std::size_t i = 0; i < passed.size(); ++i) {
            std::uint64_t total = 0;
            for (std::size_t j = i; j < passed.size(); ++j) {
                total += passed[j].count;
                const double span = std::chrono::duration<double>(passed[j].when - passed[i].when).count();
                EXPECT_LE(static_cast<double>(total), burst + rate * span + 1e-6);
            }
        }
        EXPECT_LE(simul::now() - begin, 15 * 4 * 1s + 15 * 500ms);
    });
}

TEST(RateLimiter, TwoThreadsShareOneAndKeepTheRate)
{
    rate_limiter limit({.rate = 20'000, .per = 1s, .burst = 10});
    std::atomic<int> through = 0;
    const auto begin = simul::clock::now();
    laws::run_in_two_threads([&](int thread) -> task<> {
        through += co_await laws::many(thread, 2000, [&](laws::source& random) -> task<> {
            co_await limit.acquire(static_cast<std::uint32_t>(1 + random.below(3)));
        });
    });
    const double took = std::chrono::duration<double>(simul::clock::now() - begin).count();
    EXPECT_GT(through, 2000);
    EXPECT_LE(through, 10 + 20'000 * took);
}

} // namespace
