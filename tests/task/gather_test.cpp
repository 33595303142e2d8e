// SPDX-License-Identifier: MIT
#include "outcome.hpp"

#include <simul/task/gather.hpp>
#include <simul/task/generator.hpp>
#include <simul/task/spawn.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace outcome;
using simul::task;
using names = std::vector<std::string>;

TEST(Gather, GivesResultsInTheOrderOfItsArguments)
{
    simulate([]() -> task<> {
        const auto begin = simul::now();
        const auto [a, b, c] = co_await simul::gather(value_after(3s, 1), value_after(1s, 2), value_after(2s, 3));
        EXPECT_EQ(a, 1);
        EXPECT_EQ(b, 2);
        EXPECT_EQ(c, 3);
        EXPECT_EQ(simul::now() - begin, 3s);
    });
}

TEST(Gather, GivesResultsInTheOrderOfItsRange)
{
    simulate([]() -> task<> {
        std::vector<task<int>> work;
        for (int i = 0; i < 5; ++i)
            work.push_back(value_after(std::chrono::seconds(5 - i), i));
        EXPECT_EQ(co_await simul::gather(std::move(work)), (std::vector<int>{0, 1, 2, 3, 4}));
    });
}

TEST(Gather, OfNothingIsDoneAtOnce)
{
    simulate([]() -> task<> {
        co_await simul::gather();
        EXPECT_TRUE((co_await simul::gather(std::vector<task<int>>())).empty());
        co_await simul::gather(std::vector<task<>>(), {.limit = 3});
    });
}

TEST(Gather, LeavesVoidOutOfItsResults)
{
    simulate([]() -> task<> {
        const auto results = co_await simul::gather(simul::sleep(1s), value_after(1s, 7), simul::yield());
        static_assert(std::is_same_v<decltype(results), const std::tuple<int>>);
        EXPECT_EQ(std::get<0>(results), 7);
        static_assert(std::is_void_v<decltype(simul::gather(simul::sleep(1s)).operator co_await().await_resume())>);
        std::vector<task<>> sleeps;
        sleeps.push_back([]() -> task<> { co_await simul::sleep(2s); }());
        co_await simul::gather(std::move(sleeps));
    });
}

TEST(Gather, HandsOnReferencesAndValuesThatOnlyMove)
{
    simulate([]() -> task<> {
        int here = 4;
        const auto look = [](int& at) -> task<int&> { co_return at; };
        const auto make = [](int n) -> task<std::unique_ptr<int>> { co_return std::make_unique<int>(n); };
        auto [ref, owned] = co_await simul::gather(look(here), make(9));
        EXPECT_EQ(&ref, &here);
        EXPECT_EQ(*owned, 9);

        std::vector<task<int&>> looks;
        looks.push_back(look(here));
        const std::vector<int*> places = co_await simul::gather(std::move(looks));
        EXPECT_EQ(places.at(0), &here);
        std::vector<task<std::unique_ptr<int>>> makes;
        makes.push_back(make(1));
        makes.push_back(make(2));
        auto both = co_await simul::gather(std::move(makes));
        EXPECT_EQ(*both.at(1), 2);
    });
}

TEST(Gather, OfOneFutureSeveralTimesGivesItsResultInEachPlace)
{
    simulate([]() -> task<> {
        int runs = 0;
        auto flight = simul::spawn([](int& r) -> task<std::string> {
            ++r;
            co_await simul::sleep(1s);
            co_return "x";
        }(runs));
        const auto [a, b, c] = co_await simul::gather(flight, flight, flight);
        EXPECT_EQ(a + b + c, "xxx");
        EXPECT_EQ(runs, 1);
    });
}

TEST(Gather, TakesARangeOfFuturesWhereTheyAre)
{
    simulate([]() -> task<> {
        std::vector<simul::future<int>> flights;
        for (int i = 0; i < 4; ++i)
            flights.push_back(simul::spawn(value_after(1s, i)));
        EXPECT_EQ(co_await simul::gather(flights), (std::vector<int>{0, 1, 2, 3}));
        EXPECT_TRUE(flights[2].done());
    });
}

// ---- errors

