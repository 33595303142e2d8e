// SPDX-License-Identifier: MIT
#include "outcome.hpp"

#include <simul/task/gather.hpp>
#include <simul/task/group.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/shield.hpp>
#include <simul/task/timeout.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace outcome;
using simul::task;
using names = std::vector<std::string>;

TEST(Timeout, GivesTheResultOfWhatIsInTime)
{
    simulate([]() -> task<> {
        EXPECT_EQ(co_await simul::timeout(2s, value_after(1s, 5)), 5);
        EXPECT_EQ(co_await simul::deadline(simul::now() + 2s, value_after(1s, 6)), 6);
        co_await simul::timeout(1s, simul::yield());
        int here = 0;
        const auto look = [](int& at) -> task<int&> { co_return at; };
        EXPECT_EQ(&co_await simul::timeout(1s, look(here)), &here);
        const auto make = []() -> task<std::unique_ptr<int>> { co_return std::make_unique<int>(3); };
        EXPECT_EQ(*co_await simul::timeout(1s, make()), 3);
    });
}

TEST(Timeout, CancelsWhatIsLateAndLeavesNoTraceOfIt)
{
    simulate([]() -> task<> {
        const auto begin = simul::now();
        EXPECT_EQ(co_await error_of(simul::timeout(2s, value_after(3s, 1))), "timed out");
        EXPECT_EQ(simul::now() - begin, 2s);
        EXPECT_EQ(simul::this_task::cancelling(), 0);
        EXPECT_TRUE(co_await raises<simul::timeout_error>(simul::deadline(simul::now() + 1s, simul::sleep(3s))));
        co_await simul::sleep(1s);
        EXPECT_EQ(simul::now() - begin, 4s);
    });
}

TEST(Timeout, OfZeroOrLessRunsTheTaskToItsFirstWait)
{
    simulate([]() -> task<> {
        const auto begin = simul::now();
        const auto work = [](int& steps, bool waits) -> task<int> {
            ++steps;
            if (waits)
                co_await simul::yield();
            ++steps;
            co_return steps;
        };
        for (const auto limit : {0s, -1s, -1000000s}) {
            int steps = 0;
            EXPECT_EQ(co_await simul::timeout(limit, work(steps, false)), 2);
            steps = 0;
            EXPECT_TRUE(co_await raises<simul::timeout_error>(simul::timeout(limit, work(steps, true))));
            EXPECT_EQ(steps, 1);
            steps = 0;
            EXPECT_TRUE(co_await raises<simul::timeout_error>(simul::deadline(simul::now() + limit, work(steps, true))));
            EXPECT_EQ(steps, 1);
        }
        EXPECT_EQ(simul::now(), begin);
    });
}

TEST(Timeout, OfZeroGivesTheResultOfAFutureThatIsDone)
{
    simulate([]() -> task<> {
        auto flight = simul::spawn(value_after(1s, 4));
        co_await simul::sleep(2s);
        EXPECT_EQ(co_await simul::timeout(0s, flight), 4);
    });
}

TEST(Timeout, OfForEverNeverEnds)
{
    simulate([]() -> task<> {
        EXPECT_EQ(co_await simul::timeout(simul::duration::max(), value_after(24h * 365, 1)), 1);
        EXPECT_EQ(co_await simul::deadline(simul::never, value_after(24h, 2)), 2);
    });
}

TEST(Timeout, RaisesTheErrorOfItsTask)
{
    simulate([]() -> task<> {
        EXPECT_EQ(co_await error_of(simul::timeout(2s, error_after(1s, "mine"))), "mine");
        const auto fails_on_the_way_out = []() -> task<> {
            try {
                co_await simul::sleep(1h);
            } catch (const simul::cancelled&) {
            }
            throw std::runtime_error("on the way out");
        };
        EXPECT_EQ(co_await error_of(simul::timeout(1s, fails_on_the_way_out())), "on the way out");
    });
}

