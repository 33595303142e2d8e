// SPDX-License-Identifier: MIT
#include "outcome.hpp"

#include <simul/task/generator.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

using outcome::counted;
using simul::generator;

generator<int> up_to(int end)
{
    for (int i = 0; i < end; ++i)
        co_yield i;
}

TEST(Generator, GivesItsValuesOneAfterAnother)
{
    std::vector<int> all;
    for (const int each : up_to(4))
        all.push_back(each);
    EXPECT_EQ(all, (std::vector<int>{0, 1, 2, 3}));
    for (const int each : up_to(0))
        ADD_FAILURE() << each;
}

TEST(Generator, ComputesNothingBeforeItIsAsked)
{
    int steps = 0;
    const auto counts = [](int& s) -> generator<int> {
        for (;;)
            co_yield ++s;
    };
    {
        const auto unused = counts(steps);
    }
    EXPECT_EQ(steps, 0);
    for (const int each : counts(steps))
        if (each == 3)
            break;
    EXPECT_EQ(steps, 3);
}

TEST(Generator, DestroysWhatItHoldsWhenLeftEarly)
{
    int live = 0;
    const auto holds = [](int& l) -> generator<int> {
        const counted one(l);
        for (int i = 0;; ++i) {
            const counted two(l);
            co_yield i;
        }
    };
    for (const int each : holds(live)) {
        EXPECT_EQ(live, 2);
        if (each == 5)
            break;
    }
    EXPECT_EQ(live, 0);
}

TEST(Generator, ThrowsWhatItsBodyThrowsFromAnyStep)
{
    const auto fails_at = [](int n) -> generator<int> {
        for (int i = 0;; ++i) {
            if (i == n)
                throw std::runtime_error("body");
            co_yield i;
        }
    };
    for (const int n : {0, 1, 5}) {
        int seen = 0;
        try {
            for (const int each : fails_at(n))
                seen += each >= 0;
            ADD_FAILURE();
        } catch (const std::runtime_error& e) {
            EXPECT_STREQ(e.what(), "body");
        }
        EXPECT_EQ(seen, n);
    }
}

TEST(Generator, YieldsReferencesToWhereTheValuesAre)
{
    std::vector<int> numbers{1, 2, 3};
    const auto each_of = [](std::vector<int>& in) -> generator<int&> {
        for (int& each : in)
            co_yield each;
    };
    for (int& each : each_of(numbers))
        each *= 2;
    EXPECT_EQ(numbers, (std::vector<int>{2, 4, 6}));
}

TEST(Generator, LetsValuesThatOnlyMoveBeTaken)
{
    const auto makes = []() -> generator<std::unique_ptr<int>> {
        for (int i = 0; i < 3; ++i)
            co_yield std::make_unique<int>(i);
    };
    std::vector<std::unique_ptr<int>> all;
    for (auto& each : makes())
        all.push_back(std::move(each));
    EXPECT_EQ(*all.at(2), 2);
}

TEST(Generator, CanBeIteratedOnceOnlyWhereverItWasMoved)
{
    auto numbers = up_to(2);
    for (const int each : numbers)
        static_cast<void>(each);
    EXPECT_THROW(static_cast<void>(numbers.begin()), simul::invalid_state);
    auto moved = std::move(numbers);
    EXPECT_THROW(static_cast<void>(moved.begin()), simul::invalid_state);
    EXPECT_THROW(static_cast<void>(numbers.begin()), simul::invalid_state);
    auto fresh = up_to(1);
    fresh = std::move(moved);
    EXPECT_THROW(static_cast<void>(fresh.begin()), simul::invalid_state);
    EXPECT_EQ(*moved.begin(), 0); // they were swapped
}

} // namespace
