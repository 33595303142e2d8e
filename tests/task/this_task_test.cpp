// SPDX-License-Identifier: MIT
#include <simul/run/loop.hpp>
#include <simul/run/run.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/this_task.hpp>

#include <gtest/gtest.h>

#include <limits>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using simul::task;
using names = std::vector<std::string>;
namespace this_task = simul::this_task;

template <class Body> auto simulate(Body body)
{
    return simul::run(std::move(body), {.backend = simul::backend::sim});
}

// ---- time

TEST(ThisTask, SleepsExactlySoLongInVirtualTime)
{
    simulate([]() -> task<> {
        const auto begin = simul::now();
        co_await simul::sleep(1h);
        EXPECT_EQ(simul::now() - begin, 1h);
        co_await simul::sleep_until(begin + 2h);
        EXPECT_EQ(simul::now() - begin, 2h);
        co_await simul::sleep(std::chrono::duration<double>(0.5));
        EXPECT_EQ(simul::now() - begin, 2h + 500ms);
    });
}

TEST(ThisTask, GivesWayOnceForZeroLessOrAMomentInThePast)
{
    simulate([]() -> task<> {
        names order;
        auto other = simul::spawn([](names& o) -> task<> {
            for (int i = 0; i < 4; ++i) {
                o.push_back("other");
                co_await simul::yield();
            }
        }(order));
        const auto begin = simul::now();
        co_await simul::sleep(0s);
        order.push_back("zero");
        co_await simul::sleep(-5s);
        order.push_back("negative");
        co_await simul::sleep(-std::chrono::duration<double>(std::numeric_limits<double>::infinity()));
        order.push_back("minus infinity");
        co_await simul::sleep_until(begin - 1h);
        order.push_back("past");
        EXPECT_EQ(simul::now(), begin);
        EXPECT_EQ(order[0], "other");
        EXPECT_EQ(order[1], "zero");
        EXPECT_EQ(order[2], "other");
        EXPECT_EQ(order[3], "negative");
        EXPECT_EQ(order.back(), "past");
        co_await other;
    });
}

TEST(ThisTask, RefusesToSleepForWhatIsNotANumber)
{
    simulate([]() -> task<> {
        EXPECT_THROW(static_cast<void>(simul::sleep(std::chrono::duration<double>(std::numeric_limits<double>::quiet_NaN()))),
                     simul::error);
        co_return;
    });
}

TEST(ThisTask, SleepsForEverUntilItIsCancelled)
{
    simulate([]() -> task<> {
        auto infinite =
            simul::spawn(simul::sleep(std::chrono::duration<double>(std::numeric_limits<double>::infinity())));
        auto longest = simul::spawn(simul::sleep(std::chrono::hours::max()));
        co_await simul::sleep(std::chrono::years(100));
        EXPECT_FALSE(infinite.done());
        EXPECT_FALSE(longest.done());
        infinite.cancel();
        longest.cancel();
        co_await simul::yield();
        EXPECT_TRUE(infinite.cancelled());
        EXPECT_TRUE(longest.cancelled());
    });
}

TEST(ThisTask, TakesTheClockOutsideOfALoopToo)
{
    const auto first = simul::now();
    const auto second = simul::now();
    EXPECT_LE(first, second);
}

TEST(ThisTask, SleepsNoLessThanAskedInRealTime)
{
    simul::run([]() -> task<> {
        for (int i = 0; i < 5; ++i) {
            const auto begin = simul::clock::now();
            co_await simul::sleep(1ms); // real: it is the real clock that is tested
            EXPECT_GE(simul::clock::now() - begin, 1ms);
        }
    });
}

// ---- outside

TEST(ThisTask, SaysSoWhenThereIsNone)
{
    EXPECT_THROW(static_cast<void>(this_task::cancelling()), simul::invalid_state);
    EXPECT_THROW(this_task::cancel(), simul::invalid_state);
    EXPECT_THROW(static_cast<void>(this_task::uncancel()), simul::invalid_state);
    EXPECT_THROW(this_task::rename("x"), simul::invalid_state);
    try {
        static_cast<void>(this_task::name());
        ADD_FAILURE();
    } catch (const simul::invalid_state& e) {
        EXPECT_STREQ(e.what(), "this_task::name was called outside of a task");
    }
}