TEST(Gather, TakesFuturesOfSeveralLoops)
{
    simul::run([]() -> task<> {
        simul::promise<simul::future<int>> handed_over;
        auto theirs = handed_over.get_future();
        std::thread other([&] {
            simul::run([&]() -> task<> {
                handed_over.set_value(simul::spawn(value_after(5ms, 5))); // real time: two loops
                co_await simul::sleep(20ms);
            });
        });
        auto flight = co_await std::move(theirs);
        const auto [a, b] = co_await simul::gather(flight, value_after(1ms, 6));
        EXPECT_EQ(a + b, 11);
        other.join();
    });
}

TEST(Gather, CancelsTheOthersAtTheFirstErrorAndWaitsForThem)
{
    simulate([]() -> task<> {
        names log;
        const auto begin = simul::now();
        EXPECT_EQ(co_await error_of(simul::gather(cleaning_up(2s, log, "a"), error_after(1s, "bad"),
                                                  cleaning_up(1s, log, "c"), error_after(5s, "never"))),
                  "bad");
        EXPECT_EQ(simul::now() - begin, 3s);
        EXPECT_EQ(log, (names{"a cancelled", "c cancelled", "c clean", "a clean"}));
    });
}

TEST(Gather, CancelsTheRestOfARangeAtTheFirstErrorAndWaitsForIt)
{
    simulate([]() -> task<> {
        names log;
        std::vector<task<int>> work;
        work.push_back(cleaning_up(2s, log, "a"));
        work.push_back(error_after(1s, "bad"));
        work.push_back(cleaning_up(1s, log, "c"));
        const auto begin = simul::now();
        EXPECT_EQ(co_await error_of(simul::gather(std::move(work))), "bad");
        EXPECT_EQ(simul::now() - begin, 3s);
        EXPECT_EQ(log, (names{"a cancelled", "c cancelled", "c clean", "a clean"}));
    });
}

TEST(Gather, NeverBeginsABranchAfterOneBeforeItFailedAtOnce)
{
    simulate([]() -> task<> {
        bool began = false;
        const auto fails = []() -> task<> { throw std::runtime_error("at once"), co_await simul::yield(); };
        const auto begins = [](bool& b) -> task<> {
            b = true;
            co_return;
        };
        EXPECT_EQ(co_await error_of(simul::gather(fails(), begins(began))), "at once");
        EXPECT_FALSE(began);
    });
}

TEST(Gather, IsQuietAboutErrorsAfterTheFirst)
{
    simulate([]() -> task<> {
        const reports heard;
        const auto fails_late = []() -> task<> {
            try {
                co_await simul::sleep(1h);
            } catch (const simul::cancelled&) {
            }
            throw std::runtime_error("second");
        };
        EXPECT_EQ(co_await error_of(simul::gather(error_after(1s, "first"), fails_late())), "first");
        EXPECT_TRUE(heard.seen().empty());
    });
}

TEST(Gather, TreatsABranchThatEndsCancelledAsAnError)
{
    simulate([]() -> task<> {
        names log;
        auto flight = simul::spawn(value_after(1h, 1));
        simul::loop::current().call_later(1s, [&] { flight.cancel(); });
        EXPECT_EQ(co_await error_of(simul::gather(flight, cleaning_up(0s, log, "b"))), "cancelled");
        EXPECT_EQ(log, (names{"b cancelled", "b clean"}));
        EXPECT_EQ(simul::this_task::cancelling(), 0);
        co_await simul::sleep(1s);
    });
}

TEST(Gather, DestroysWhatItNeverStarted)
{
    simulate([]() -> task<> {
        const auto alive = std::make_shared<int>(0);
        const auto keep = [](std::shared_ptr<int>) -> task<> { co_return; };
        {
            const auto call = simul::gather(keep(alive), keep(alive));
            static_cast<void>(call);
            EXPECT_EQ(alive.use_count(), 3);
        }
        EXPECT_EQ(alive.use_count(), 1);
        co_return;
    });
}

// ---- cancelling it

TEST(Gather, CancelsItsBranchesInTheOrderOfTheirCreation)
{
    simulate([]() -> task<> {
        names log;
        auto flight = simul::spawn([](names& l) -> task<> {
            co_await simul::gather(cleaning_up(0s, l, "a"), cleaning_up(0s, l, "b"), cleaning_up(0s, l, "c"));
        }(log));
        co_await simul::sleep(1s);
        flight.cancel();
        EXPECT_TRUE(co_await raises<simul::cancelled>(std::move(flight)));
        EXPECT_EQ(log, (names{"a cancelled", "b cancelled", "c cancelled", "a clean", "b clean", "c clean"}));
    });
}

