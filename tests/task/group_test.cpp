// SPDX-License-Identifier: MIT
#include "outcome.hpp"

#include <simul/task/group.hpp>
#include <simul/task/timeout.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace outcome;
using simul::group;
using simul::task;
using simul::with_group;
using names = std::vector<std::string>;

/// What a group raised, as text: "(a (b c))" for nested ones, "cancelled", or "" for nothing.
template <class Work> task<std::string> errors_of(Work work)
{
    try {
        static_cast<void>(co_await std::move(work));
    } catch (...) {
        co_return what(std::current_exception());
    }
    co_return "";
}

/// Sleeps; when cancelled, fails.
task<int> fails_when_cancelled(std::string text)
{
    try {
        co_await simul::sleep(24h);
    } catch (const simul::cancelled&) {
    }
    throw std::runtime_error(std::move(text));
}

/// Takes no notice of the first request for so long.
task<int> ignores_for(simul::duration wait, std::vector<std::string>& log)
{
    const auto until = simul::now() + wait;
    while (simul::now() < until) {
        try {
            co_await simul::sleep_until(until);
        } catch (const simul::cancelled&) {
            log.push_back("ignored");
        }
    }
    co_return 1;
}

TEST(Group, WaitsForItsMembersAndGivesTheBodysResult)
{
    simulate([]() -> task<> {
        int sum = 0;
        const auto begin = simul::now();
        const int result = co_await with_group([&](group& g) -> task<int> {
            for (int i = 1; i <= 3; ++i)
                g.spawn([&sum](int n) -> task<> {
                    co_await simul::sleep(std::chrono::seconds(n));
                    sum += n;
                }, i);
            EXPECT_EQ(g.size(), 3u);
            co_return 42;
        });
        EXPECT_EQ(result, 42);
        EXPECT_EQ(sum, 6);
        EXPECT_EQ(simul::now() - begin, 3s);
        co_await with_group([](group&) -> task<> { co_return; });
    });
}

TEST(Group, GivesFuturesOfItsMembers)
{
    simulate([]() -> task<> {
        co_await with_group([](group& g) -> task<> {
            auto one = g.spawn(value_after(1s, 1));
            auto own = g.spawn([]() -> task<std::unique_ptr<int>> { co_return std::make_unique<int>(2); });
            one.rename("one");
            EXPECT_EQ(one.name(), "one");
            EXPECT_EQ(co_await one, 1);
            EXPECT_EQ(*co_await std::move(own), 2);
            g.spawn(value_after(1s, 3)); // the handle may be dropped: the group owns the work
        });
    });
}

TEST(Group, LetsTheBodyHandReferencesAndValuesThatOnlyMoveOut)
{
    simulate([]() -> task<> {
        int here = 0;
        EXPECT_EQ(&co_await with_group([&](group&) -> task<int&> { co_return here; }), &here);
        EXPECT_EQ(*co_await with_group([](group&) -> task<std::unique_ptr<int>> { co_return std::make_unique<int>(4); }),
                  4);
    });
}

// ---- errors

TEST(Group, CancelsTheOthersAndTheBodyAtTheFirstError)
{
    simulate([]() -> task<> {
        names log;
        const auto begin = simul::now();
        EXPECT_EQ(co_await errors_of(with_group([&](group& g) -> task<> {
            g.spawn(cleaning_up(2s, log, "a"));
            g.spawn(error_after(1s, "bad"));
            g.spawn(cleaning_up(1s, log, "c"));
            co_await cleaning_up(0s, log, "body");
        })), "(bad)");
        EXPECT_EQ(simul::now() - begin, 3s);
        EXPECT_EQ(log, (names{"body cancelled", "a cancelled", "c cancelled", "body clean", "c clean", "a clean"}));
        EXPECT_EQ(simul::this_task::cancelling(), 0);
        co_await simul::sleep(1s);
    });
}

TEST(Group, CollectsAllErrorsInTheOrderOfTheirHappening)
{
    simulate([]() -> task<> {
        simul::promise<> first;
        simul::promise<> second;
        simul::loop::current().call_later(1s, [&] { // in one turn: neither can be cancelled by the other any more
            first.set_error(std::make_exception_ptr(std::runtime_error("first")));
            second.set_error(std::make_exception_ptr(std::runtime_error("second")));
        });
        EXPECT_EQ(co_await errors_of(with_group([&](group& g) -> task<> {
            g.spawn(fails_when_cancelled("clean-up"));
            g.spawn(first.get_future());
            g.spawn(second.get_future());
            co_return;
        })), "(first second clean-up)");
    });
}