TEST(ThisTask, IsTheRightOneAmongThoseThatTakeTurns)
{
    simulate([]() -> task<> {
        const auto check = [](std::string name) -> task<> {
            this_task::rename(name);
            for (int i = 0; i < 5; ++i) {
                EXPECT_EQ(this_task::name(), name);
                co_await simul::yield();
                co_await [](std::string same) -> task<> {
                    EXPECT_EQ(this_task::name(), same);
                    co_await simul::sleep(1ms);
                    EXPECT_EQ(this_task::name(), same);
                }(name);
            }
        };
        auto a = simul::spawn(check("a"));
        auto b = simul::spawn(check("b"));
        this_task::rename("main");
        co_await a;
        EXPECT_EQ(this_task::name(), "main");
        co_await b;
        EXPECT_EQ(this_task::name(), "main");
    });
}

// ---- cancellation

TEST(Cancellation, RaisesAtTheWait)
{
    simulate([]() -> task<> {
        auto flight = simul::spawn([]() -> task<> {
            co_await simul::sleep(1h);
            ADD_FAILURE() << "went on";
        });
        co_await simul::yield();
        EXPECT_TRUE(flight.cancel());
        co_await simul::yield();
        EXPECT_TRUE(flight.cancelled());
    });
}

TEST(Cancellation, IsDeliveredOnceAndATaskThatSwallowsItGoesOn)
{
    simulate([]() -> task<> {
        auto flight = simul::spawn([]() -> task<std::string> {
            try {
                co_await simul::sleep(1h);
            } catch (const simul::cancelled&) {
            }
            EXPECT_EQ(this_task::cancelling(), 1);
            co_await simul::sleep(1s);
            co_await simul::yield();
            EXPECT_EQ(this_task::cancelling(), 1);
            co_return "continued";
        });
        co_await simul::yield();
        flight.cancel();
        EXPECT_EQ(co_await flight, "continued");
        EXPECT_FALSE(flight.cancelled());
    });
}

TEST(Cancellation, IsCountedAndTakenBack)
{
    simulate([]() -> task<> {
        EXPECT_EQ(this_task::cancelling(), 0);
        EXPECT_EQ(this_task::uncancel(), 0);
        auto flight = simul::spawn([]() -> task<int> {
            int caught = 0;
            try {
                co_await simul::sleep(1h);
            } catch (const simul::cancelled&) {
                ++caught;
            }
            EXPECT_EQ(this_task::cancelling(), 2);
            EXPECT_EQ(this_task::uncancel(), 1);
            EXPECT_EQ(this_task::uncancel(), 0);
            EXPECT_EQ(this_task::uncancel(), 0);
            EXPECT_EQ(this_task::cancelling(), 0);
            co_await simul::sleep(1s);
            co_return caught;
        });
        co_await simul::yield();
        flight.cancel();
        flight.cancel();
        EXPECT_EQ(co_await flight, 1); // two requests in one wait: one `cancelled`
    });
}

TEST(Cancellation, IsTakenBackBeforeItWasDelivered)
{
    simulate([]() -> task<> {
        auto flight = simul::spawn([]() -> task<std::string> {
            this_task::cancel();
            EXPECT_EQ(this_task::cancelling(), 1);
            EXPECT_EQ(this_task::uncancel(), 0);
            co_await simul::sleep(1s);
            co_return "not cancelled";
        });
        EXPECT_EQ(co_await flight, "not cancelled");
    });
}

TEST(Cancellation, OfOneselfComesAtTheNextWait)
{
    simulate([]() -> task<> {
        bool before = false;
        auto flight = simul::spawn([](bool& b) -> task<> {
            this_task::cancel();
            b = true;
            co_await simul::yield();
            ADD_FAILURE() << "went on";
        }(before));
        co_await simul::sleep(1s);
        EXPECT_TRUE(before);
        EXPECT_TRUE(flight.cancelled());
    });
}

// asyncio cancels such a task at its return; here nothing that was produced is dropped.
TEST(Cancellation, LetsAValueBeReturnedThatIsThere)
{
    simulate([]() -> task<> {
        auto self = simul::spawn([]() -> task<int> {
            this_task::cancel();
            co_return 7;
        });
        EXPECT_EQ(co_await self, 7);
        EXPECT_FALSE(self.cancelled());

        // It has its result, and has not run since.
        simul::promise<int> writer;
        auto flight = simul::spawn([](simul::future<int> reader) -> task<int> { co_return co_await reader; }(writer.get_future()));
        co_await simul::yield();
        writer.set_value(9);
        flight.cancel();
        EXPECT_EQ(co_await flight, 9);
        EXPECT_FALSE(flight.cancelled());
    });
}

