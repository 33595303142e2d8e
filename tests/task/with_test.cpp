// SPDX-License-Identifier: MIT
#include "outcome.hpp"

#include <simul/task/spawn.hpp>
#include <simul/task/with.hpp>

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace outcome;
using simul::task;
using names = std::vector<std::string>;

/// Says when it is closed, which takes a second.
struct resource {
    names* log;
    bool close_fails = false;
    task<> close()
    {
        co_await simul::sleep(1s);
        log->push_back("closed");
        if (close_fails)
            throw std::runtime_error("close");
    }
};

TEST(With, ClosesWhenTheBodyReturns)
{
    simulate([]() -> task<> {
        names log;
        EXPECT_EQ(co_await simul::with(resource{&log}, [](resource& r) -> task<int> {
            r.log->push_back("body");
            co_return 3;
        }), 3);
        EXPECT_EQ(log, (names{"body", "closed"}));
    });
}

TEST(With, AwaitsATaskThatOpensTheResource)
{
    simulate([]() -> task<> {
        names log;
        const auto open = [](names& l) -> task<resource> {
            co_await simul::sleep(1s);
            l.push_back("open");
            co_return resource{&l};
        };
        co_await simul::with(open(log), [](resource&) -> task<> { co_return; });
        EXPECT_EQ(log, (names{"open", "closed"}));
    });
}

TEST(With, ClosesAndPassesTheErrorOfTheBodyOn)
{
    simulate([]() -> task<> {
        names log;
        EXPECT_EQ(co_await error_of(simul::with(resource{&log}, [](resource&) -> task<> {
            co_await simul::sleep(1s);
            throw std::runtime_error("body");
        })), "body");
        EXPECT_EQ(log, (names{"closed"}));
    });
}

TEST(With, ClosesWhenItIsCancelled)
{
    simulate([]() -> task<> {
        names log;
        auto flight = simul::spawn(simul::with(resource{&log}, [](resource&) -> task<> { co_await simul::sleep(1h); }));
        co_await simul::sleep(1s);
        flight.cancel();
        EXPECT_EQ(co_await error_of(std::move(flight)), "cancelled");
        EXPECT_EQ(log, (names{"closed"}));
    });
}

TEST(With, ClosesInFullWhenARequestComesTooLateForTheBodyAndRaisesItAfterThat)
{
    simulate([]() -> task<> {
        names log;
        simul::promise<int> told;
        int got = 0;
        auto flight = simul::spawn([](names& l, simul::future<int> from, int& g) -> task<> {
            g = co_await simul::with(resource{&l}, [&](resource&) -> task<int> { co_return co_await std::move(from); });
            EXPECT_EQ(simul::this_task::cancelling(), 1);
            co_await simul::sleep(1s);
            g = 0;
        }(log, told.get_future(), got));
        co_await simul::sleep(1s);
        told.set_value(7);
        flight.cancel();
        const auto begin = simul::now();
        EXPECT_EQ(co_await error_of(std::move(flight)), "cancelled");
        EXPECT_EQ(simul::now() - begin, 1s); // for the closing
        EXPECT_EQ(log, (names{"closed"}));
        EXPECT_EQ(got, 7);
    });
}

TEST(With, IsCutShortByARequestThatComesWhileItCloses)
{
    simulate([]() -> task<> {
        names log;
        auto flight = simul::spawn(simul::with(resource{&log}, [](resource&) -> task<int> { co_return 1; }));
        co_await simul::sleep(500ms);
        flight.cancel();
        EXPECT_EQ(co_await error_of(std::move(flight)), "cancelled");
        EXPECT_TRUE(log.empty());
    });
}

TEST(With, RaisesAnErrorOfCloseWhereTheBodyHadNone)
{
    simulate([]() -> task<> {
        names log;
        const auto body = [](resource&) -> task<int> { co_return 1; };
        EXPECT_EQ(co_await error_of(simul::with(resource{&log, true}, body)), "close");
    });
}

TEST(With, ReportsAnErrorOfCloseBesideOneOfTheBody)
{
    simulate([]() -> task<> {
        const reports heard;
        names log;
        const auto body = [](resource&) -> task<> { throw std::runtime_error("body"), co_await simul::yield(); };
        EXPECT_EQ(co_await error_of(simul::with(resource{&log, true}, body)), "body");
        EXPECT_EQ(heard.seen().size(), 1u);
        EXPECT_EQ(what(heard.seen().at(0).error), "close");
    });
}

TEST(With, NeverRunsTheBodyWhenOpeningFails)
{
    simulate([]() -> task<> {
        bool ran = false;
        const auto open = []() -> task<resource> { throw std::runtime_error("open"), co_await simul::yield(); };
        EXPECT_EQ(co_await error_of(simul::with(open(), [&](resource&) -> task<> {
            ran = true;
            co_return;
        })), "open");
        EXPECT_FALSE(ran);
    });
}

} // namespace
