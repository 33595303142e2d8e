// SPDX-License-Identifier: MIT
//
// Every combinator, completed by one thread while another cancels it: made for ThreadSanitizer. Whoever is first, the
// work ends with its value or with a cancellation, and what it waits for is answered once.
#include "outcome.hpp"

#include <simul/task/as_completed.hpp>
#include <simul/task/future.hpp>
#include <simul/task/gather.hpp>
#include <simul/task/group.hpp>
#include <simul/task/race.hpp>
#include <simul/task/select.hpp>
#include <simul/task/shield.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/timeout.hpp>
#include <simul/task/wait.hpp>
#include <simul/task/with.hpp>

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace outcome;
using simul::future;
using simul::promise;
using simul::task;
using futures = std::vector<future<int>>;

/// Each starts two threads, which takes long under AddressSanitizer; ThreadSanitizer sees more of what they do.
#if defined(__has_feature) && __has_feature(address_sanitizer)
constexpr int rounds = 100;
#else
constexpr int rounds = 500;
#endif

/// `work` gets three futures, of 1 each, and gives `expected`.
template <class Work> void complete_and_cancel(Work work, int expected)
{
    int with_value = 0;
    int cancelled = 0;
    simul::run([&]() -> task<> {
        const reports heard;
        for (int round = 0; round < rounds; ++round) {
            std::array<promise<int>, 3> writers;
            futures awaited;
            for (auto& each : writers)
                awaited.push_back(each.get_future());
            auto flight = simul::spawn(work(awaited));
            for (int turns = round % 4; turns > 0; --turns)
                co_await simul::yield();
            promise<> both_done;
            auto over = both_done.get_future();
            std::atomic<int> at_the_start{2};
            const auto start = [&] {
                --at_the_start;
                while (at_the_start > 0)
                    std::this_thread::yield();
            };
            std::thread completes([&] {
                start();
                for (auto& each : writers)
                    each.set_value(1);
            });
            std::thread cancels([&, handle = std::move(flight)]() mutable {
                start();
                if (round % 2)
                    std::this_thread::yield();
                handle.cancel();
                try {
                    EXPECT_EQ(std::move(handle).result(), expected);
                    ++with_value;
                } catch (const simul::cancelled&) {
                    ++cancelled;
                }
                both_done.set_value();
            });
            co_await over;
            completes.join();
            cancels.join();
            for (auto& each : awaited)
                EXPECT_TRUE(each.done());
        }
        EXPECT_TRUE(heard.seen().empty());
    });
    EXPECT_EQ(with_value + cancelled, rounds);
}

TEST(OutsideCompletion, OfAPlainAwait)
{
    complete_and_cancel([](futures& all) -> task<int> { co_return co_await all[0] + co_await all[1]; }, 2);
}

TEST(OutsideCompletion, OfAGather)
{
    complete_and_cancel([](futures& all) -> task<int> {
        const auto [a, b, c] = co_await simul::gather(all[0], all[1], all[2]);
        co_return a + b + c;
    }, 3);
}

TEST(OutsideCompletion, OfAGatherOfARange)
{
    complete_and_cancel([](futures& all) -> task<int> {
        co_return static_cast<int>((co_await simul::gather(all, {.limit = 2})).size());
    }, 3);
}

TEST(OutsideCompletion, OfASettle)
{
    complete_and_cancel([](futures& all) -> task<int> {
        auto [a, b, c] = co_await simul::settle(all[0], all[1], all[2]);
        co_return a.value() + b.value() + c.value();
    }, 3);
}

TEST(OutsideCompletion, OfARace)
{
    complete_and_cancel([](futures& all) -> task<int> {
        const auto first = co_await simul::race(all[0], all[1], all[2]);
        co_return std::visit([](int value) { return value; }, first);
    }, 1);
}

TEST(OutsideCompletion, OfATimeout)
{
    complete_and_cancel([](futures& all) -> task<int> { co_return co_await simul::timeout(1h, all[2]); }, 1);
}

TEST(OutsideCompletion, OfATimeoutThatIsDueAtTheSameTime)
{
    complete_and_cancel([](futures& all) -> task<int> {
        co_await simul::move_on_after(50us, simul::gather(all[0], all[2]));
        co_return 7;
    }, 7);
}

TEST(OutsideCompletion, OfAShield)
{
    complete_and_cancel([](futures& all) -> task<int> { co_return co_await simul::shield(all[2]); }, 1);
}

TEST(OutsideCompletion, OfAShieldedTask)
{
    complete_and_cancel([](futures& all) -> task<int> {
        // The task goes on without its waiter, so it owns what it waits for.
        co_return co_await simul::shield([](future<int> of) -> task<int> {
            co_return co_await std::move(of);
        }(std::exchange(all[2], simul::spawn([]() -> task<int> { co_return 0; }))));
    }, 1);
}

TEST(OutsideCompletion, OfAGroup)
{
    complete_and_cancel([](futures& all) -> task<int> {
        co_return co_await simul::with_group([&](simul::group& g) -> task<int> {
            auto first = g.spawn([](future<int>& of) -> task<int> { co_return co_await of; }(all[0]));
            g.spawn([](future<int>& of) -> task<int> { co_return co_await of; }(all[1]));
            co_return co_await all[2] + co_await first;
        });
    }, 2);
}

TEST(OutsideCompletion, OfAWait)
{
    complete_and_cancel([](futures& all) -> task<int> {
        co_return static_cast<int>((co_await simul::wait(all)).done.size());
    }, 3);
}

TEST(OutsideCompletion, OfAWaitForTheFirstOrAMoment)
{
    complete_and_cancel([](futures& all) -> task<int> {
        const auto found = co_await simul::wait(all, simul::until::first_completed, {.timeout = 50us});
        co_return static_cast<int>(found.done.size() + found.pending.size());
    }, 3);
}

TEST(OutsideCompletion, OfAsCompleted)
{
    complete_and_cancel([](futures& all) -> task<int> {
        auto done = simul::as_completed(all);
        int sum = 0;
        while (auto* const each = co_await done.next())
            sum += each->result();
        co_return sum;
    }, 3);
}

TEST(OutsideCompletion, OfASelect)
{
    complete_and_cancel([](futures& all) -> task<int> {
        const auto first = co_await simul::select(all[0], all[1], all[2], simul::after(1h));
        co_return first.index() < 3 ? 1 : 0;
    }, 1);
}

TEST(OutsideCompletion, OfAWithWhoseResourceIsClosedEachTime)
{
    int opened = 0;
    int closed = 0;
    struct resource {
        int& closings;
        task<> close()
        {
            ++closings;
            co_await simul::yield();
        }
    };
    complete_and_cancel([&](futures& all) -> task<int> {
        const auto open = [](int& openings, int& closings) -> task<resource> {
            ++openings;
            co_return resource{closings};
        };
        co_return co_await simul::with(open(opened, closed), [&](resource&) -> task<int> { co_return co_await all[2]; });
    }, 1);
    EXPECT_GT(opened, 0);
    EXPECT_EQ(opened, closed);
}

} // namespace
