// SPDX-License-Identifier: MIT
#include "child_process.hpp"

#include <simul/run/block_on.hpp>
#include <simul/run/run.hpp>
#include <simul/run/thread.hpp>
#include <simul/task/barrier.hpp>
#include <simul/task/channel.hpp>
#include <simul/task/condition.hpp>
#include <simul/task/event.hpp>
#include <simul/task/gather.hpp>
#include <simul/task/mutex.hpp>
#include <simul/task/queue.hpp>
#include <simul/task/semaphore.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/this_task.hpp>
#include <simul/task/timeout.hpp>
#include <simul/testing/gtest.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using simul::block_on;
using simul::task;

/// Threads that are all joined at the end.
class crowd {
public:
    template <class Fn> void add(Fn fn) { threads_.emplace_back(std::move(fn)).start(); }
    ~crowd()
    {
        for (simul::thread& each : threads_)
            each.join();
    }

private:
    std::vector<simul::thread> threads_;
};

// ---- what it gives

TEST(BlockOn, GivesTheResultOfATask)
{
    EXPECT_EQ(block_on([]() -> task<int> {
                  co_await simul::sleep(1ms);
                  co_return 42;
              }()),
              42);
    EXPECT_EQ(*block_on([]() -> task<std::unique_ptr<int>> { co_return std::make_unique<int>(7); }()), 7);
    block_on(simul::sleep(1ms));
    int at = 0;
    int& same = block_on([](int& n) -> task<int&> { co_return n; }(at));
    EXPECT_EQ(&same, &at);
}

TEST(BlockOn, KeepsTheFunctionAsLongAsItRuns)
{
    auto alive = std::make_shared<int>(11);
    const std::weak_ptr<int> watched = alive;
    EXPECT_EQ(block_on([kept = std::move(alive)]() -> task<int> {
                  co_await simul::sleep(1ms);
                  co_return *kept;
              }),
              11);
    EXPECT_TRUE(watched.expired());
}

TEST(BlockOn, ThrowsWhatTheWorkThrows)
{
    EXPECT_THROW(block_on([]() -> task<> {
                     co_await simul::yield();
                     throw std::runtime_error("broken");
                 }()),
                 std::runtime_error);
    EXPECT_THROW(block_on([]() -> task<> {
                     simul::this_task::cancel();
                     co_await simul::yield();
                 }()),
                 simul::cancelled);
    EXPECT_EQ(block_on([]() -> task<int> { co_return 1; }()), 1); // the thread's loop is as good as before
}

TEST(BlockOn, WaitsForAFutureAsResultDoes)
{
    simul::promise<std::string> writing;
    auto reading = writing.get_future();
    crowd threads;
    threads.add([&] { writing.set_value("text"); });
    const std::string& kept = block_on(reading);
    EXPECT_EQ(kept, "text");
    EXPECT_EQ(block_on(std::move(reading)), "text");
}

TEST(BlockOn, EndsWhatItsWorkLeftBehind)
{
    std::string log;
    block_on([](std::string& l) -> task<> {
        simul::spawn([](std::string& text) -> task<> {
            try {
                co_await simul::sleep(1h);
            } catch (const simul::cancelled&) {
                text += "cancelled";
                throw;
            }
        }(l)).detach();
        co_await simul::yield();
    }(log));
    EXPECT_EQ(log, "cancelled");
}

TEST(BlockOn, EndsWhatIsLeftAlsoWhenTheLoopIsStopped)
{
    EXPECT_THROW(block_on([]() -> task<> {
                     simul::loop::current().stop();
                     co_await simul::sleep(1h);
                 }()),
                 simul::invalid_state);
    EXPECT_EQ(block_on([]() -> task<int> { co_return 1; }()), 1);
}

SIMUL_TEST(BlockOn, IsRefusedInsideALoop)
{
    simul::mutex free;
    CO_ASSERT_THROW(static_cast<void>(block_on(free.lock())), simul::deadlock_error);
    CO_ASSERT_THROW(block_on([]() -> task<> { co_return; }), simul::deadlock_error);
    bool refused = false;
    try {
        block_on([]() -> task<> { co_return; }());
    } catch (const simul::deadlock_error&) {
        refused = true;
    }
    EXPECT_TRUE(refused);
    EXPECT_FALSE(free.locked());
    co_return;
}

TEST(BlockOn, IsRefusedInsideItself)
{
    EXPECT_THROW(block_on([]() -> task<> {
                     block_on(simul::sleep(1ms));
                     co_return;
                 }()),
                 simul::deadlock_error);
}

std::ptrdiff_t open_descriptors()
{
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return std::distance(begin(all), end(all));
}

TEST(BlockOn, TakesWhatIsThereWithoutALoop)
{
    // A new thread has none yet, and needs none: a loop would open some descriptors.
    crowd threads;
    threads.add([] {
        const std::ptrdiff_t before = open_descriptors();
        simul::mutex m;
        simul::queue<int> q;
        EXPECT_TRUE(q.try_put(3));
        const auto held = block_on(m.lock());
        EXPECT_TRUE(m.locked());
        EXPECT_EQ(block_on(q.get()), 3);
        EXPECT_EQ(open_descriptors(), before);
        block_on(simul::yield());
        EXPECT_GT(open_descriptors(), before);
    });
}

