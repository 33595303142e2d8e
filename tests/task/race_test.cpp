// SPDX-License-Identifier: MIT
#include "outcome.hpp"

#include <simul/task/race.hpp>
#include <simul/task/spawn.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace outcome;
using simul::task;
using names = std::vector<std::string>;

TEST(Race, GivesTheFirstResultAtItsPlace)
{
    simulate([]() -> task<> {
        const auto begin = simul::now();
        const auto text = []() -> task<std::string> {
            co_await simul::sleep(1s);
            co_return "fast";
        };
        const auto won = co_await simul::race(value_after(2s, 1), text(), simul::sleep(3s));
        EXPECT_EQ(won.index(), 1u);
        EXPECT_EQ(std::get<1>(won), "fast");
        EXPECT_EQ(simul::now() - begin, 1s);
    });
}

TEST(Race, HandsOnVoidReferencesAndValuesThatOnlyMove)
{
    simulate([]() -> task<> {
        int here = 0;
        EXPECT_EQ((co_await simul::race(value_after(2s, 1), simul::yield())).index(), 1u);
        const auto look = [](int& at) -> task<int&> { co_return at; };
        EXPECT_EQ(std::get<0>(co_await simul::race(look(here))), &here);
        const auto make = []() -> task<std::unique_ptr<int>> { co_return std::make_unique<int>(5); };
        EXPECT_EQ(*std::get<0>(co_await simul::race(make(), make())), 5);
    });
}

TEST(Race, CancelsTheLosersAndWaitsForThem)
{
    simulate([]() -> task<> {
        names log;
        const auto begin = simul::now();
        const auto won = co_await simul::race(cleaning_up(3s, log, "a"), value_after(1s, 8), cleaning_up(1s, log, "c"));
        EXPECT_EQ(std::get<1>(won), 8);
        EXPECT_EQ(simul::now() - begin, 4s);
        EXPECT_EQ(log, (names{"a cancelled", "c cancelled", "c clean", "a clean"}));
    });
}

TEST(Race, IsWonByAnErrorToo)
{
    simulate([]() -> task<> {
        const reports heard;
        EXPECT_EQ(co_await error_of(simul::race(value_after(2s, 1), error_after(1s, "first"))), "first");
        EXPECT_EQ(std::get<0>(co_await simul::race(value_after(1s, 1), error_after(2s, "late"))), 1);
        EXPECT_TRUE(heard.seen().empty());
    });
}

TEST(Race, DropsWhatALoserProducesAllTheSame)
{
    simulate([]() -> task<> {
        const auto insists = []() -> task<int> {
            try {
                co_await simul::sleep(1h);
            } catch (const simul::cancelled&) {
            }
            co_return 2;
        };
        EXPECT_EQ((co_await simul::race(value_after(1s, 1), insists())).index(), 0u);
    });
}

TEST(Race, ThatIsCancelledEndsAllAndAsksEachOnce)
{
    simulate([]() -> task<> {
        names log;
        auto flight = simul::spawn([](names& l) -> task<> {
            co_await simul::race(value_after(1h, 1), cleaning_up(2s, l, "b"));
        }(log));
        co_await simul::sleep(1s);
        flight.cancel();
        EXPECT_TRUE(co_await raises<simul::cancelled>(std::move(flight)));
        EXPECT_EQ(log, (names{"b cancelled", "b clean"}));
    });
}

TEST(Race, ThatWasDecidedKeepsItsResultAndTheRequestComesAtTheNextWait)
{
    simulate([]() -> task<> {
        names log;
        int got = 0;
        auto flight = simul::spawn([](names& l, int& g) -> task<> {
            g = std::get<0>(co_await simul::race(value_after(1s, 6), cleaning_up(2s, l, "b")));
            co_await simul::sleep(1s);
            g = 0;
        }(log, got));
        co_await simul::sleep(2s); // the loser is cleaning up
        flight.cancel();
        EXPECT_TRUE(co_await raises<simul::cancelled>(std::move(flight)));
        EXPECT_EQ(got, 6);
    });
}

} // namespace
