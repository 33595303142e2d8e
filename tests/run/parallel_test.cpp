// SPDX-License-Identifier: MIT
#include <simul/run/parallel.hpp>
#include <simul/run/run.hpp>
#include <simul/run/thread_pool.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <numeric>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using simul::task;
using simul::thread_pool;

TEST(ParallelFor, VisitsEachIndexOnce)
{
    thread_pool pool({.threads = 3});
    for (const int count : {0, 1, 2, 63, 64, 65, 1000}) {
        std::vector<std::atomic<int>> visits(static_cast<std::size_t>(count));
        pool.submit(simul::parallel_for(0, count, [&](int i) { ++visits[static_cast<std::size_t>(i)]; })).result();
        EXPECT_TRUE(std::ranges::all_of(visits, [](const auto& each) { return each == 1; }));
    }
}

TEST(ParallelFor, OfAnEmptyOrBackwardRangeDoesNothing)
{
    thread_pool pool({.threads = 2});
    pool.submit(simul::parallel_for(5, 5, [](int) { FAIL(); })).result();
    pool.submit(simul::parallel_for(5, 3, [](int) { FAIL(); })).result();
    pool.submit(simul::parallel_for(std::vector<int>{}, [](int) { FAIL(); })).result();
}

TEST(ParallelFor, CountsInTheTypeOfItsBounds)
{
    thread_pool pool({.threads = 2});
    std::atomic<unsigned long> sum{0};
    pool.submit(simul::parallel_for(-3, 4L, [&](long i) { sum += static_cast<unsigned long>(i + 3); }, {.grain = 1})).result();
    EXPECT_EQ(sum, 21u);
}

TEST(ParallelFor, ChangesTheElementsOfARange)
{
    thread_pool pool({.threads = 2});
    std::vector<int> numbers(5000, 1);
    pool.submit(simul::parallel_for(numbers, [](int& each) { each *= 2; }, {.grain = 10})).result();
    EXPECT_EQ(std::accumulate(numbers.begin(), numbers.end(), 0), 10'000);
}

TEST(ParallelFor, EndsAtAnError)
{
    thread_pool pool({.threads = 2});
    auto flight = pool.submit(simul::parallel_for(0, 1000, [](int i) {
        if (i == 500)
            throw std::runtime_error("five hundred");
    }));
    EXPECT_THROW(flight.result(), std::runtime_error);
}

TEST(ParallelFor, IsAPlainLoopOnALoop)
{
    std::vector<int> order;
    simul::run(simul::parallel_for(0, 200, [&](int i) { order.push_back(i); }));
    std::vector<int> expected(200);
    std::iota(expected.begin(), expected.end(), 0);
    EXPECT_EQ(order, expected);
}

TEST(ParallelReduce, KeepsTheOrder)
{
    thread_pool pool({.threads = 3});
    std::vector<std::string> words(500);
    for (std::size_t n = 0; n < words.size(); ++n)
        words[n] = std::to_string(n) + " ";
    const std::string expected = std::accumulate(words.begin(), words.end(), std::string("> "));
    EXPECT_EQ(pool.submit(simul::parallel_reduce(words, std::string("> "), std::plus<>(), {}, {.grain = 7})).result(), expected);
    EXPECT_EQ(pool.submit(simul::parallel_reduce(std::vector<int>{}, 5, std::plus<>())).result(), 5);
    EXPECT_EQ(pool.submit(simul::parallel_reduce(words, std::size_t{0}, std::plus<>(), [](const std::string& each) { return each.size(); })).result(),
              expected.size() - 2);
}

TEST(ParallelSort, SortsWhateverComes)
{
    thread_pool pool({.threads = 3});
    std::mt19937 random(7);
    for (const std::size_t count : {0, 1, 2, 31, 1000, 50'000}) {
        for (const unsigned values : {1u, 3u, 1'000'000u}) {
            std::vector<unsigned> numbers(count);
            for (unsigned& each : numbers)
                each = random() % values;
            std::vector<unsigned> expected = numbers;
            std::sort(expected.begin(), expected.end());
            pool.submit(simul::parallel_sort(numbers, {}, {.grain = 64})).result();
            EXPECT_EQ(numbers, expected) << count << " numbers below " << values;
            pool.submit(simul::parallel_sort(numbers, std::greater<>())).result(); // sorted the other way round already
            EXPECT_TRUE(std::ranges::is_sorted(numbers, std::greater<>()));
        }
    }
}

TEST(ParallelSort, MovesWhatCannotBeCopied)
{
    thread_pool pool({.threads = 2});
    std::vector<std::unique_ptr<int>> numbers;
    for (int n = 0; n < 2000; ++n)
        numbers.push_back(std::make_unique<int>((n * 7919) % 2000));
    pool.submit([&]() -> task<> {
        co_await simul::parallel_sort(numbers, [](const auto& a, const auto& b) { return *a < *b; });
    }).result();
    for (int n = 0; n < 2000; ++n)
        EXPECT_EQ(*numbers[static_cast<std::size_t>(n)], n);
}

} // namespace