TEST(Timeout, GivesTheValueOfATaskThatSwallowsTheRequest)
{
    simulate([]() -> task<> {
        const auto swallows = []() -> task<std::string> {
            try {
                co_await simul::sleep(1h);
            } catch (const simul::cancelled&) {
            }
            co_return "late value";
        };
        EXPECT_EQ(co_await simul::timeout(1s, swallows()), "late value");
        EXPECT_EQ(simul::this_task::cancelling(), 0);
        co_await simul::sleep(1s);
    });
}

TEST(Timeout, WaitsForTheCleanUpOfItsTask)
{
    simulate([]() -> task<> {
        names log;
        const auto begin = simul::now();
        EXPECT_TRUE(co_await raises<simul::timeout_error>(simul::timeout(1s, cleaning_up(20ms, log, "a"))));
        EXPECT_EQ(simul::now() - begin, 1020ms);
        EXPECT_EQ(log, (names{"a cancelled", "a clean"}));
    });
}

TEST(Timeout, WorksInTheCleanUpAfterAnother)
{
    simulate([]() -> task<> {
        const auto cleans = []() -> task<> {
            std::exception_ptr why;
            try {
                co_await simul::sleep(1h);
            } catch (const simul::cancelled&) {
                why = std::current_exception();
            }
            EXPECT_TRUE(co_await raises<simul::timeout_error>(simul::timeout(1s, simul::sleep(1h))));
            EXPECT_EQ(co_await simul::timeout(1s, value_after(500ms, 1)), 1);
            std::rethrow_exception(why);
        };
        const auto begin = simul::now();
        EXPECT_TRUE(co_await raises<simul::timeout_error>(simul::timeout(1s, cleans())));
        EXPECT_EQ(simul::now() - begin, 2500ms);
    });
}

// ---- one in another

TEST(Timeout, IsRaisedByTheOneThatIsDueFirst)
{
    simulate([]() -> task<> {
        const auto inner = [](simul::duration limit, names& log) -> task<> {
            try {
                co_await simul::timeout(limit, simul::sleep(1h));
            } catch (const simul::timeout_error&) {
                log.push_back("inner timeout");
                throw;
            } catch (const simul::cancelled&) {
                log.push_back("inner cancelled");
                throw;
            }
        };
        names log;
        EXPECT_TRUE(co_await raises<simul::timeout_error>(simul::timeout(1s, inner(2s, log))));
        EXPECT_TRUE(co_await raises<simul::timeout_error>(simul::timeout(2s, inner(1s, log))));
        EXPECT_EQ(log, (names{"inner cancelled", "inner timeout"}));
        EXPECT_EQ(simul::this_task::cancelling(), 0);
    });
}

TEST(Timeout, WithTwoDueTogetherRaisesOneErrorOutside)
{
    simulate([]() -> task<> {
        const auto limit = simul::now() + 1s;
        EXPECT_TRUE(co_await raises<simul::timeout_error>(
            simul::deadline(limit, simul::deadline(limit, simul::sleep(1h)))));
        EXPECT_EQ(simul::this_task::cancelling(), 0);
        co_await simul::sleep(1s);
        const auto swallows = []() -> task<int> {
            try {
                co_await simul::sleep(1h);
            } catch (const simul::cancelled&) {
            }
            co_return 1;
        };
        const auto later = simul::now() + 1s;
        EXPECT_EQ(co_await simul::deadline(later, simul::deadline(later, swallows())), 1);
        co_await simul::sleep(1s);
    });
}

// ---- cancelled from outside

TEST(Timeout, YieldsToARequestFromOutside)
{
    simulate([]() -> task<> {
        auto flight = simul::spawn(simul::timeout(10s, simul::sleep(1h)));
        co_await simul::sleep(1s);
        flight.cancel();
        const auto begin = simul::now();
        EXPECT_TRUE(co_await raises<simul::cancelled>(std::move(flight)));
        EXPECT_EQ(simul::now(), begin);
    });
}

