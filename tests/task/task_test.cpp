// SPDX-License-Identifier: MIT
#include "outcome.hpp"

#include <simul/run/loop.hpp>
#include <simul/run/run.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/task.hpp>
#include <simul/task/this_task.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using outcome::simulate;
using simul::task;
using names = std::vector<std::string>;

task<int> answer()
{
    co_return 42;
}

// ---- what a task is

TEST(Task, DoesNothingUntilItIsAwaited)
{
    simulate([]() -> task<> {
        bool ran = false;
        auto work = [](bool& r) -> task<> {
            r = true;
            co_return;
        }(ran);
        EXPECT_TRUE(work.valid());
        EXPECT_FALSE(work.started());
        co_await simul::yield();
        EXPECT_FALSE(ran);
        co_await std::move(work);
        EXPECT_TRUE(ran);
    });
}

TEST(Task, RunsAtOnceInTheLineOfWorkThatAwaitsIt)
{
    simulate([]() -> task<> {
        names order;
        auto other = simul::spawn([](names& o) -> task<> {
            o.push_back("other");
            co_return;
        }(order));
        simul::this_task::rename("the line");
        co_await [](names& o) -> task<> {
            o.push_back(simul::this_task::name());
            co_return;
        }(order);
        order.push_back("after");
        co_await std::move(other);
        EXPECT_EQ(order, (names{"the line", "after", "other"}));
    });
}

TEST(Task, IsRefusedASecondAwaitAndOnceMovedFrom)
{
    simulate([]() -> task<> {
        auto once = answer();
        EXPECT_EQ(co_await std::move(once), 42);
        bool refused = false;
        try {
            static_cast<void>(co_await std::move(once));
        } catch (const simul::invalid_state& e) {
            refused = true;
            EXPECT_STREQ(e.what(), "this task was awaited before, or moved from");
        }
        EXPECT_TRUE(refused);
        auto first = answer();
        const auto second = std::move(first);
        EXPECT_FALSE(first.valid());
        EXPECT_TRUE(second.valid());
        refused = false;
        try {
            static_cast<void>(co_await std::move(first));
        } catch (const simul::invalid_state&) {
            refused = true;
        }
        EXPECT_TRUE(refused);
    });
}

TEST(Task, IsRefusedASecondAwaitWhileTheFirstIsUnderWay)
{
    simulate([]() -> task<> {
        auto shared = []() -> task<int> {
            co_await simul::sleep(1s);
            co_return 1;
        }();
        auto first = simul::spawn([](task<int>& t) -> task<int> { co_return co_await std::move(t); }(shared));
        co_await simul::yield();
        EXPECT_TRUE(shared.started());
        auto second = simul::spawn([](task<int>& t) -> task<int> { co_return co_await std::move(t); }(shared));
        EXPECT_EQ(co_await std::move(first), 1);
        bool refused = false;
        try {
            static_cast<void>(co_await std::move(second));
        } catch (const simul::invalid_state&) {
            refused = true;
        }
        EXPECT_TRUE(refused);
    });
}

TEST(Task, KeepsItsParametersAndDestroysThemWithItself)
{
    const auto alive = std::make_shared<int>(7);
    simulate([&]() -> task<> {
        {
            auto work = [](std::shared_ptr<int> kept) -> task<int> { co_return *kept; }(alive);
            EXPECT_EQ(alive.use_count(), 2);
            EXPECT_EQ(co_await std::move(work), 7);
        }
        EXPECT_EQ(alive.use_count(), 1);
        {
            [[maybe_unused]] const auto never_awaited = [](std::shared_ptr<int> kept) -> task<int> { co_return *kept; }(alive);
        }
        EXPECT_EQ(alive.use_count(), 1);
    });
}

// ---- results

TEST(Task, GivesValuesReferencesMoveOnlyValuesAndNothing)
{
    simulate([]() -> task<> {
        EXPECT_EQ(co_await answer(), 42);
        int place = 1;
        int& same = co_await [](int& p) -> task<int&> { co_return p; }(place);
        EXPECT_EQ(&same, &place);
        const int& constant = co_await [](const int& p) -> task<const int&> { co_return p; }(place);
        EXPECT_EQ(&constant, &place);
        const std::unique_ptr<int> owned = co_await []() -> task<std::unique_ptr<int>> { co_return std::make_unique<int>(5); }();
        EXPECT_EQ(*owned, 5);
        const auto text = co_await []() -> task<std::string> { co_return "converted"; }();
        EXPECT_EQ(text, "converted");
        co_await []() -> task<> { co_return; }();
    });
}

struct alignas(128) strict {
    std::array<char, 200> bytes{};
    bool is_aligned() const { return reinterpret_cast<std::uintptr_t>(this) % 128 == 0; }
};

task<strict> make_strict(int waits)
{
    for (int i = 0; i < waits; ++i)
        co_await simul::yield();
    strict made; // in the frame, where compilers align less
    made.bytes[199] = 'z';
    co_return made;
}

TEST(Task, GivesResultsThatAreAlignedMoreStrictlyThanUsual)
{
    const strict here = simul::run(make_strict(1), {.backend = simul::backend::sim});
    EXPECT_TRUE(here.is_aligned());
    EXPECT_EQ(here.bytes[199], 'z');
    simulate([]() -> task<> {
        auto flight = simul::spawn(make_strict(1));
        const strict& there = co_await flight;
        EXPECT_TRUE(there.is_aligned());
        EXPECT_EQ(there.bytes[199], 'z');
        EXPECT_EQ((co_await make_strict(0)).bytes[199], 'z');
    });
}