TEST(Group, PutsTheErrorOfTheBodyLast)
{
    simulate([]() -> task<> {
        EXPECT_EQ(co_await errors_of(with_group([](group& g) -> task<> {
            g.spawn(fails_when_cancelled("member"));
            co_await simul::sleep(1s);
            throw std::runtime_error("body");
        })), "(member body)");
        EXPECT_EQ(co_await errors_of(with_group([](group& g) -> task<> {
            g.spawn(error_after(1s, "member"));
            co_await fails_when_cancelled("body");
        })), "(member body)");
        EXPECT_EQ(co_await errors_of(with_group([](group&) -> task<> {
            throw std::runtime_error("alone"), co_await simul::yield();
        })), "(alone)");
    });
}

TEST(Group, IsNotDisturbedByAMemberThatEndsCancelledByItself)
{
    simulate([]() -> task<> {
        co_await with_group([](group& g) -> task<> {
            auto cancelled = g.spawn(value_after(1h, 1));
            auto sibling = g.spawn(value_after(3s, 2));
            g.spawn([]() -> task<> { throw simul::cancelled{}, co_await simul::yield(); });
            co_await simul::sleep(1s);
            cancelled.cancel();
            EXPECT_EQ(co_await sibling, 2);
            EXPECT_TRUE(cancelled.cancelled());
        });
    });
}

TEST(Group, EndsAllAndRaisesCancelledWhenItsBodyEndsSoByItself)
{
    simulate([]() -> task<> {
        names log;
        EXPECT_EQ(co_await errors_of(with_group([&](group& g) -> task<> {
            g.spawn(cleaning_up(1s, log, "a"));
            co_await simul::sleep(1s);
            throw simul::cancelled{};
        })), "cancelled");
        EXPECT_EQ(log, (names{"a cancelled", "a clean"}));
        EXPECT_EQ(simul::this_task::cancelling(), 0);
    });
}

TEST(Group, InAGroupGivesGroupsInGroups)
{
    simulate([]() -> task<> {
        names log;
        EXPECT_EQ(co_await errors_of(with_group([&](group& outer) -> task<> {
            outer.spawn(cleaning_up(0s, log, "sibling"));
            co_await with_group([](group& inner) -> task<> {
                inner.spawn(error_after(1s, "inner"));
                co_return;
            });
        })), "((inner))");
        EXPECT_EQ(log, (names{"sibling cancelled", "sibling clean"}));
        EXPECT_EQ(co_await errors_of(with_group([](group& outer) -> task<> {
            outer.spawn([]() -> task<> {
                co_await with_group([](group& inner) -> task<> {
                    inner.spawn(fails_when_cancelled("inner"));
                    inner.spawn(fails_when_cancelled("inner2"));
                    co_return;
                });
            });
            co_await simul::sleep(1s);
            outer.spawn(error_after(0s, "outer"));
        })), "(outer (inner inner2))");
    });
}

TEST(Group, InAGroupInATimeoutIsATimeoutError)
{
    simulate([]() -> task<> {
        names log;
        const auto nested = [](names& l) -> task<> {
            co_await with_group([&l](group& outer) -> task<> {
                outer.spawn(cleaning_up(1s, l, "outer"));
                outer.spawn([](names& in) -> task<> {
                    co_await with_group([&in](group& inner) -> task<> {
                        inner.spawn(cleaning_up(2s, in, "inner"));
                        co_return;
                    });
                }(l));
                co_return;
            });
        };
        const auto begin = simul::now();
        EXPECT_TRUE(co_await raises<simul::timeout_error>(simul::timeout(1s, nested(log))));
        EXPECT_EQ(log, (names{"outer cancelled", "inner cancelled", "outer clean", "inner clean"}));
        EXPECT_EQ(simul::now() - begin, 3s);
        EXPECT_EQ(simul::this_task::cancelling(), 0);
    });
}

TEST(Group, LetsTheErrorsOfATypeBeSplitOffAtAnyDepth)
{
    simulate([]() -> task<> {
        try {
            co_await with_group([](group& g) -> task<> {
                g.spawn([]() -> task<> {
                    co_await with_group([](group& inner) -> task<> {
                        inner.spawn(simul::timeout(1s, simul::sleep(1h)));
                        inner.spawn(fails_when_cancelled("deep"));
                        co_return;
                    });
                });
                g.spawn(fails_when_cancelled("flat"));
                co_return;
            });
            ADD_FAILURE();
        } catch (const simul::error_group& several) {
            std::vector<std::exception_ptr> rest;
            EXPECT_EQ(several.split<simul::timeout_error>(&rest).size(), 1u);
            EXPECT_EQ(rest.size(), 2u);
        }
    });
}

