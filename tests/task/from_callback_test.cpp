// SPDX-License-Identifier: MIT
#include "outcome.hpp"

#include <simul/task/from_callback.hpp>
#include <simul/task/spawn.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

namespace {

using namespace std::chrono_literals;
using namespace outcome;
using simul::task;

TEST(FromCallback, GivesWhatTheCallbackIsToldAtOnce)
{
    simulate([]() -> task<> {
        EXPECT_EQ(co_await simul::from_callback<int>([](simul::promise<int> done) { done.set_value(3); }), 3);
        co_await simul::from_callback<void>([](simul::promise<> done) { done.set_value(); });
        EXPECT_EQ(co_await error_of(simul::from_callback<int>([](simul::promise<int> done) {
            done.set_error(std::make_exception_ptr(std::runtime_error("told")));
        })), "told");
    });
}

TEST(FromCallback, GivesWhatTheCallbackIsToldLater)
{
    simulate([]() -> task<> {
        std::optional<simul::promise<std::unique_ptr<int>>> later;
        simul::loop::current().call_later(1s, [&] { later->set_value(std::make_unique<int>(4)); });
        const auto begin = simul::now();
        EXPECT_EQ(*co_await simul::from_callback<std::unique_ptr<int>>([&](auto done) { later = std::move(done); }), 4);
        EXPECT_EQ(simul::now() - begin, 1s);
    });
}

TEST(FromCallback, GivesWhatAnotherThreadTells)
{
    simul::run([]() -> task<> {
        for (int i = 0; i < 100; ++i) {
            std::thread other;
            EXPECT_EQ(co_await simul::from_callback<int>([&](simul::promise<int> done) {
                other = std::thread([i, d = std::move(done)]() mutable { d.set_value(i); });
            }), i);
            other.join();
        }
    });
}

TEST(FromCallback, RaisesClosedErrorWhenNobodyCanTellAnyMore)
{
    simulate([]() -> task<> {
        EXPECT_TRUE(co_await raises<simul::closed_error>(simul::from_callback<int>([](simul::promise<int>) {})));
    });
}

TEST(FromCallback, RaisesWhatTheFunctionThrows)
{
    simulate([]() -> task<> {
        EXPECT_EQ(co_await error_of(simul::from_callback<int>([](simul::promise<int>) {
            throw std::runtime_error("could not begin");
        })), "could not begin");
    });
}

TEST(FromCallback, RefusesANullFunctionAtTheCall)
{
    EXPECT_THROW(static_cast<void>(simul::from_callback<int>(std::function<void(simul::promise<int>)>())), simul::error);
}

TEST(FromCallback, EndsAtOnceWhenCancelledAndIgnoresWhatComesAfterThat)
{
    simulate([]() -> task<> {
        std::optional<simul::promise<int>> later;
        auto flight = simul::spawn(simul::from_callback<int>([&](auto done) { later = std::move(done); }));
        co_await simul::sleep(1s);
        flight.cancel();
        const auto begin = simul::now();
        EXPECT_EQ(co_await error_of(std::move(flight)), "cancelled");
        EXPECT_EQ(simul::now(), begin);
        EXPECT_TRUE(later->cancelled());
        EXPECT_FALSE(later->set_value(1));
    });
}

} // namespace
