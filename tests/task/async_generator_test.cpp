// SPDX-License-Identifier: MIT
#include "outcome.hpp"

#include <simul/task/async_generator.hpp>
#include <simul/task/gather.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/timeout.hpp>
#include <simul/task/with.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace outcome;
using simul::async_generator;
using simul::task;
using names = std::vector<std::string>;

async_generator<int> ticks(int end)
{
    for (int i = 0; i < end; ++i) {
        co_await simul::sleep(1s);
        co_yield i;
    }
}

/// Yields for ever; says how it ended.
async_generator<int> telling(names& log)
{
    try {
        for (int i = 0;; ++i)
            co_yield i;
    } catch (const simul::cancelled&) {
        log.push_back("cancelled");
    }
    co_await simul::sleep(1s);
    log.push_back("clean");
}

template <class T> task<std::optional<T>> next_of(async_generator<T>& from)
{
    co_return co_await from.next();
}
template <class T> task<> close_of(async_generator<T>& open)
{
    co_await open.close();
}

TEST(AsyncGenerator, GivesItsValuesAndThenNothing)
{
    simulate([]() -> task<> {
        auto all = ticks(3);
        const auto begin = simul::now();
        std::vector<int> got;
        while (const auto each = co_await all.next())
            got.push_back(*each);
        EXPECT_EQ(got, (std::vector<int>{0, 1, 2}));
        EXPECT_EQ(simul::now() - begin, 3s);
        EXPECT_EQ(co_await all.next(), std::nullopt);
        co_await all.close();
        const auto owned = []() -> async_generator<std::unique_ptr<int>> { co_yield std::make_unique<int>(4); };
        auto one = owned();
        EXPECT_EQ(**co_await one.next(), 4);
        co_await one.close();
    });
}

TEST(AsyncGenerator, RaisesWhatItsBodyThrowsAndHasEndedThen)
{
    simulate([]() -> task<> {
        const auto fails = []() -> async_generator<int> {
            co_yield 1;
            throw std::runtime_error("body");
        };
        auto numbers = fails();
        EXPECT_EQ(co_await numbers.next(), 1);
        EXPECT_EQ(co_await error_of(next_of(numbers)), "body");
        EXPECT_EQ(co_await numbers.next(), std::nullopt);
        co_await numbers.close();
    });
}

TEST(AsyncGenerator, CleansUpWhenClosed)
{
    simulate([]() -> task<> {
        names log;
        auto numbers = telling(log);
        EXPECT_EQ(co_await numbers.next(), 0);
        EXPECT_EQ(co_await numbers.next(), 1);
        co_await numbers.close();
        EXPECT_EQ(log, (names{"cancelled", "clean"}));
        co_await numbers.close();
        EXPECT_EQ(co_await numbers.next(), std::nullopt);
        EXPECT_EQ(log.size(), 2u);
        EXPECT_EQ(simul::this_task::cancelling(), 0);
    });
}

TEST(AsyncGenerator, NeverBeginsWhenClosedBeforeItsFirstValue)
{
    simulate([]() -> task<> {
        names log;
        auto numbers = telling(log);
        co_await numbers.close();
        EXPECT_EQ(co_await numbers.next(), std::nullopt);
        EXPECT_TRUE(log.empty());
    });
}

TEST(AsyncGenerator, RaisesAnErrorOfItsCleanUpFromClose)
{
    simulate([]() -> task<> {
        const auto fails = []() -> async_generator<int> {
            try {
                co_yield 1;
            } catch (const simul::cancelled&) {
                throw std::runtime_error("clean-up");
            }
        };
        auto numbers = fails();
        co_await numbers.next();
        EXPECT_EQ(co_await error_of(close_of(numbers)), "clean-up");
    });
}

TEST(AsyncGenerator, MustNotYieldWhileItIsClosed)
{
    simulate([]() -> task<> {
        const auto insists = []() -> async_generator<int> {
            for (;;) {
                try {
                    co_yield 1;
                } catch (const simul::cancelled&) {
                }
            }
        };
        auto numbers = insists();
        co_await numbers.next();
        EXPECT_TRUE(co_await raises<simul::invalid_state>(close_of(numbers)));
        EXPECT_EQ(co_await numbers.next(), std::nullopt);
    });
}

TEST(AsyncGenerator, AnswersOneAtATime)
{
    simulate([]() -> task<> {
        auto numbers = ticks(3);
        auto first = simul::spawn(next_of(numbers));
        co_await simul::yield();
        EXPECT_TRUE(co_await raises<simul::invalid_state>(next_of(numbers)));
        EXPECT_TRUE(co_await raises<simul::invalid_state>(close_of(numbers)));
        EXPECT_EQ(co_await first, 0);
        EXPECT_EQ(co_await numbers.next(), 1);
        co_await numbers.close();
    });
}

