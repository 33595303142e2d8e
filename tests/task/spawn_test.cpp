// SPDX-License-Identifier: MIT
#include "outcome.hpp"

#include <simul/run/loop.hpp>
#include <simul/run/run.hpp>
#include <simul/task/gather.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/this_task.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using outcome::simulate;
using simul::task;
using names = std::vector<std::string>;

TEST(Spawn, StartsWhenTheSpawnerNextWaitsAndInOrder)
{
    simulate([]() -> task<> {
        names order;
        const auto worker = [](names& o, std::string name) -> task<> {
            o.push_back(name + "0");
            co_await simul::yield();
            o.push_back(name + "1");
            co_await simul::yield();
            o.push_back(name + "2");
        };
        auto a = simul::spawn(worker(order, "a"));
        auto b = simul::spawn(worker(order, "b"));
        auto c = simul::spawn(worker(order, "c"));
        order.push_back("main");
        co_await a;
        order.push_back("main-a");
        co_await b;
        co_await c;
        EXPECT_EQ(order, (names{"main", "a0", "b0", "c0", "a1", "b1", "c1", "a2", "b2", "c2", "main-a"}));
    });
}

TEST(Spawn, InterleavesWithTasksThatEndAtDifferentTimes)
{
    simulate([]() -> task<> {
        std::string order;
        const auto worker = [](std::string& o, std::string name, int steps) -> task<> {
            for (int i = 0; i < steps; ++i) {
                o += name + std::to_string(i) + " ";
                co_await simul::yield();
            }
            o += name + "! ";
        };
        auto a = simul::spawn(worker(order, "a", 3));
        auto b = simul::spawn(worker(order, "b", 1));
        auto c = simul::spawn(worker(order, "c", 2));
        order += "main ";
        co_await b;
        order += "main-b ";
        co_await simul::gather(a, b, c);
        order += "end";
        EXPECT_EQ(order, "main a0 b0 c0 a1 b! c1 a2 main-b c! a! end"); // as in asyncio
    });
}

TEST(Spawn, KeepsALambdaAndItsArgumentsAsLongAsItRuns)
{
    simulate([]() -> task<> {
        const auto alive = std::make_shared<int>(1);
        simul::future<int> flight;
        {
            flight = simul::spawn(
                [alive](std::shared_ptr<int> argument, int n) -> task<int> {
                    co_await simul::sleep(1s);
                    co_return *alive + *argument + n;
                },
                alive, 40);
        }
        EXPECT_GE(alive.use_count(), 3);
        EXPECT_EQ(co_await flight, 42);
        EXPECT_EQ(alive.use_count(), 1);
    });
}

TEST(Spawn, TakesAnyAwaitable)
{
    simulate([]() -> task<> {
        const auto begin = simul::now();
        auto asleep = simul::spawn(simul::sleep(3s));
        co_await asleep;
        EXPECT_EQ(simul::now() - begin, 3s);
        auto inner = simul::spawn([]() -> task<int> { co_return 8; });
        auto outer = simul::spawn(std::move(inner));
        EXPECT_EQ(co_await outer, 8);
    });
}

TEST(Spawn, NamesItsTaskByThePlaceUntilItIsRenamed)
{
    simulate([]() -> task<> {
        const unsigned line = __LINE__ + 1;
        auto flight = simul::spawn(simul::sleep(1s));
        EXPECT_EQ(flight.name(), "spawn_test.cpp:" + std::to_string(line));
        flight.rename("clock");
        EXPECT_EQ(flight.name(), "clock");
        co_await flight;
        EXPECT_EQ(flight.name(), "clock");
    });
}

TEST(Spawn, LetsATaskBeRenamedAgain)
{
    simulate([]() -> task<> {
        auto flight = simul::spawn(simul::sleep(1s));
        for (const char* name : {"first name", "second name"}) {
            flight.rename(name);
            EXPECT_EQ(flight.name(), name);
        }
        co_await flight;
    });
}

TEST(Spawn, NeedsALoop)
{
    const auto nothing = []() -> task<> { co_return; };
    try {
        static_cast<void>(simul::spawn(nothing()));
        ADD_FAILURE() << "spawned outside of a loop";
    } catch (const simul::invalid_state& e) {
        EXPECT_NE(std::string(e.what()).find("spawn needs a running loop"), std::string::npos);
    }
}

TEST(Spawn, MayBeUsedInCallbacks)
{
    simul::loop loop({.backend = simul::backend::sim});
    int result = 0;
    loop.call_soon([&] {
        simul::spawn([](int& r, simul::loop& l) -> task<> {
            co_await simul::sleep(1s);
            r = 4;
            l.stop();
        }(result, loop)).detach();
    });
    loop.run_forever();
    EXPECT_EQ(result, 4);
}