TEST(Cancellation, ComesAtTheNextWaitWhenThisOneHadItsResult)
{
    simulate([]() -> task<> {
        simul::promise<int> writer;
        int received = 0;
        auto flight = simul::spawn([](simul::future<int> reader, int& got) -> task<> {
            got = co_await reader;
            co_await simul::sleep(1h);
            ADD_FAILURE() << "went on";
        }(writer.get_future(), received));
        co_await simul::yield();
        writer.set_value(9);
        flight.cancel();
        co_await simul::sleep(1s);
        EXPECT_EQ(received, 9);
        EXPECT_TRUE(flight.cancelled());
    });
}

TEST(Cancellation, WinsBeforeTheResultAndTheResultIsRefused)
{
    simulate([]() -> task<> {
        simul::promise<int> writer;
        auto flight = simul::spawn([](simul::future<int> reader) -> task<int> { co_return co_await reader; }(writer.get_future()));
        co_await simul::yield();
        flight.cancel();
        EXPECT_FALSE(writer.set_value(9));
        co_await simul::yield();
        EXPECT_TRUE(flight.cancelled());
    });
}

TEST(Cancellation, InterruptsTheCleanUpWhenItComesASecondTime)
{
    simulate([]() -> task<> {
        names order;
        auto flight = simul::spawn([](names& o) -> task<> {
            bool asked = false;
            try {
                co_await simul::sleep(1h);
            } catch (const simul::cancelled&) {
                asked = true;
            }
            if (asked) {
                o.push_back("cleans up");
                try {
                    co_await simul::sleep(10s);
                    o.push_back("cleaned");
                } catch (const simul::cancelled&) {
                    o.push_back("interrupted");
                    throw;
                }
            }
        }(order));
        co_await simul::yield();
        flight.cancel();
        co_await simul::sleep(1s);
        flight.cancel();
        co_await simul::sleep(1s);
        EXPECT_EQ(order, (names{"cleans up", "interrupted"}));
        EXPECT_TRUE(flight.cancelled());
    });
}

TEST(Cancellation, IsNotSwallowedByACatchOfStdException)
{
    simulate([]() -> task<> {
        bool swallowed = false;
        auto flight = simul::spawn([](bool& s) -> task<> {
            for (;;)
                try {
                    co_await simul::sleep(1h);
                } catch (const std::exception&) {
                    s = true;
                }
        }(swallowed));
        co_await simul::yield();
        flight.cancel();
        co_await simul::yield();
        EXPECT_TRUE(flight.cancelled());
        EXPECT_FALSE(swallowed);
    });
}

TEST(Cancellation, IsWhatATaskThatThrowsCancelledUnaskedEndsWith)
{
    simulate([]() -> task<> {
        auto flight = simul::spawn([]() -> task<> {
            EXPECT_EQ(this_task::cancelling(), 0);
            throw simul::cancelled{};
            co_return;
        });
        co_await simul::yield();
        EXPECT_TRUE(flight.cancelled());
    });
}

TEST(Cancellation, GivesWayToTheErrorThatCleaningUpThrows)
{
    simulate([]() -> task<> {
        auto flight = simul::spawn([]() -> task<> {
            try {
                co_await simul::sleep(1h);
            } catch (const simul::cancelled&) {
                throw std::runtime_error("clean-up failed");
            }
        });
        co_await simul::yield();
        flight.cancel();
        co_await simul::yield();
        EXPECT_FALSE(flight.cancelled());
        EXPECT_EQ(simul::describe(flight.error()), "std::runtime_error: clean-up failed");
    });
}

TEST(Cancellation, ComesInAWaitThatIsOverButHasGivenNothing)
{
    simulate([]() -> task<> {
        const auto wait = [](simul::duration d) -> task<> { co_await simul::sleep(d); };
        auto yields = simul::spawn(wait(0s));
        co_await simul::yield(); // it stands in the ready queue
        yields.cancel();
        co_await simul::yield();
        EXPECT_TRUE(yields.cancelled());

        simul::future<> sleeps = simul::spawn(wait(1s));
        auto killer = simul::loop::current().call_later(1s, [&] { sleeps.cancel(); }); // due before it, in one turn
        co_await simul::sleep(2s);
        EXPECT_TRUE(sleeps.cancelled());
    });
}

TEST(Cancellation, LeavesNoTimerBehind)
{
    simul::loop loop({.backend = simul::backend::sim});
    loop.run_until_complete([]() -> task<> {
        for (int i = 0; i < 10'000; ++i) {
            auto flight = simul::spawn(simul::sleep(1h));
            co_await simul::yield();
            flight.cancel();
            co_await simul::yield();
            EXPECT_TRUE(flight.cancelled());
        }
    }());
    const auto begin = loop.now();
    loop.run_until_complete([]() -> task<> { co_await simul::sleep(1s); }());
    EXPECT_EQ(loop.now() - begin, 1s);
}

} // namespace