TEST(Gather, AsksEachBranchOnceForOneRequest)
{
    simulate([]() -> task<> {
        for (const bool as_range : {false, true}) {
            names log;
            const auto work = [](names& l, bool range) -> task<> {
                if (!range) {
                    co_await simul::gather(value_after(1h, 0), cleaning_up(2s, l, "slow"));
                    co_return;
                }
                std::vector<task<int>> several;
                several.push_back(value_after(1h, 0));
                several.push_back(cleaning_up(2s, l, "slow"));
                co_await simul::gather(std::move(several));
            };
            auto flight = simul::spawn(work(log, as_range));
            co_await simul::sleep(1s);
            const auto begin = simul::now();
            flight.cancel();
            EXPECT_TRUE(co_await raises<simul::cancelled>(std::move(flight)));
            EXPECT_EQ(simul::now() - begin, 2s) << as_range;
            EXPECT_EQ(log, (names{"slow cancelled", "slow clean"})) << as_range;
        }
    });
}

TEST(Gather, DeliversTheValuesOfBranchesThatAllSwallowTheRequest)
{
    simulate([]() -> task<> {
        const auto swallows = [](int n) -> task<int> {
            try {
                co_await simul::sleep(1h);
            } catch (const simul::cancelled&) {
            }
            co_return n;
        };
        auto flight = simul::spawn(
            [](auto swallow) -> task<int> {
                const auto [a, b] = co_await simul::gather(swallow(1), swallow(2));
                co_await simul::sleep(1s);
                co_return a + b;
            },
            swallows);
        co_await simul::sleep(1s);
        flight.cancel();
        EXPECT_EQ(co_await flight, 3);
    });
}

TEST(Gather, DropsNothingWhenTheRequestComesTooLateAndRaisesItAtTheNextWait)
{
    simulate([]() -> task<> {
        simul::promise<int> first;
        simul::promise<int> second;
        std::vector<int> got;
        auto flight = simul::spawn([](std::vector<int>& g, simul::future<int> a, simul::future<int> b) -> task<> {
            const auto [x, y] = co_await simul::gather(std::move(a), std::move(b));
            g = {x, y};
            co_await simul::sleep(1s);
            g.push_back(3);
        }(got, first.get_future(), second.get_future()));
        co_await simul::sleep(1s);
        first.set_value(1);
        second.set_value(2);
        flight.cancel();
        EXPECT_TRUE(co_await raises<simul::cancelled>(std::move(flight)));
        EXPECT_EQ(got, (std::vector<int>{1, 2}));
    });
}

TEST(Gather, RaisesOneRequestOnceWhenSomeBranchesTookItAndOthersHadEnded)
{
    simulate([]() -> task<> {
        simul::promise<int> first;
        bool cleaned = false;
        auto flight = simul::spawn([](bool& c, simul::future<int> a) -> task<> {
            try {
                co_await simul::gather(std::move(a), value_after(1h, 1));
            } catch (const simul::cancelled&) {
            }
            co_await simul::sleep(1s);
            c = true;
        }(cleaned, first.get_future()));
        co_await simul::sleep(1s);
        first.set_value(1);
        flight.cancel();
        EXPECT_FALSE(co_await raises<simul::cancelled>(std::move(flight)));
        EXPECT_TRUE(cleaned);
    });
}

TEST(Gather, OfFuturesCancelsTheirWork)
{
    simulate([]() -> task<> {
        auto inner = simul::spawn(value_after(1h, 1));
        auto flight = simul::spawn([](simul::future<int>& i) -> task<> { co_await simul::gather(i); }(inner));
        co_await simul::sleep(1s);
        flight.cancel();
        EXPECT_TRUE(co_await raises<simul::cancelled>(std::move(flight)));
        EXPECT_TRUE(inner.cancelled());
    });
}

TEST(Gather, ThatIsCancelledBeforeItBeginsStartsNothing)
{
    simulate([]() -> task<> {
        bool began = false;
        auto flight = simul::spawn([](bool& b) -> task<> {
            simul::this_task::cancel();
            co_await simul::gather([](bool& in) -> task<> {
                in = true;
                co_return;
            }(b));
        }(began));
        EXPECT_TRUE(co_await raises<simul::cancelled>(std::move(flight)));
        EXPECT_FALSE(began);
    });
}