TEST(BlockOn, WaitsForOtherThreadsWhereVirtualTimeIsWanted)
{
    const char* const before = std::getenv("SIMUL_BACKEND");
    const std::string wanted_before = before ? before : "auto";
    ::setenv("SIMUL_BACKEND", "sim", 1);
    {
        simul::event told;
        crowd threads;
        threads.add([&] { block_on(told.wait()); }); // on `sim` itself this is a deadlock
        threads.add([&] {
            std::this_thread::sleep_for(1ms);
            told.set();
        });
    }
    ::setenv("SIMUL_BACKEND", wanted_before.c_str(), 1);
}

TEST(BlockOn, WorksInAChildProcess)
{
    block_on(simul::sleep(1ms)); // so that there is a loop, which the child must not use
    EXPECT_EQ(simul_test::outcome_of_child([] {
                  return block_on([]() -> task<int> {
                      co_await simul::sleep(1ms);
                      co_return 5;
                  }());
              }),
              5);
}

// ---- threading's primitives

TEST(BlockOn, LocksAMutexInManyThreadsAndTasks)
{
    constexpr int threads = 8, rounds = 200;
    simul::mutex mutex;
    int counter = 0;
    {
        crowd all;
        for (int i = 0; i < threads; ++i)
            all.add([&] {
                for (int n = 0; n < rounds; ++n) {
                    const auto held = block_on(mutex.lock());
                    ++counter;
                }
            });
        simul::run([&]() -> task<> {
            for (int n = 0; n < rounds; ++n) {
                const auto held = co_await mutex.lock();
                co_await simul::yield();
                ++counter;
            }
        });
    }
    EXPECT_EQ(counter, (threads + 1) * rounds);
}

TEST(BlockOn, TimesOutWithNothing)
{
    simul::mutex mutex;
    const auto held = mutex.try_lock();
    EXPECT_THROW(static_cast<void>(block_on(simul::timeout(1ms, mutex.lock()))), simul::timeout_error);
    simul::queue<int> queue;
    EXPECT_THROW(block_on(simul::timeout(1ms, queue.get())), simul::timeout_error);
    EXPECT_FALSE(block_on(simul::move_on_after(1ms, queue.get())));
    simul::event event;
    EXPECT_THROW(block_on(simul::timeout(1ms, event.wait())), simul::timeout_error);
}

TEST(BlockOn, PassesItemsFromThreadsToTasksAndBack)
{
    constexpr int items = 500;
    simul::queue<int> there(3), back(3);
    long sum = 0;
    crowd threads;
    threads.add([&] {
        for (int i = 0; i < items; ++i)
            block_on(there.put(i));
        there.shutdown();
    });
    threads.add([&] {
        try {
            for (;;)
                sum += block_on(back.get());
        } catch (const simul::closed_error&) {
        }
        EXPECT_EQ(sum, 2L * items * (items - 1) / 2);
    });
    simul::run([&]() -> task<> {
        try {
            for (;;)
                co_await back.put(2 * co_await there.get());
        } catch (const simul::closed_error&) {
        }
        back.shutdown();
    });
}

TEST(BlockOn, WaitsForAConditionThatATaskNotifies)
{
    simul::mutex mutex;
    simul::condition changed(mutex);
    bool ready = false;
    crowd threads;
    for (int i = 0; i < 3; ++i)
        threads.add([&] {
            block_on([&]() -> task<> {
                auto held = co_await mutex.lock();
                while (!ready)
                    co_await changed.wait(held);
            });
        });
    simul::run([&]() -> task<> {
        const auto held = co_await mutex.lock();
        changed.notify(2); // it may be that nobody waits yet: nothing happens, and nothing is kept
        ready = true;
        changed.notify_all();
    });
}

TEST(BlockOn, MeetsAtABarrierAgainAndAgain)
{
    constexpr int parties = 3, rounds = 50;
    simul::barrier barrier(parties);
    std::atomic<int> arrived{0};
    crowd threads;
    for (int i = 0; i < parties; ++i)
        threads.add([&] {
            for (int round = 1; round <= rounds; ++round) {
                ++arrived;
                block_on(barrier.wait());
                EXPECT_GE(arrived, round * parties);
            }
        });
}

TEST(BlockOn, TakesTurnsAtASemaphore)
{
    simul::semaphore two(2);
    std::atomic<int> inside{0}, most{0};
    {
        crowd threads;
        for (int i = 0; i < 6; ++i)
            threads.add([&] {
                for (int n = 0; n < 50; ++n) {
                    const auto permit = block_on(two.acquire());
                    const int now = ++inside;
                    for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
                    }
                    --inside;
                }
            });
    }
    EXPECT_LE(most, 2);
    EXPECT_GE(most, 1);
}

} // namespace
