// SPDX-License-Identifier: MIT
#include "outcome.hpp"

#include <simul/task/async_generator.hpp>
#include <simul/task/gather.hpp>
#include <simul/task/group.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/task_local.hpp>
#include <simul/task/timeout.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

namespace {

using namespace std::chrono_literals;
using namespace outcome;
using simul::task;

simul::task_local<std::string> label("-");
simul::task_local<std::shared_ptr<int>> kept;

task<std::string> relabel(std::string to)
{
    const std::string before = label.get();
    label.set(std::move(to));
    co_await simul::sleep(1s);
    co_return before + label.get();
}

TEST(TaskLocal, GivesItsFallbackUntilItIsSet)
{
    EXPECT_EQ(label.get(), "-");
    EXPECT_THROW(label.set("outside"), simul::invalid_state);
    simulate([]() -> task<> {
        EXPECT_EQ(label.get(), "-");
        label.set("main");
        co_await simul::sleep(1s);
        EXPECT_EQ(label.get(), "main");
    });
    EXPECT_EQ(label.get(), "-");
}

TEST(TaskLocal, IsSharedWithWhatIsAwaitedPlainly)
{
    simulate([]() -> task<> {
        label.set("a");
        EXPECT_EQ(co_await relabel("b"), "ab");
        EXPECT_EQ(label.get(), "b");
    });
}

TEST(TaskLocal, IsInheritedByWhatIsSpawnedAndNotHandedBack)
{
    simulate([]() -> task<> {
        label.set("a");
        auto first = simul::spawn(relabel("b"));
        auto second = simul::spawn(relabel("c"));
        label.set("d"); // after the spawn: not theirs
        EXPECT_EQ(co_await first, "ab");
        EXPECT_EQ(co_await second, "ac");
        EXPECT_EQ(label.get(), "d");
    });
}

TEST(TaskLocal, IsInheritedByBranchesAndMembersAndNotHandedBack)
{
    simulate([]() -> task<> {
        label.set("a");
        const auto [first, second] = co_await simul::gather(relabel("b"), relabel("c"));
        EXPECT_EQ(first + second, "abac");
        EXPECT_EQ(co_await simul::timeout(9s, relabel("e")), "ae");
        co_await simul::with_group([](simul::group& g) -> task<> {
            auto member = g.spawn(relabel("f"));
            EXPECT_EQ(co_await member, "af");
        });
        EXPECT_EQ(label.get(), "a");
    });
}

TEST(TaskLocal, LetsItsValueGoWithTheLastTaskThatSeesIt)
{
    simulate([]() -> task<> {
        const auto value = std::make_shared<int>(1);
        co_await simul::spawn([](std::shared_ptr<int> v) -> task<> {
            kept.set(std::move(v));
            simul::spawn([]() -> task<> {
                co_await simul::sleep(2s);
                EXPECT_EQ(*kept.get(), 1);
            }).detach();
            co_return;
        }(value));
        co_await simul::sleep(1s);
        EXPECT_GE(value.use_count(), 2);
        EXPECT_EQ(kept.get(), nullptr);
        co_await simul::sleep(2s);
        EXPECT_EQ(value.use_count(), 1);
    });
}

TEST(TaskLocal, IsOnesOwnWhoeverWakesOne)
{
    simulate([]() -> task<> {
        simul::promise<> wake;
        auto woken = wake.get_future();
        const auto sleeper = [](simul::future<>& at) -> task<std::string> {
            label.set("sleeper");
            co_await at;
            co_return label.get();
        };
        auto flight = simul::spawn(sleeper(woken));
        auto waker = simul::spawn([](simul::promise<>& writer) -> task<> {
            label.set("waker");
            co_await simul::sleep(1s);
            writer.set_value();
        }(wake));
        EXPECT_EQ(co_await flight, "sleeper");
        EXPECT_EQ(label.get(), "-");
        std::string in_callback;
        simul::loop::current().call_soon([&] {
            EXPECT_THROW(label.set("of nobody"), simul::invalid_state);
            in_callback = label.get();
        });
        label.set("main");
        co_await simul::yield();
        EXPECT_EQ(in_callback, "-");
    });
}

TEST(TaskLocal, OfWhoeverAsksIsSeenByAnAsyncGenerator)
{
    simulate([]() -> task<> {
        const auto labels = []() -> simul::async_generator<std::string> {
            for (;;) {
                co_yield label.get();
                co_await simul::yield();
            }
        };
        auto seen = labels();
        label.set("main");
        EXPECT_EQ(*co_await seen.next(), "main");
        EXPECT_EQ(co_await simul::spawn([](auto& from) -> task<std::string> {
            label.set("another");
            co_return (co_await from.next()).value();
        }(seen)), "another");
        EXPECT_EQ(*co_await seen.next(), "main");
        co_await seen.close();
    });
}

} // namespace
