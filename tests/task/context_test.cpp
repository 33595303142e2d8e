// SPDX-License-Identifier: MIT
//
// How a request to cancel travels from one line of work to those that it waits for.
#include "outcome.hpp"

#include <simul/run/dump_tasks.hpp>
#include <simul/run/run.hpp>
#include <simul/task/future.hpp>
#include <simul/task/gather.hpp>
#include <simul/task/group.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/this_task.hpp>

#include <gtest/gtest.h>

#include <source_location>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using outcome::simulate;
using simul::task;
using names = std::vector<std::string>;

task<> end_of_chain(std::vector<simul::future<>>& links, std::size_t mine)
{
    if (mine == 0)
        co_await simul::sleep(1h);
    else
        co_await links[mine - 1];
}

TEST(Context, AChainOfAHundredThousandSpawnedTasksIsCancelledFromItsEnd)
{
    simulate([]() -> task<> {
        constexpr std::size_t length = 100'000;
        std::vector<simul::future<>> links;
        links.reserve(length);
        for (std::size_t each = 0; each < length; ++each)
            links.push_back(simul::spawn(end_of_chain(links, each)));
        co_await simul::sleep(1s);
        links.back().cancel();
        co_await simul::sleep(1s);
        for (const simul::future<>& each : links)
            EXPECT_TRUE(each.cancelled());
    });
}

task<> nested(int depth)
{
    if (depth == 0)
        co_await simul::sleep(1h);
    else
        co_await simul::gather(nested(depth - 1));
}

TEST(Context, AGatherInAGatherTwentyThousandTimesIsCancelled)
{
    simulate([]() -> task<> {
        auto outermost = simul::spawn(nested(20'000));
        co_await simul::sleep(1s);
        outermost.cancel();
        co_await simul::sleep(1s);
        EXPECT_TRUE(outermost.cancelled());
    });
}

TEST(Context, BranchesAreAskedInTheOrderOfTheirCreationEachWithAllThatItWaitsFor)
{
    simulate([]() -> task<> {
        names ended;
        const auto sleeper = [](names& n, std::string name) -> task<> {
            try {
                co_await simul::sleep(1h);
            } catch (const simul::cancelled&) {
                n.push_back(name);
                throw;
            }
        };
        auto all = simul::spawn([&]() -> task<> {
            co_await simul::gather(simul::gather(sleeper(ended, "a"), sleeper(ended, "b")), sleeper(ended, "c"),
                                   simul::gather(sleeper(ended, "d"), sleeper(ended, "e")));
        });
        co_await simul::sleep(1s);
        all.cancel();
        co_await simul::sleep(1s);
        EXPECT_TRUE(all.cancelled());
        EXPECT_EQ(ended, (names{"a", "b", "c", "d", "e"}));
    });
}

TEST(Context, ACircleThroughAGatherIsCutWhereTheRequestComesRound)
{
    simulate([]() -> task<> {
        simul::future<> first;
        simul::future<> second = simul::spawn([](simul::future<>& other) -> task<> { co_await other; }, std::ref(first));
        first = simul::spawn(
            [](simul::future<>& other) -> task<> { co_await simul::gather(other, simul::sleep(1h)); }, std::ref(second));
        co_await simul::sleep(1s);
        first.cancel();
        co_await simul::sleep(1s);
        EXPECT_TRUE(first.cancelled());
        EXPECT_TRUE(second.cancelled());
    });
}

TEST(Context, AMemberThatAwaitsItsSiblingIsAskedOnceMore)
{
    simulate([]() -> task<> {
        int requests = 0;
        auto all = simul::spawn([&]() -> task<> {
            simul::future<> second; // the body may end before the sibling
            co_await simul::with_group([&](simul::group& g) -> task<> {
                second = g.spawn([](int& r) -> task<> {
                    try {
                        co_await simul::sleep(1h);
                    } catch (const simul::cancelled&) {
                        r = simul::this_task::cancelling();
                        throw;
                    }
                }, std::ref(requests));
                g.spawn([](simul::future<>& sibling) -> task<> { co_await sibling; }, std::ref<simul::future<>>(second));
                co_await simul::sleep(1h);
            });
        });
        co_await simul::sleep(1s);
        all.cancel();
        co_await simul::sleep(1s);
        EXPECT_TRUE(all.cancelled());
        EXPECT_EQ(requests, 2); // as a member, and by way of its sibling
    });
}

std::string line(int number) { return "context_test.cpp:" + std::to_string(number); }

TEST(Context, WhatIsSpawnedWithArgumentsIsNamedByItsCoroutine)
{
    simulate([]() -> task<> {
        const int here = __LINE__ + 1;
        const auto work = [](int) -> task<> { co_await simul::sleep(1s); };
        auto flight = simul::spawn(work, 1);
        EXPECT_EQ(flight.name(), line(here));
        co_await simul::with_group([&](simul::group& g) -> task<> {
            EXPECT_EQ(g.spawn(work, 1).name(), line(here));
            co_return;
        });
        co_await flight;
    });
}

TEST(Context, ADumpShowsNothingOfTheLibrarysOwnFrames)
{
    simulate([]() -> task<> {
        auto flight = simul::spawn(simul::sleep(1s));
        auto other = simul::spawn([](int) -> task<> { co_await simul::sleep(1s); }, 1);
        co_await simul::yield();
        const std::string dump = simul::dump_tasks();
        EXPECT_EQ(dump.find("awaitable.hpp"), std::string::npos) << dump;
        EXPECT_EQ(dump.find("spawn.hpp"), std::string::npos) << dump;
        EXPECT_EQ(dump.find("detail"), std::string::npos) << dump;
        co_await simul::gather(flight, other);
    });
}

} // namespace