TEST(AsyncGenerator, IsCancelledWithTheTaskThatAsksIt)
{
    simulate([]() -> task<> {
        auto numbers = ticks(3);
        EXPECT_TRUE(co_await raises<simul::timeout_error>(simul::timeout(500ms, next_of(numbers))));
        EXPECT_EQ(co_await numbers.next(), std::nullopt); // the request ended its body
    });
}

TEST(AsyncGenerator, MayBeAskedByDifferentTasks)
{
    simulate([]() -> task<> {
        auto numbers = ticks(3);
        EXPECT_EQ(co_await simul::spawn(next_of(numbers)), 0);
        EXPECT_EQ(co_await numbers.next(), 1);
        EXPECT_EQ(co_await simul::timeout(2s, next_of(numbers)), 2);
        EXPECT_EQ(co_await simul::spawn(next_of(numbers)), std::nullopt);
    });
}

TEST(AsyncGenerator, IsClosedByWithOnEveryWayOut)
{
    simulate([]() -> task<> {
        names log;
        EXPECT_EQ(co_await simul::with(telling(log), [](async_generator<int>& g) -> task<int> {
            co_await g.next();
            co_return *co_await g.next();
        }), 1);
        EXPECT_EQ(co_await error_of(simul::with(telling(log), [](async_generator<int>& g) -> task<> {
            co_await g.next();
            throw std::runtime_error("body");
        })), "body");
        EXPECT_EQ(log, (names{"cancelled", "clean", "cancelled", "clean"}));
    });
}

TEST(AsyncGenerator, ThatIsDestroyedWhileOpenIsCutShortAndReportedInDebugMode)
{
    for (const bool debug : {false, true})
        simul::run([debug]() -> task<> {
            const reports heard;
            int live = 0;
            names log;
            {
                const auto holds = [](counted, names& l) -> async_generator<int> {
                    try {
                        for (;;)
                            co_yield 1;
                    } catch (...) {
                        l.push_back("handler");
                    }
                };
                auto open = holds(counted(live), log);
                co_await open.next();
                EXPECT_GE(live, 1);
                auto ended = ticks(0);
                EXPECT_EQ(co_await ended.next(), std::nullopt);
            }
            EXPECT_EQ(live, 0);
            EXPECT_TRUE(log.empty());
            EXPECT_EQ(heard.seen().size(), debug ? 1u : 0u);
        }, {.backend = simul::backend::sim, .debug = debug});
}

TEST(AsyncGenerator, RaisesWhatMeansAnEndElsewhereAsAnyError)
{
    simulate([]() -> task<> {
        const auto ends_badly = []() -> async_generator<int> {
            co_yield 1;
            throw simul::end_of_stream("of something inside");
        };
        auto numbers = ends_badly();
        EXPECT_EQ(co_await numbers.next(), 1);
        EXPECT_EQ(co_await error_of(next_of(numbers)), "of something inside");
        EXPECT_EQ(co_await numbers.next(), std::nullopt);
    });
}

TEST(AsyncGenerator, AThousandAreClosedAtOnceAndTheirErrorsRaised)
{
    simulate([]() -> task<> {
        int cleaned = 0;
        const auto slow_to_close = [](int n, int& clean) -> async_generator<int> {
            try {
                for (;;)
                    co_yield n;
            } catch (const simul::cancelled&) {
            }
            co_await simul::sleep(1s);
            ++clean;
            if (n % 100 == 0)
                throw std::runtime_error("could not close");
        };
        const auto begin = simul::now();
        std::vector<task<>> uses;
        for (int i = 0; i < 1000; ++i)
            uses.push_back(simul::with(slow_to_close(i, cleaned), [](async_generator<int>& g) -> task<> { co_await g.next(); }));
        int failed = 0;
        for (const auto& each : co_await simul::settle(std::move(uses)))
            failed += each.has_value() ? 0 : 1;
        EXPECT_EQ(cleaned, 1000);
        EXPECT_EQ(failed, 10);
        EXPECT_EQ(simul::now() - begin, 1s);
    });
}

TEST(AsyncGenerator, HasEndedAfterItIsClosedHoweverOften)
{
    simulate([]() -> task<> {
        names log;
        auto numbers = telling(log);
        co_await numbers.next();
        for (int i = 0; i < 2; ++i) {
            co_await numbers.close();
            EXPECT_EQ(co_await numbers.next(), std::nullopt);
        }
        EXPECT_EQ(log, (names{"cancelled", "clean"}));
        auto moved = std::move(numbers);
        co_await numbers.close(); // nothing is left in it
        EXPECT_EQ(co_await numbers.next(), std::nullopt);
    });
}

} // namespace
