// SPDX-License-Identifier: MIT
//
// Many jobs, many deaths: every future is answered, once. With SIMUL_LONG=1 ten times as many.
#include "process_pool_fixture.hpp"

#include <simul/run/process_pool.hpp>
#include <simul/run/run.hpp>

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <ctime>
#include <random>
#include <sys/wait.h>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace simul_test;
using simul::process_pool;

int scaled(int count)
{
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    count /= 10;
#endif
#endif
    return std::getenv("SIMUL_LONG") ? 10 * count : count;
}

int next(int n)
{
    return n + 1;
}

TEST(ProcessPoolStress, AnswersEachOfManyTinyJobs)
{
    const auto before = descriptors();
    {
        process_pool pool({.workers = 4});
        std::vector<simul::future<int>> window(1000);
        const int count = scaled(400'000);
        for (int i = 0; i < count + 1000; ++i) {
            simul::future<int>& slot = window[static_cast<std::size_t>(i) % window.size()];
            if (slot)
                ASSERT_EQ(slot.result(), i - 1000 + 1);
            slot = i < count ? pool.submit(next, i) : simul::future<int>();
        }
    }
    EXPECT_EQ(descriptors(), before);
    EXPECT_LE(::waitpid(-1, nullptr, WNOHANG), 0); // no zombie
}

TEST(ProcessPoolStress, AnswersManyThreadsAtOnce)
{
    process_pool pool({.workers = 4});
    std::vector<std::thread> threads;
    std::atomic<int> wrong = 0;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&, t] {
            for (int i = 0; i < scaled(3'000); ++i)
                wrong += pool.submit(next, t + i).result() == t + i + 1 ? 0 : 1;
        });
    for (std::thread& each : threads)
        each.join();
    EXPECT_EQ(wrong, 0);
}

/// Kills this process at some moment of the next tenth of a second, whatever it does then.
void die_soon()
{
    sigevent event{};
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = SIGKILL;
    timer_t timer;
    ::timer_create(CLOCK_MONOTONIC, &event, &timer);
    std::random_device random;
    const itimerspec when{{}, {0, static_cast<long>(1'000'000 + random() % 100'000'000)}};
    ::timer_settime(timer, 0, &when, nullptr);
}

enum class fate { value, died, other };

template <class T> fate fate_of(simul::future<T>& flight, const T& expected)
{
    try {
        return flight.result_for(50s) == expected ? fate::value : fate::other;
    } catch (const simul::worker_died& e) {
        return e.signal() == SIGKILL ? fate::died : fate::other;
    } catch (...) {
        return fate::other;
    }
}

TEST(ProcessPoolStress, LosesNoJobWhileWorkersAreKilledAtRandom)
{
    const auto before = descriptors();
    {
        process_pool pool({.workers = 4, .initializer = die_soon});
        std::vector<simul::future<int>> flights;
        const int count = scaled(10'000);
        for (int i = 0; i < count; ++i)
            flights.push_back(pool.submit(
                [](int n) {
                    const auto until = std::chrono::steady_clock::now() + 50us;
                    while (std::chrono::steady_clock::now() < until) {
                    }
                    return n;
                },
                i));
        int fates[3] = {};
        for (int i = 0; i < count; ++i)
            ++fates[static_cast<int>(fate_of(flights[static_cast<std::size_t>(i)], i))];
        EXPECT_EQ(fates[static_cast<int>(fate::other)], 0);
        EXPECT_EQ(fates[static_cast<int>(fate::value)] + fates[static_cast<int>(fate::died)], count);
        // While idle, they are killed too.
        for (int i = 0; i < 20; ++i) {
            std::this_thread::sleep_for(10ms);
            auto flight = pool.submit(next, i);
            EXPECT_NE(fate_of(flight, i + 1), fate::other);
        }
    }
    EXPECT_EQ(descriptors(), before);
    EXPECT_LE(::waitpid(-1, nullptr, WNOHANG), 0); // no zombie
}

TEST(ProcessPoolStress, LosesNoLargeJobWhileWorkersAreKilledAtRandom)
{
    process_pool pool({.workers = 2, .initializer = die_soon, .retry = 2});
    std::vector<simul::future<std::size_t>> flights;
    const std::string large(100'000, 'x');
    const std::string medium(50'000, 'x');
    const int count = scaled(1000);
    for (int i = 0; i < count; ++i)
        flights.push_back(
            pool.submit([](const std::string& s) { return std::string(s).size(); }, i % 2 == 0 ? large : medium));
    for (int i = 0; i < count; ++i)
        EXPECT_NE(fate_of(flights[static_cast<std::size_t>(i)], i % 2 == 0 ? large.size() : medium.size()),
                  fate::other);
}

TEST(ProcessPoolStress, AnswersOnceWhateverIsCancelled)
{
    process_pool pool({.workers = 3});
    std::mt19937 random(1);
    int values = 0;
    int cancelled = 0;
    for (int round = 0; round < scaled(100); ++round) {
        std::vector<simul::future<int>> flights;
        for (int i = 0; i < 50; ++i)
            flights.push_back(pool.submit(next, i));
        std::thread canceller([&, seed = random()] {
            std::mt19937 own(seed);
            for (int i = 0; i < 10; ++i)
                flights[own() % flights.size()].cancel();
        });
        canceller.join();
        for (int i = 0; i < 50; ++i) {
            try {
                EXPECT_EQ(flights[static_cast<std::size_t>(i)].result_for(50s), i + 1);
                ++values;
            } catch (const simul::cancelled&) {
                ++cancelled;
            }
        }
    }
    EXPECT_EQ(values + cancelled, scaled(100) * 50);
    EXPECT_GT(values, 0);
}

TEST(ProcessPoolStress, BeginsAndEndsOften)
{
    const auto before = descriptors();
    for (int i = 0; i < scaled(50); ++i) {
        process_pool pool({.workers = static_cast<std::size_t>(1 + i % 4)});
        if (i % 3 != 0) {
            auto flight = pool.submit(next, i);
            if (i % 3 == 1)
                EXPECT_EQ(flight.result(), i + 1);
        }
    }
    EXPECT_EQ(descriptors(), before);
    EXPECT_LE(::waitpid(-1, nullptr, WNOHANG), 0); // no zombie
}

} // namespace
