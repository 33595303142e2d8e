// SPDX-License-Identifier: MIT
#include "outcome.hpp"

#include <simul/task/gather.hpp>
#include <simul/task/shield.hpp>
#include <simul/task/timeout.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace outcome;
using simul::task;

TEST(Shield, GivesTheResultOfWhatItShields)
{
    simulate([]() -> task<> {
        EXPECT_EQ(co_await simul::shield(value_after(1s, 3)), 3);
        EXPECT_EQ(co_await error_of(simul::shield(error_after(1s, "bad"))), "bad");
        co_await simul::shield([]() -> task<> { co_return; }());
        int here = 0;
        EXPECT_EQ(&co_await simul::shield([](int& at) -> task<int&> { co_return at; }(here)), &here);
        const auto make = []() -> task<std::unique_ptr<int>> { co_return std::make_unique<int>(8); };
        EXPECT_EQ(*co_await simul::shield(make()), 8);
        auto flight = simul::spawn(value_after(1s, 4));
        EXPECT_EQ(co_await simul::shield(flight), 4);
        EXPECT_EQ(co_await simul::shield(flight), 4);
    });
}

TEST(Shield, LetsATaskGoOnWhenItsWaiterIsCancelled)
{
    simulate([]() -> task<> {
        const auto written = std::make_shared<bool>(false);
        auto flight = simul::spawn([](std::shared_ptr<bool> w) -> task<> {
            co_await simul::shield([](std::shared_ptr<bool> in) -> task<> {
                co_await simul::sleep(5s);
                *in = true;
            }(w));
        }(written));
        co_await simul::sleep(1s);
        const auto begin = simul::now();
        flight.cancel();
        EXPECT_EQ(co_await error_of(std::move(flight)), "cancelled");
        EXPECT_EQ(simul::now(), begin);
        EXPECT_FALSE(*written);
        co_await simul::sleep(5s);
        EXPECT_TRUE(*written);
    });
}

TEST(Shield, LetsAFutureGoOnWhenItsWaiterIsCancelled)
{
    simulate([]() -> task<> {
        auto inner = simul::spawn(value_after(5s, 2));
        auto flight = simul::spawn([](simul::future<int>& i) -> task<int> { co_return co_await simul::shield(i); }(inner));
        co_await simul::sleep(1s);
        flight.cancel();
        EXPECT_EQ(co_await error_of(std::move(flight)), "cancelled");
        EXPECT_FALSE(inner.done());
        EXPECT_EQ(co_await inner, 2);
    });
}

TEST(Shield, RaisesCancelledWhenTheWorkItselfWasCancelled)
{
    simulate([]() -> task<> {
        auto inner = simul::spawn(value_after(5s, 2));
        simul::loop::current().call_later(1s, [&] { inner.cancel(); });
        EXPECT_TRUE(co_await raises<simul::cancelled>(simul::spawn([](simul::future<int>& i) -> task<> {
            co_await simul::shield(i);
        }(inner))));
        EXPECT_EQ(simul::this_task::cancelling(), 0);
    });
}

TEST(Shield, KeepsWorkAliveBehindATimeout)
{
    simulate([]() -> task<> {
        auto inner = simul::spawn(value_after(5s, 2));
        const auto wait = [](simul::future<int>& i) -> task<int> { co_return co_await simul::shield(i); };
        EXPECT_TRUE(co_await raises<simul::timeout_error>(simul::timeout(1s, wait(inner))));
        EXPECT_FALSE(inner.cancelled());
        EXPECT_EQ(co_await simul::timeout(10s, wait(inner)), 2);
    });
}

TEST(Shield, NestsWithGatherEitherWay)
{
    simulate([]() -> task<> {
        auto one = simul::spawn(value_after(5s, 1));
        auto two = simul::spawn(value_after(5s, 2));
        auto flight = simul::spawn([](simul::future<int>& a, simul::future<int>& b) -> task<> {
            const auto shielded = [](simul::future<int>& f) -> task<int> { co_return co_await simul::shield(f); };
            co_await simul::gather(shielded(a), b);
        }(one, two));
        co_await simul::sleep(1s);
        flight.cancel();
        EXPECT_EQ(co_await error_of(std::move(flight)), "cancelled");
        EXPECT_TRUE(two.cancelled());
        EXPECT_EQ(co_await one, 1);

        const auto done = std::make_shared<int>(0);
        const auto both = [](std::shared_ptr<int> d) -> task<> {
            const auto [a, b] = co_await simul::gather(value_after(2s, 1), value_after(3s, 2));
            *d = a + b;
        };
        EXPECT_TRUE(co_await raises<simul::timeout_error>(simul::timeout(1s, simul::shield(both(done)))));
        co_await simul::sleep(3s);
        EXPECT_EQ(*done, 3);
    });
}

TEST(Shield, ReportsAnErrorOnceWhenItsWaiterHasLeft)
{
    simulate([]() -> task<> {
        const reports heard;
        EXPECT_TRUE(co_await raises<simul::timeout_error>(simul::timeout(1s, simul::shield(error_after(2s, "lost")))));
        co_await simul::sleep(5s);
        EXPECT_EQ(heard.seen().size(), 1u);
        EXPECT_EQ(what(heard.seen().at(0).error), "lost");
    });
}

TEST(Shield, IsQuietAboutAnErrorThatSomebodyElseAsksFor)
{
    simulate([]() -> task<> {
        const reports heard;
        {
            auto inner = simul::spawn(error_after(2s, "seen"));
            const auto wait = [](simul::future<int>& i) -> task<int> { co_return co_await simul::shield(i); };
            EXPECT_TRUE(co_await raises<simul::timeout_error>(simul::timeout(1s, wait(inner))));
            EXPECT_EQ(co_await error_of(wait(inner)), "seen");
        }
        EXPECT_TRUE(heard.seen().empty());
    });
}

TEST(Shield, TenThousandCancelledOnesLeaveTheWorkAlone)
{
    simulate([]() -> task<> {
        auto inner = simul::spawn(value_after(100h, 2));
        for (int i = 0; i < 10'000; ++i) {
            const auto wait = [](simul::future<int>& f) -> task<int> { co_return co_await simul::shield(f); };
            EXPECT_TRUE(co_await raises<simul::timeout_error>(simul::timeout(1ms, wait(inner))));
        }
        EXPECT_FALSE(inner.done()); // and it must not come across the waiters that left
        EXPECT_EQ(co_await inner, 2);
    });
}

} // namespace