// ---- cancelling what was spawned

TEST(Spawn, NeverBeginsWhatWasCancelledBeforeItsFirstStep)
{
    simulate([]() -> task<> {
        bool ran = false;
        const auto alive = std::make_shared<int>(0);
        auto flight = simul::spawn([](bool& r, std::shared_ptr<int>) -> task<> {
            r = true;
            co_return;
        }(ran, alive));
        EXPECT_TRUE(flight.cancel());
        EXPECT_TRUE(flight.cancel()); // asked twice, cancelled once
        EXPECT_FALSE(flight.done());
        bool raised = false;
        try {
            co_await flight;
        } catch (const simul::cancelled&) {
            raised = true;
        }
        EXPECT_TRUE(raised);
        EXPECT_TRUE(flight.cancelled());
        EXPECT_FALSE(flight.cancel());
        EXPECT_FALSE(ran);
        EXPECT_EQ(alive.use_count(), 1);
    });
}

TEST(Spawn, CancelTravelsDownToTheInnermostWaitAndComesBackUp)
{
    simulate([]() -> task<> {
        names order;
        const auto note = [](names& o, std::string name, simul::future<> below) -> task<> {
            try {
                co_await below;
            } catch (const simul::cancelled&) {
                EXPECT_TRUE(below.cancelled());
                o.push_back(name);
                throw;
            }
        };
        auto inner = simul::spawn([](names& o) -> task<> {
            try {
                co_await simul::sleep(1h);
            } catch (const simul::cancelled&) {
                o.push_back("inner");
                throw;
            }
        }(order));
        auto mid = simul::spawn(note(order, "mid", std::move(inner)));
        auto outer = simul::spawn(note(order, "outer", std::move(mid)));
        co_await simul::sleep(1s);
        outer.cancel();
        co_await simul::sleep(1s);
        EXPECT_EQ(order, (names{"inner", "mid", "outer"}));
        EXPECT_TRUE(outer.cancelled());
    });
}

TEST(Spawn, GivesWhatAChildThatSwallowsACancellationReturns)
{
    simulate([]() -> task<> {
        auto outer = simul::spawn([]() -> task<std::string> {
            auto child = simul::spawn([]() -> task<std::string> {
                try {
                    co_await simul::sleep(1h);
                } catch (const simul::cancelled&) {
                }
                co_return "swallowed";
            });
            const std::string got = co_await child;
            co_return got + " " + std::to_string(simul::this_task::cancelling());
        });
        co_await simul::sleep(1s);
        outer.cancel();
        EXPECT_EQ(co_await outer, "swallowed 1");
        EXPECT_FALSE(outer.cancelled());
    });
}

TEST(Spawn, CancelsAChainOfAThousandTasksThatAwaitOneAnother)
{
    simulate([]() -> task<> {
        const auto link = [](auto self, int depth) -> task<int> {
            if (depth == 0) {
                co_await simul::sleep(1h);
                co_return 0;
            }
            auto next = simul::spawn(self(self, depth - 1));
            co_return 1 + co_await next;
        };
        auto finished = simul::spawn([](auto chain) -> task<int> {
            try {
                co_return co_await chain(chain, 1000);
            } catch (const simul::cancelled&) {
                co_return -1;
            }
        }(link));
        co_await simul::sleep(1s);
        finished.cancel();
        EXPECT_EQ(co_await finished, -1);
    });
}

TEST(Spawn, CompletesAChainOfAHundredThousandTasksThatAwaitOneAnother)
{
    simulate([]() -> task<> {
        simul::future<int> last = simul::spawn([]() -> task<int> {
            co_await simul::sleep(1s);
            co_return 0;
        });
        for (int i = 0; i < 100'000; ++i)
            last = simul::spawn([](simul::future<int> before) -> task<int> { co_return 1 + co_await before; }(std::move(last)));
        EXPECT_EQ(co_await last, 100'000);
    });
}

TEST(Spawn, IsWaitedForByItsLoopWhenTheFutureIsGone)
{
    names order;
    simulate([&]() -> task<> {
        simul::spawn([](names& o) -> task<> {
            try {
                co_await simul::sleep(1h);
            } catch (const simul::cancelled&) {
                o.push_back("cancelled");
                throw;
            }
        }(order)).detach();
        co_await simul::yield();
        order.push_back("main ends");
    });
    EXPECT_EQ(order, (names{"main ends", "cancelled"}));
}

} // namespace
