// SPDX-License-Identifier: MIT
#include "outcome.hpp"

#include <simul/task/retry.hpp>
#include <simul/task/spawn.hpp>

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace {

using namespace std::chrono_literals;
using namespace outcome;
using simul::task;

/// Fails so often; then gives the number of the attempt.
auto failing(int times, int& attempts)
{
    return [times, &attempts]() -> task<int> {
        if (++attempts <= times)
            throw std::runtime_error("attempt " + std::to_string(attempts));
        co_return attempts;
    };
}

TEST(Retry, TriesAgainUntilItWorks)
{
    simulate([]() -> task<> {
        int attempts = 0;
        const auto begin = simul::now();
        EXPECT_EQ(co_await simul::retry(failing(0, attempts)), 1);
        EXPECT_EQ(simul::now(), begin);
        attempts = 0;
        EXPECT_EQ(co_await simul::retry(failing(2, attempts)), 3);
    });
}

TEST(Retry, RaisesTheLastErrorAfterItsAttempts)
{
    simulate([]() -> task<> {
        int attempts = 0;
        EXPECT_EQ(co_await error_of(simul::retry(failing(9, attempts), {.attempts = 4})), "attempt 4");
        EXPECT_EQ(attempts, 4);
        attempts = 0;
        EXPECT_EQ(co_await error_of(simul::retry(failing(9, attempts), {.attempts = 1})), "attempt 1");
    });
}

TEST(Retry, WaitsARandomTimeUpToABackoffThatDoublesUpToItsLongest)
{
    simul::duration total{};
    for (std::uint64_t seed = 1; seed <= 50; ++seed)
        simulate([&total]() -> task<> {
            std::vector<simul::time_point> at;
            const auto fails = [&]() -> task<> {
                at.push_back(simul::now());
                throw std::runtime_error("no"), co_await simul::yield();
            };
            static_cast<void>(co_await error_of(simul::retry(fails, {.attempts = 6, .backoff = 100ms, .longest = 500ms})));
            EXPECT_EQ(at.size(), 6u);
            const simul::duration bounds[] = {100ms, 200ms, 400ms, 500ms, 500ms};
            for (std::size_t i = 0; i + 1 < at.size(); ++i)
                EXPECT_LE(at[i + 1] - at[i], bounds[i]) << i;
            total += at.back() - at.front();
        }, seed);
    EXPECT_GT(total, 50 * 425ms); // half of the sum of the bounds is 850 ms
    EXPECT_LT(total, 50 * 1275ms);
}

TEST(Retry, AsksWhetherAnErrorIsWorthIt)
{
    simulate([]() -> task<> {
        int attempts = 0;
        EXPECT_EQ(co_await error_of(simul::retry(failing(9, attempts), {.attempts = 9, .when = [](const std::exception_ptr& e) {
            return what(e) != "attempt 2";
        }})), "attempt 2");
    });
}

TEST(Retry, NeverRetriesACancellation)
{
    simulate([]() -> task<> {
        int attempts = 0;
        const auto sleeps = [&]() -> task<> {
            ++attempts;
            co_await simul::sleep(1h);
        };
        auto flight = simul::spawn(simul::retry(sleeps, {.attempts = 9}));
        co_await simul::sleep(1s);
        flight.cancel();
        EXPECT_EQ(co_await error_of(std::move(flight)), "cancelled");
        EXPECT_EQ(attempts, 1);
    });
}

TEST(Retry, CanBeCancelledBetweenAttempts)
{
    simulate([]() -> task<> {
        int attempts = 0;
        auto flight = simul::spawn(simul::retry(failing(9, attempts), {.attempts = 9, .backoff = 24h * 365, .longest = 24h * 365}));
        co_await simul::sleep(1us);
        flight.cancel();
        EXPECT_EQ(co_await error_of(std::move(flight)), "cancelled");
        EXPECT_EQ(attempts, 1);
    });
}

TEST(Retry, RefusesOptionsThatMakeNoSense)
{
    int attempts = 0;
    EXPECT_THROW(static_cast<void>(simul::retry(failing(0, attempts), {.attempts = 0})), simul::error);
    EXPECT_THROW(static_cast<void>(simul::retry(failing(0, attempts), {.backoff = -1s})), simul::error);
    EXPECT_THROW(static_cast<void>(simul::retry(failing(0, attempts), {.longest = -1s})), simul::error);
    EXPECT_EQ(attempts, 0);
}

TEST(Retry, GrowsItsBackoffWithoutOverflow)
{
    simulate([]() -> task<> {
        const simul::retry_options options{.backoff = 24h * 365 * 100, .longest = simul::duration::max()};
        for (int failures = 0; failures < 100; ++failures)
            EXPECT_GE(simul::detail::full_jitter(options, failures), 0s);
        co_return;
    });
}

TEST(Retry, WithoutABackoffTriesAgainAtOnce)
{
    simulate([]() -> task<> {
        int attempts = 0;
        const auto begin = simul::now();
        const auto third_time_lucky = [&]() -> task<int> {
            if (++attempts < 3)
                throw std::runtime_error("not yet");
            co_return attempts;
        };
        EXPECT_EQ(co_await simul::retry(third_time_lucky, {.backoff = 0s}), 3);
        EXPECT_EQ(simul::now(), begin);
    });
}

} // namespace