TEST(Timeout, AndARequestFromOutsideAtTheSameMomentCountInTheirOrder)
{
    simulate([]() -> task<> {
        for (const bool request_first : {true, false}) {
            simul::future<> flight;
            const auto request = [&] { flight.cancel(); };
            if (request_first)
                simul::loop::current().call_later(1s, request);
            flight = simul::spawn(simul::timeout(1s, simul::sleep(1h)));
            co_await simul::yield();
            if (!request_first)
                simul::loop::current().call_later(1s, request);
            EXPECT_EQ(co_await error_of(flight), request_first ? "cancelled" : "timed out");
        }
    });
}

TEST(Timeout, YieldsToARequestFromOutsideDuringTheCleanUp)
{
    simulate([]() -> task<> {
        auto flight = simul::spawn([]() -> task<> {
            names log;
            co_await simul::timeout(1s, cleaning_up(10s, log, "a"));
        });
        co_await simul::sleep(2s);
        flight.cancel();
        EXPECT_EQ(co_await error_of(std::move(flight)), "cancelled");
    });
}

TEST(Timeout, DoesNotBreakOffTheCleanUpAfterARequestFromOutside)
{
    simulate([]() -> task<> {
        names log;
        auto flight = simul::spawn([](names& l) -> task<> {
            co_await simul::timeout(2s, cleaning_up(10s, l, "a"));
        }(log));
        co_await simul::sleep(1s);
        flight.cancel();
        EXPECT_EQ(co_await error_of(std::move(flight)), "cancelled");
        EXPECT_EQ(log, (names{"a cancelled", "a clean"}));
    });
}

TEST(Timeout, OfATaskThatWasCancelledBeforeRaisesCancelled)
{
    simulate([]() -> task<> {
        auto flight = simul::spawn([]() -> task<> {
            simul::this_task::cancel();
            EXPECT_EQ(co_await error_of(simul::timeout(0s, simul::sleep(1s))), "cancelled");
            EXPECT_EQ(simul::this_task::cancelling(), 1);
            EXPECT_EQ(co_await error_of(simul::timeout(1s, simul::sleep(1h))), "timed out"); // and the next one works
        });
        EXPECT_EQ(co_await error_of(std::move(flight)), "");
    });
}

TEST(Timeout, AndAnErrorInTheSameTurnCountInTheirOrder)
{
    simul::run([]() -> task<> {
        for (const bool error_first : {true, false}) {
            simul::promise<> told;
            auto awaited = told.get_future();
            const auto fail = [&] { told.set_error(std::make_exception_ptr(std::runtime_error("bad"))); };
            auto flight = simul::spawn(simul::timeout(200ms, [](simul::future<>& of) -> task<> {
                co_await simul::shield(of);
            }(awaited)));
            co_await simul::sleep(1ms);
            if (error_first)
                fail();
            std::this_thread::sleep_for(210ms); // real: time is up before the loop looks at its clock again
            co_await simul::yield();
            if (!error_first)
                fail();
            EXPECT_EQ(co_await error_of(flight), error_first ? "bad" : "timed out");
            EXPECT_TRUE(awaited.error()); // looked at: it is not reported
        }
    });
}

TEST(Timeout, GivesTheResultOfATaskThatComesLateWithoutEverWaiting)
{
    simul::run([]() -> task<> {
        const auto blocks = []() -> task<int> {
            std::this_thread::sleep_for(5ms); // real: it keeps the loop from looking at its clock
            co_return 1;
        };
        EXPECT_EQ(co_await simul::timeout(1ms, blocks()), 1);
        const auto blocks_then_waits = []() -> task<int> {
            std::this_thread::sleep_for(5ms);
            co_await simul::sleep(1h);
            co_return 2;
        };
        EXPECT_EQ(co_await error_of(simul::timeout(1ms, simul::timeout(1ms, blocks_then_waits()))), "timed out");
        EXPECT_EQ(simul::this_task::cancelling(), 0);
    });
}

TEST(Timeout, LosesNoResultToARequestAtTheSameMoment)
{
    simulate([]() -> task<> {
        simul::promise<int> told;
        int got = 0;
        auto flight = simul::spawn([](int& g, simul::future<int> from) -> task<> {
            g = co_await simul::timeout(10s, std::move(from));
            co_await simul::sleep(1s);
            g = 0;
        }(got, told.get_future()));
        co_await simul::sleep(1s);
        told.set_value(7);
        flight.cancel();
        EXPECT_EQ(co_await error_of(std::move(flight)), "cancelled");
        EXPECT_EQ(got, 7);
    });
}