TEST(Group, ReportsNothingOfWhatItRaises)
{
    simulate([]() -> task<> {
        const reports heard;
        {
            simul::future<int> kept;
            EXPECT_EQ(co_await errors_of(with_group([&](group& g) -> task<> {
                kept = g.spawn(error_after(1s, "one"));
                g.spawn(fails_when_cancelled("two"));
                co_return;
            })), "(one two)");
            EXPECT_EQ(what(kept.error()), "one");
        }
        EXPECT_TRUE(heard.seen().empty());
    });
}

TEST(Group, LetsTheBodyGoOnToItsNextWaitWhenAMemberFails)
{
    simulate([]() -> task<> {
        names log;
        EXPECT_EQ(co_await errors_of(with_group([&](group& g) -> task<> {
            g.spawn([]() -> task<> { throw std::runtime_error("at once"), co_await simul::yield(); });
            log.push_back("body goes on");
            try {
                co_await simul::sleep(1h);
            } catch (const simul::cancelled&) {
                log.push_back("body cancelled");
                throw;
            }
        })), "(at once)");
        EXPECT_EQ(log, (names{"body goes on", "body cancelled"}));
    });
}

// ---- spawning late

TEST(Group, TakesMembersFromMembersWhileItEnds)
{
    simulate([]() -> task<> {
        int ended = 0;
        co_await with_group([&](group& g) -> task<> {
            g.spawn([&](group& in) -> task<> {
                co_await simul::sleep(1s);
                for (int i = 0; i < 1000; ++i)
                    in.spawn([&]() -> task<> {
                        co_await simul::sleep(1s);
                        ++ended;
                    });
            }, std::ref(g));
            co_return;
        });
        EXPECT_EQ(ended, 1000);
    });
}

TEST(Group, RefusesMembersAfterAnErrorAndDropsTheTask)
{
    // Debug mode would tell of a task that was never awaited: this one was refused.
    simul::run([]() -> task<> {
        const reports heard;
        const auto alive = std::make_shared<int>(0);
        std::string why;
        EXPECT_EQ(co_await errors_of(with_group([&](group& g) -> task<> {
            g.spawn(error_after(1s, "bad"));
            try {
                co_await simul::sleep(1h);
            } catch (const simul::cancelled&) {
            }
            try {
                g.spawn([](std::shared_ptr<int>) -> task<> { co_return; }(alive));
            } catch (const simul::invalid_state& e) {
                why = e.what();
            }
            EXPECT_EQ(alive.use_count(), 1);
        })), "(bad)");
        EXPECT_NE(why.find("shutting down"), std::string::npos) << why;
        EXPECT_TRUE(heard.seen().empty());
    }, {.backend = simul::backend::sim, .debug = true});
}

TEST(Group, RefusesMembersOnceItIsFinished)
{
    simulate([]() -> task<> {
        std::string why;
        try { // the group is there until the end of the whole expression
            (co_await with_group([](group& g) -> task<group*> { co_return &g; }))->spawn(value_after(1s, 1));
        } catch (const simul::invalid_state& e) {
            why = e.what();
        }
        EXPECT_NE(why.find("finished"), std::string::npos) << why;
    });
}

TEST(Group, RefusesMembersAfterCancel)
{
    simulate([]() -> task<> {
        co_await with_group([](group& g) -> task<> {
            g.cancel();
            EXPECT_THROW(g.spawn(value_after(1s, 1)), simul::invalid_state);
            co_return;
        });
    });
}

// ---- cancel()

TEST(Group, EndsQuietlyWhenToldTo)
{
    simulate([]() -> task<> {
        names log;
        const auto begin = simul::now();
        co_await with_group([&](group& g) -> task<> {
            g.spawn(cleaning_up(1s, log, "a"));
            co_await simul::sleep(1s);
            g.cancel();
            g.cancel();
            log.push_back("goes on");
            co_await simul::sleep(1h);
            log.push_back("never");
        });
        EXPECT_EQ(log, (names{"goes on", "a cancelled", "a clean"}));
        EXPECT_EQ(simul::now() - begin, 2s);
        EXPECT_EQ(simul::this_task::cancelling(), 0);
        co_await simul::sleep(1s);
    });
}

