// SPDX-License-Identifier: MIT
#include "outcome.hpp"

#include <simul/run/loop.hpp>
#include <simul/run/run.hpp>
#include <simul/task/gather.hpp>
#include <simul/task/group.hpp>
#include <simul/task/mutex.hpp>
#include <simul/task/race.hpp>
#include <simul/task/select.hpp>
#include <simul/task/shield.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/this_task.hpp>
#include <simul/task/timeout.hpp>
#include <simul/task/wait.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using outcome::simulate;
using simul::task;
using names = std::vector<std::string>;
namespace this_task = simul::this_task;

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

TEST(Cancellation, ComesOnceHoweverOftenItWasAskedForBeforeTheWait)
{
    simulate([]() -> task<> {
        bool began = false;
        auto unstarted = simul::spawn([](bool& b) -> task<> {
            b = true;
            co_return;
        }(began));
        EXPECT_TRUE(unstarted.cancel());
        EXPECT_TRUE(unstarted.cancel());
        EXPECT_FALSE(unstarted.cancelled()); // not yet
        co_await simul::yield();
        EXPECT_TRUE(unstarted.cancelled());
        EXPECT_FALSE(unstarted.cancel());
        EXPECT_FALSE(began);

        simul::future<int> pending;
        pending = simul::spawn([](simul::future<int>& self) -> task<int> {
            this_task::cancel();
            self.cancel();
            EXPECT_EQ(this_task::cancelling(), 2);
            int caught = 0;
            for (int wait = 0; wait < 3; ++wait) {
                try {
                    co_await simul::yield();
                } catch (const simul::cancelled&) {
                    ++caught;
                }
            }
            EXPECT_EQ(this_task::cancelling(), 2);
            co_return caught;
        }(pending));
        EXPECT_EQ(co_await pending, 1);
    });
}

/// One state in which a task can be when it is cancelled.
struct waiting_state {
    const char* name;
    std::function<task<>(simul::future<>&, simul::mutex&)> wait; ///< for a future that is not done, or a mutex that is locked
    bool ends_the_future; ///< what it waits for is cancelled with it
};

TEST(Cancellation, ReachesTheInnermostWaitOfEveryKind)
{
    const waiting_state states[] = {
        {"a sleep", [](auto&, auto&) -> task<> { co_await simul::sleep(1h); }, false},
        {"a future", [](auto& flight, auto&) -> task<> { co_await flight; }, true},
        {"a task in a task", [](auto& flight, auto&) -> task<> {
             co_await [](simul::future<>& of) -> task<> { co_await of; }(flight);
         }, true},
        {"a mutex", [](auto&, auto& locked) -> task<> { const auto mine = co_await locked.lock(); }, false},
        {"a gather", [](auto& flight, auto& locked) -> task<> {
             co_await simul::gather([](simul::mutex& m) -> task<> { const auto mine = co_await m.lock(); }(locked), flight);
         }, true},
        {"a settle", [](auto& flight, auto&) -> task<> { co_await simul::settle(flight, simul::sleep(1h)); }, true},
        {"a race", [](auto& flight, auto&) -> task<> { co_await simul::race(flight, simul::sleep(1h)); }, true},
        {"a timeout", [](auto& flight, auto&) -> task<> { co_await simul::timeout(1h, flight); }, true},
        {"a shield", [](auto& flight, auto&) -> task<> { co_await simul::shield(flight); }, false},
        {"a group", [](auto& flight, auto&) -> task<> {
             co_await simul::with_group([&](simul::group& g) -> task<> {
                 g.spawn([](simul::future<>& of) -> task<> { co_await of; }(flight));
                 co_return;
             });
         }, true},
        {"a select", [](auto& flight, auto&) -> task<> { co_await simul::select(flight, simul::after(1h)); }, false},
        {"a wait", [](auto& flight, auto&) -> task<> {
             std::vector<simul::future<>> all;
             all.push_back(std::move(flight));
             std::exception_ptr why;
             try {
                 co_await simul::wait(all);
             } catch (...) {
                 why = std::current_exception();
             }
             flight = std::move(all[0]);
             std::rethrow_exception(why);
         }, false},
    };
    for (const waiting_state& state : states)
        for (const int turns : {0, 1, 3}) // before the first step, and later
            simulate([&]() -> task<> {
                simul::promise<> writer;
                auto awaited = writer.get_future();
                simul::mutex locked;
                const auto lock = co_await locked.lock();
                auto waiter = simul::spawn(state.wait(awaited, locked));
                for (int i = 0; i < turns; ++i)
                    co_await simul::yield();
                const auto begin = simul::now();
                EXPECT_TRUE(waiter.cancel()) << state.name;
                bool cancelled = false;
                try {
                    co_await waiter;
                } catch (const simul::cancelled&) {
                    cancelled = true;
                }
                EXPECT_TRUE(cancelled) << state.name;
                EXPECT_EQ(simul::now(), begin) << state.name;
                EXPECT_FALSE(waiter.cancel()) << state.name;
                if (turns != 1) { // after one turn, some of its branches have begun and some have not
                    EXPECT_EQ(awaited.done(), state.ends_the_future && turns > 0) << state.name;
                }
                EXPECT_EQ(this_task::cancelling(), 0) << state.name;
                co_await simul::sleep(2h); // nothing is left that could fire
            });
}

} // namespace