struct counted {
    static inline int alive = 0;
    counted() { ++alive; }
    counted(counted&&) noexcept { ++alive; }
    counted(const counted&) = delete;
    ~counted() { --alive; }
};

TEST(Task, DestroysResultsThatNobodyTook)
{
    simulate([]() -> task<> {
        {
            auto flight = simul::spawn([]() -> task<counted> { co_return counted{}; });
            co_await simul::sleep(1s);
            EXPECT_TRUE(flight.done());
            EXPECT_EQ(counted::alive, 1);
        }
        EXPECT_EQ(counted::alive, 0);
        static_cast<void>(co_await []() -> task<counted> { co_return counted{}; }());
        EXPECT_EQ(counted::alive, 0);
    });
}

// ---- errors

TEST(Task, ThrowsWhereItIsAwaited)
{
    simulate([]() -> task<> {
        const auto fails = []() -> task<int> {
            co_await simul::yield();
            throw std::runtime_error("inside");
        };
        std::string seen;
        try {
            static_cast<void>(co_await fails());
        } catch (const std::runtime_error& e) {
            seen = e.what();
        }
        EXPECT_EQ(seen, "inside");
        bool odd = false;
        try {
            co_await []() -> task<> {
                throw 5;
                co_return;
            }();
        } catch (int five) {
            odd = five == 5;
        }
        EXPECT_TRUE(odd);
    });
}

TEST(Task, ThrowsOutOfRunWhatMainThrows)
{
    EXPECT_THROW(simulate([]() -> task<> {
                     co_await simul::yield();
                     throw std::out_of_range("main");
                 }),
                 std::out_of_range);
}

TEST(Task, UnwindsItsFramesFromTheInsideOut)
{
    struct guard {
        names& order;
        std::string name;
        ~guard() { order.push_back(name); }
    };
    names order;
    simulate([&]() -> task<> {
        const auto inner = [](names& o) -> task<> {
            const guard here{o, "inner"};
            co_await simul::yield();
            throw std::runtime_error("x");
        };
        const auto outer = [&](names& o) -> task<> {
            const guard here{o, "outer"};
            co_await inner(o);
        };
        try {
            co_await outer(order);
        } catch (const std::runtime_error&) {
            order.push_back("caught");
        }
    });
    EXPECT_EQ(order, (names{"inner", "outer", "caught"}));
}

// ---- depth and number

task<int> nothing_to_wait_for(int n)
{
    co_return n;
}

TEST(Task, CompletesTenMillionTimesInALoopWithoutGrowingTheStack)
{
    // Unoptimised and sanitized builds do not turn resumptions into jumps as cheaply; the depth is the point, not the time.
#ifdef __OPTIMIZE__
    static constexpr int times = 10'000'000;
#else
    static constexpr int times = 2'000'000;
#endif
    simulate([]() -> task<> {
        std::int64_t sum = 0;
        for (int i = 0; i < times; ++i)
            sum += co_await nothing_to_wait_for(1);
        EXPECT_EQ(sum, times);
    });
}

task<int> nest(int depth, bool waits)
{
    if (depth > 0)
        co_return 1 + co_await nest(depth - 1, waits);
    if (waits)
        co_await simul::yield();
    co_return 0;
}

TEST(Task, NestsAHundredThousandDeep)
{
    simulate([]() -> task<> {
        EXPECT_EQ(co_await nest(100'000, false), 100'000);
        EXPECT_EQ(co_await nest(100'000, true), 100'000);
    });
}

task<> fail_deep(int depth)
{
    if (depth == 0)
        throw std::runtime_error("bottom");
    co_await fail_deep(depth - 1);
}

TEST(Task, CarriesAnErrorUpAThousandFrames)
{
    simulate([]() -> task<> {
        bool caught = false;
        try {
            co_await fail_deep(1000);
        } catch (const std::runtime_error&) {
            caught = true;
        }
        EXPECT_TRUE(caught);
    });
}

TEST(Task, IsCancelledTwentyThousandFramesDeep)
{
    simulate([]() -> task<> {
        auto deep = simul::spawn([]() -> task<int> {
            const auto down = [](auto self, int depth) -> task<int> {
                if (depth > 0)
                    co_return co_await self(self, depth - 1);
                co_await simul::sleep(1h);
                co_return 0;
            };
            co_return co_await down(down, 20'000);
        });
        co_await simul::yield();
        deep.cancel();
        bool raised = false;
        try {
            static_cast<void>(co_await std::move(deep));
        } catch (const simul::cancelled&) {
            raised = true;
        }
        EXPECT_TRUE(raised);
    });
}

TEST(Task, ThereMayBeAHundredThousandOfThem)
{
    simulate([]() -> task<> {
        constexpr int count = 100'000;
        std::vector<simul::future<int>> flights;
        flights.reserve(count);
        for (int i = 0; i < count; ++i)
            flights.push_back(simul::spawn([](int n) -> task<int> {
                co_await simul::sleep(std::chrono::milliseconds(n % 97));
                co_return n;
            }(i)));
        std::int64_t sum = 0;
        for (auto& each : flights)
            sum += co_await each;
        EXPECT_EQ(sum, std::int64_t{count} * (count - 1) / 2);
    });
}

} // namespace