TEST(Group, MayBeToldToEndByAMember)
{
    simulate([]() -> task<> {
        co_await with_group([](group& g) -> task<> {
            g.spawn([](group& in) -> task<> {
                co_await simul::sleep(1s);
                in.cancel();
            }, std::ref(g));
            g.spawn(value_after(1h, 1));
            co_return; // it is ending already
        });
        EXPECT_EQ(co_await error_of(with_group([](group& g) -> task<int> {
            g.cancel();
            co_await simul::sleep(1s);
            co_return 1;
        })), "cancelled"); // there is no result to give
        EXPECT_EQ(co_await with_group([](group& g) -> task<int> {
            g.spawn(value_after(1h, 1));
            g.cancel();
            co_return 2;
        }), 2);
    });
}

TEST(Group, RaisesErrorsThatHappenWhileItEndsQuietly)
{
    simulate([]() -> task<> {
        EXPECT_EQ(co_await errors_of(with_group([](group& g) -> task<> {
            g.spawn(fails_when_cancelled("member"));
            co_await simul::sleep(1s);
            g.cancel();
        })), "(member)");
    });
}

// ---- a limit

TEST(Group, RunsNoMoreMembersAtOnceThanItsLimit)
{
    simulate([]() -> task<> {
        int running = 0;
        int most = 0;
        names order;
        const auto begin = simul::now();
        co_await with_group([&](group& g) -> task<> {
            for (int i = 0; i < 7; ++i)
                g.spawn([&](int n) -> task<> {
                    order.push_back(std::to_string(n));
                    most = std::max(most, ++running);
                    co_await simul::sleep(1s);
                    --running;
                }, i);
            EXPECT_EQ(g.size(), 7u);
            co_return;
        }, {.limit = 3});
        EXPECT_EQ(most, 3);
        EXPECT_EQ(order, (names{"0", "1", "2", "3", "4", "5", "6"}));
        EXPECT_EQ(simul::now() - begin, 3s);
    });
}

TEST(Group, NeverBeginsMembersThatStillWaitForTheirTurnAfterAnError)
{
    simulate([]() -> task<> {
        bool began = false;
        const auto alive = std::make_shared<int>(0);
        EXPECT_EQ(co_await errors_of(with_group([&](group& g) -> task<> {
            g.spawn(error_after(1s, "bad"));
            for (int i = 0; i < 10; ++i)
                g.spawn([&](std::shared_ptr<int>) -> task<> {
                    began = true;
                    co_return;
                }, alive);
            co_return;
        }, {.limit = 1})), "(bad)");
        EXPECT_FALSE(began);
        EXPECT_EQ(alive.use_count(), 1);
    });
}

// ---- cancelled from outside

TEST(Group, HandsARequestToBodyAndMembersInTheOrderOfTheirCreation)
{
    simulate([]() -> task<> {
        names log;
        auto flight = simul::spawn([](names& l) -> task<> {
            co_await with_group([&](group& g) -> task<> {
                g.spawn(cleaning_up(3s, l, "a"));
                g.spawn(cleaning_up(2s, l, "b"));
                co_await cleaning_up(1s, l, "body");
            });
        }(log));
        co_await simul::sleep(1s);
        flight.cancel();
        EXPECT_EQ(co_await error_of(std::move(flight)), "cancelled");
        EXPECT_EQ(log, (names{"body cancelled", "a cancelled", "b cancelled", "body clean", "b clean", "a clean"}));
    });
}

TEST(Group, RaisesCancelledWhenItsBodyHadEndedBefore)
{
    simulate([]() -> task<> {
        names log;
        bool went_on = false;
        auto flight = simul::spawn([](names& l, bool& w) -> task<> {
            co_await with_group([&](group& g) -> task<> {
                g.spawn(cleaning_up(1s, l, "a"));
                co_return;
            });
            w = true;
        }(log, went_on));
        co_await simul::sleep(1s);
        flight.cancel();
        EXPECT_EQ(co_await error_of(std::move(flight)), "cancelled");
        EXPECT_FALSE(went_on);
    });
}

TEST(Group, WaitsForMembersThatIgnoreARequestWhichComesAgainAtTheNextWait)
{
    simulate([]() -> task<> {
        names log;
        auto flight = simul::spawn([](names& l) -> task<> {
            co_await with_group([&](group& g) -> task<> {
                g.spawn(ignores_for(50ms, l));
                co_return;
            });
            l.push_back("after");
            co_await simul::sleep(1s);
        }(log));
        co_await simul::sleep(10ms);
        const auto begin = simul::now();
        flight.cancel();
        EXPECT_EQ(co_await error_of(std::move(flight)), "cancelled");
        EXPECT_EQ(simul::now() - begin, 40ms);
        EXPECT_EQ(log.front(), "ignored");
    });
}