// ---- with others

TEST(Timeout, AroundAGroupIsATimeoutError)
{
    simulate([]() -> task<> {
        int ended = 0;
        const auto grouped = [&]() -> task<> {
            co_await simul::with_group([&](simul::group& g) -> task<> {
                for (int i = 0; i < 3; ++i)
                    g.spawn([](int& e) -> task<> {
                        try {
                            co_await simul::sleep(1h);
                        } catch (const simul::cancelled&) {
                            ++e;
                            throw;
                        }
                    }(ended));
                co_await simul::sleep(1h);
            });
        };
        EXPECT_TRUE(co_await raises<simul::timeout_error>(simul::timeout(1s, grouped())));
        EXPECT_EQ(ended, 3);
    });
}

TEST(Timeout, AroundAGroupWhoseBodyHasEndedIsATimeoutError)
{
    simulate([]() -> task<> {
        const auto grouped = []() -> task<> {
            co_await simul::with_group([](simul::group& g) -> task<> {
                g.spawn(value_after(1h, 1));
                co_return;
            });
        };
        EXPECT_TRUE(co_await raises<simul::timeout_error>(simul::timeout(1s, grouped())));
    });
}

TEST(Timeout, InsideAMemberOfAGroupIsAnErrorOfTheGroup)
{
    simulate([]() -> task<> {
        try {
            co_await simul::with_group([](simul::group& g) -> task<> {
                g.spawn(simul::timeout(1s, simul::sleep(1h)));
                co_await simul::sleep(1h);
            });
            ADD_FAILURE();
        } catch (const simul::error_group& several) {
            EXPECT_EQ(several.errors().size(), 1u);
            EXPECT_EQ(several.split<simul::timeout_error>().size(), 1u);
        }
    });
}

TEST(Timeout, AroundAGatherEndsAllBranches)
{
    simulate([]() -> task<> {
        names log;
        EXPECT_TRUE(co_await raises<simul::timeout_error>(
            simul::timeout(1s, simul::gather(cleaning_up(1s, log, "a"), cleaning_up(2s, log, "b")))));
        EXPECT_EQ(log, (names{"a cancelled", "b cancelled", "a clean", "b clean"}));
    });
}

TEST(Timeout, TenThousandLeaveNoTimersBehind)
{
    simulate([]() -> task<> {
        for (int i = 0; i < 10'000; ++i)
            EXPECT_EQ(co_await simul::timeout(1h, value_after(0s, i)), i);
        const auto begin = simul::now();
        co_await simul::sleep(2h); // would meet dangling timers
        EXPECT_EQ(simul::now() - begin, 2h);
    });
}

TEST(MoveOnAfter, GivesNothingWhenTimeIsUp)
{
    simulate([]() -> task<> {
        EXPECT_EQ(co_await simul::move_on_after(1s, value_after(2s, 1)), std::nullopt);
        EXPECT_EQ(co_await simul::move_on_after(2s, value_after(1s, 1)), std::optional(1));
        EXPECT_FALSE(co_await simul::move_on_after(1s, simul::sleep(2s)));
        EXPECT_TRUE(co_await simul::move_on_after(2s, simul::sleep(1s)));
        int here = 0;
        const auto look = [](int& at) -> task<int&> { co_return at; };
        EXPECT_EQ(co_await simul::move_on_after(2s, look(here)), std::optional<int*>(&here));
        EXPECT_EQ(co_await error_of(simul::move_on_after(2s, error_after(1s, "bad"))), "bad");
        auto flight = simul::spawn(simul::move_on_after(2s, simul::sleep(1h)));
        co_await simul::sleep(1s);
        flight.cancel();
        EXPECT_EQ(co_await error_of(std::move(flight)), "cancelled");
    });
}

} // namespace