// ---- many, and not all at once

TEST(Gather, TakesAHundredThousandAtOnce)
{
    simulate([]() -> task<> {
        std::vector<task<int>> work;
        for (int i = 0; i < 100'000; ++i)
            work.push_back(value_after(1s, i));
        const auto all = co_await simul::gather(std::move(work));
        EXPECT_EQ(all.size(), 100'000u);
        EXPECT_EQ(all.at(99'999), 99'999);
    });
}

TEST(Gather, SurvivesAHundredThousandThatFailAtOnce)
{
    simulate([]() -> task<> {
        const reports heard;
        int live = 0;
        {
            std::vector<task<>> work;
            for (int i = 0; i < 100'000; ++i)
                work.push_back([](counted) -> task<> {
                    co_await simul::sleep(1s);
                    throw std::runtime_error("all");
                }(counted(live)));
            EXPECT_EQ(live, 100'000);
            EXPECT_EQ(co_await error_of(simul::gather(std::move(work))), "all");
        }
        EXPECT_EQ(live, 0);
        EXPECT_TRUE(heard.seen().empty());
    });
}

TEST(Gather, RunsNoMoreThanItsLimitAtOnceAndAsksARangeLate)
{
    simulate([]() -> task<> {
        struct counts {
            int made = 0;
            int running = 0;
            int most = 0;
        } seen;
        const auto one = [](counts& c, int n) -> task<int> {
            c.most = std::max(c.most, ++c.running);
            co_await simul::sleep(1s);
            EXPECT_LE(c.made - n, 4);
            --c.running;
            co_return n;
        };
        const auto several = [](counts& c, auto make) -> simul::generator<task<int>> {
            for (int i = 0; i < 10; ++i) {
                ++c.made;
                co_yield make(c, i);
            }
        };
        const auto begin = simul::now();
        const auto all = co_await simul::gather(several(seen, one), {.limit = 3});
        EXPECT_EQ(all.size(), 10u);
        EXPECT_EQ(all.back(), 9);
        EXPECT_EQ(seen.most, 3);
        EXPECT_EQ(simul::now() - begin, 4s);
    });
}

TEST(Gather, LeavesAnEndlessRangeWhenABranchFails)
{
    simulate([]() -> task<> {
        int made = 0;
        const auto endless = [](int& m) -> simul::generator<task<int>> {
            for (;;)
                co_yield ++m == 50 ? error_after(1s, "enough") : value_after(1s, m);
        };
        EXPECT_EQ(co_await error_of(simul::gather(endless(made), {.limit = 7})), "enough");
        EXPECT_LE(made, 60);
    });
}

TEST(Gather, LeavesAnEndlessRangeWhenItIsCancelled)
{
    simulate([]() -> task<> {
        int made = 0;
        auto flight = simul::spawn([](int& m) -> task<> {
            const auto endless = [](int& n) -> simul::generator<task<int>> {
                for (;;)
                    co_yield value_after(1s, ++n);
            };
            co_await simul::gather(endless(m), {.limit = 2});
        }(made));
        co_await simul::sleep(10500ms);
        flight.cancel();
        EXPECT_TRUE(co_await raises<simul::cancelled>(std::move(flight)));
        EXPECT_LE(made, 23);
    });
}

TEST(Gather, EndsWhatRunsAndPassesTheErrorOnWhenItsRangeThrows)
{
    simulate([]() -> task<> {
        for (const int good : {0, 1, 2, 5}) {
            names log;
            const auto several = [](names& l, int n) -> simul::generator<task<int>> {
                for (int i = 0; i < n; ++i)
                    co_yield i == 1 ? cleaning_up(1s, l, "b") : value_after(1s, i);
                throw std::runtime_error("range");
            };
            EXPECT_EQ(co_await error_of(simul::gather(several(log, good), {.limit = 2})), "range") << good;
            EXPECT_EQ(co_await error_of(simul::gather(several(log, good))), "range") << good;
        }
    });
}

/// Can be moved so often, then throws.
struct moves_badly {
    explicit moves_badly(int moves) noexcept : left(moves) {}
    moves_badly(moves_badly&& other) : left(other.left - 1)
    {
        if (left < 0)
            throw std::runtime_error("moved once too often");
    }
    int left;
};

TEST(Gather, RaisesWhatAResultThrowsWhereverItIsMoved)
{
    simulate([]() -> task<> {
        const auto make = [](int moves, simul::duration wait) -> task<moves_badly> {
            co_await simul::sleep(wait);
            co_return moves_badly(moves);
        };
        bool once_all_right = false;
        for (int moves = 0; moves < 12; ++moves) {
            std::vector<task<moves_badly>> several;
            several.push_back(make(moves, 1s));
            several.push_back(make(100, 2s));
            const std::string why = co_await error_of(simul::gather(std::move(several)));
            EXPECT_TRUE(why.empty() ? moves > 0 : why == "moved once too often" && !once_all_right) << moves << why;
            once_all_right = once_all_right || why.empty();
        }
        EXPECT_TRUE(once_all_right);
    });
}

TEST(Gather, NestsAndEndsInsideOutWhenCancelled)
{
    simulate([]() -> task<> {
        names log;
        auto flight = simul::spawn([](names& l) -> task<> {
            const auto inner = [](names& in) -> task<> {
                try {
                    co_await simul::gather(cleaning_up(1s, in, "a"), cleaning_up(2s, in, "b"));
                } catch (const simul::cancelled&) {
                    in.push_back("inner");
                    throw;
                }
            };
            co_await simul::gather(inner(l), cleaning_up(3s, l, "c"));
        }(log));
        co_await simul::sleep(1s);
        flight.cancel();
        EXPECT_TRUE(co_await raises<simul::cancelled>(std::move(flight)));
        EXPECT_EQ(log, (names{"a cancelled", "b cancelled", "c cancelled", "a clean", "b clean", "inner", "c clean"}));
    });
}

// ---- settle

TEST(Settle, GivesErrorsAsValuesAndCancelsNobody)
{
    simulate([]() -> task<> {
        int here = 0;
        auto cancelled = simul::spawn(value_after(1h, 1));
        cancelled.cancel();
        const auto look = [](int& at) -> task<int&> { co_return at; };
        auto [a, b, c, d, e] = co_await simul::settle(value_after(2s, 1), error_after(1s, "bad"), simul::sleep(3s),
                                                      std::move(cancelled), look(here));
        EXPECT_EQ(a.value(), 1);
        EXPECT_EQ(what(b.error()), "bad");
        EXPECT_TRUE(c.has_value());
        EXPECT_TRUE(simul::is_cancelled(d.error()));
        EXPECT_EQ(&e.value(), &here);
    });
}

TEST(Settle, OfARangeGivesAResultForEach)
{
    simulate([]() -> task<> {
        std::vector<task<int>> work;
        for (int i = 0; i < 6; ++i)
            work.push_back(i % 2 ? error_after(1s, "odd") : value_after(1s, i));
        auto all = co_await simul::settle(std::move(work), {.limit = 4});
        EXPECT_EQ(all.size(), 6u);
        EXPECT_EQ(all[4].value(), 4);
        EXPECT_EQ(what(all[5].error()), "odd");
    });
}

TEST(Settle, RaisesCancelledWhenItWasCancelledAndABranchEndedSo)
{
    simulate([]() -> task<> {
        auto flight = simul::spawn([]() -> task<> {
            const auto all = co_await simul::settle(value_after(1h, 1), value_after(1s, 2));
            static_cast<void>(all);
        });
        co_await simul::sleep(2s);
        flight.cancel();
        EXPECT_TRUE(co_await raises<simul::cancelled>(std::move(flight)));
    });
}

TEST(Settle, IsQuietAboutWhatItDropsWhenItIsCancelled)
{
    simulate([]() -> task<> {
        const reports heard;
        const auto fails_when_cancelled = []() -> task<int> {
            try {
                co_await simul::sleep(1h);
            } catch (const simul::cancelled&) {
            }
            throw std::runtime_error("on the way out");
        };
        auto flight = simul::spawn([](auto fails) -> task<> {
            static_cast<void>(co_await simul::settle(fails(), value_after(1h, 1)));
        }(fails_when_cancelled));
        co_await simul::sleep(1s);
        flight.cancel();
        EXPECT_TRUE(co_await raises<simul::cancelled>(std::move(flight)));
        EXPECT_TRUE(heard.seen().empty());
    });
}

} // namespace