TEST(Group, MayBeCancelledThreeTimesWhileItEnds)
{
    simulate([]() -> task<> {
        names log;
        auto flight = simul::spawn([](names& l) -> task<> {
            co_await with_group([&](group& g) -> task<> {
                g.spawn(ignores_for(1s, l));
                g.spawn(value_after(1h, 1));
                co_return;
            });
        }(log));
        const auto begin = simul::now();
        for (int i = 0; i < 3; ++i) {
            co_await simul::sleep(100ms);
            flight.cancel();
        }
        EXPECT_EQ(co_await error_of(std::move(flight)), "cancelled");
        EXPECT_EQ(simul::now() - begin, 1s);
        EXPECT_EQ(log, (names{"ignored", "ignored", "ignored"}));
    });
}

TEST(Group, RaisesErrorsFirstAndTheRequestAtTheNextWait)
{
    simulate([]() -> task<> {
        names log;
        auto flight = simul::spawn([](names& l) -> task<> {
            l.push_back(co_await errors_of(with_group([](group& g) -> task<> {
                g.spawn(fails_when_cancelled("on cancel"));
                co_await simul::sleep(1h);
            })));
            l.push_back(std::to_string(simul::this_task::cancelling()));
            co_await simul::sleep(1s);
            l.push_back("never");
        }(log));
        co_await simul::sleep(1s);
        flight.cancel();
        EXPECT_EQ(co_await error_of(std::move(flight)), "cancelled");
        EXPECT_EQ(log, (names{"(on cancel)", "1"}));
    });
}

TEST(Group, HoldsOutWhenAnErrorAndARequestComeInTheSameTurn)
{
    simulate([]() -> task<> {
        for (const bool request_first : {true, false}) {
            names log;
            simul::future<> flight;
            if (request_first)
                simul::loop::current().call_later(1s, [&] { flight.cancel(); });
            flight = simul::spawn([](names& l) -> task<> {
                l.push_back(co_await errors_of(with_group([](group& g) -> task<> {
                    g.spawn(error_after(1s, "bad"));
                    co_await simul::sleep(1h);
                })));
                co_await simul::sleep(1s);
                l.push_back("went on");
            }(log));
            co_await simul::yield();
            co_await simul::yield();
            if (!request_first)
                simul::loop::current().call_later(1s, [&] { flight.cancel(); });
            // The request comes as `cancelled` once: from the group, or at the wait after its errors.
            EXPECT_EQ(co_await error_of(flight), request_first ? "" : "cancelled");
            EXPECT_EQ(log, request_first ? (names{"cancelled", "went on"}) : names{"(bad)"});
        }
    });
}

TEST(Group, ThatFailedIsAskedAgainByARequestFromOutside)
{
    simulate([]() -> task<> {
        names log;
        auto flight = simul::spawn([](names& l) -> task<> {
            l.push_back(co_await errors_of(with_group([&](group& g) -> task<> {
                g.spawn(error_after(1s, "bad"));
                g.spawn(cleaning_up(10s, l, "a"));
                co_return;
            })));
            co_await simul::sleep(1s);
            l.push_back("never");
        }(log));
        co_await simul::sleep(2s);
        const auto begin = simul::now();
        flight.cancel();
        EXPECT_EQ(co_await error_of(std::move(flight)), "cancelled");
        EXPECT_EQ(simul::now(), begin);
        EXPECT_EQ(log, (names{"a cancelled", "(bad)"}));
    });
}

// ---- many

TEST(Group, TakesAHundredThousandMembers)
{
    simulate([]() -> task<> {
        int ended = 0;
        co_await with_group([&](group& g) -> task<> {
            for (int i = 0; i < 100'000; ++i)
                g.spawn([](int& e) -> task<> {
                    co_await simul::sleep(1s);
                    ++e;
                }(ended));
            co_return;
        });
        EXPECT_EQ(ended, 100'000);
    });
}

TEST(Group, CollectsAHundredThousandErrors)
{
    simulate([]() -> task<> {
        int live = 0;
        try {
            co_await with_group([&](group& g) -> task<> {
                for (int i = 0; i < 100'000; ++i)
                    g.spawn([](counted) -> task<> {
                        try {
                            co_await simul::sleep(1s);
                        } catch (const simul::cancelled&) {
                        }
                        throw std::runtime_error("all");
                    }(counted(live)));
                co_return;
            });
            ADD_FAILURE();
        } catch (const simul::error_group& several) {
            EXPECT_EQ(several.errors().size(), 100'000u);
        }
        EXPECT_EQ(live, 0);
    });
}

} // namespace
