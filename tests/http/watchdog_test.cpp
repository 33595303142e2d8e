// SPDX-License-Identifier: MIT
#include "http/watchdog.hpp"

#include <simul/io/unix_socket.hpp>
#include <simul/task/this_task.hpp>
#include <simul/testing/clock.hpp>
#include <simul/testing/gtest.hpp>

#include <gtest/gtest.h>

#include <string_view>

namespace {

using namespace std::chrono_literals;
using simul::http::watchdog;
using simul::testing::elapsed;

simul::task<> end_of(simul::stream& one)
{
    try {
        while (co_await one.fetch())
            one.consume(one.buffered().size());
    } catch (const simul::closed_error&) {
    }
}

SIMUL_TEST(Watchdog, AbortsWhenTimeIsUpAndSaysWhy)
{
    auto [one, other] = simul::unix_::pair();
    watchdog limit(one);
    limit.set(10s, "too slow");
    EXPECT_EQ(limit.bitten(), nullptr);
    EXPECT_EQ(co_await elapsed(end_of(one)), 10s);
    CO_ASSERT_NE(limit.bitten(), nullptr);
    EXPECT_EQ(std::string_view(limit.bitten()), "too slow");
}

SIMUL_TEST(Watchdog, TheLastWordCounts)
{
    auto [one, other] = simul::unix_::pair();
    watchdog limit(one);
    limit.set(10s, "first");
    co_await simul::sleep(9s);
    limit.set(10s, "later");
    co_await simul::sleep(9s);
    limit.rest();
    co_await simul::sleep(100s);
    EXPECT_TRUE(one);
    limit.set(75s, "long");
    limit.set(10s, "sooner");
    EXPECT_EQ(co_await elapsed(end_of(one)), 10s);
    EXPECT_EQ(std::string_view(limit.bitten()), "sooner");
}

SIMUL_TEST(Watchdog, ZeroIsNoLimit)
{
    auto [one, other] = simul::unix_::pair();
    watchdog limit(one);
    limit.set(10s, "limit");
    limit.set(0s, "none");
    co_await simul::sleep(100s);
    EXPECT_TRUE(one);
    EXPECT_EQ(limit.bitten(), nullptr);
}

SIMUL_TEST(Watchdog, LeavesTheLoopWhenItGoes)
{
    auto [one, other] = simul::unix_::pair();
    {
        watchdog limit(one);
        limit.set(10s, "limit");
    }
    co_await simul::sleep(100s);
    EXPECT_TRUE(one);
}

} // namespace
