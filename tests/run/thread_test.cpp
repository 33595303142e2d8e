// SPDX-License-Identifier: MIT
#include "in_threads.hpp"

#include <simul/run/loop.hpp>
#include <simul/run/run.hpp>
#include <simul/run/thread.hpp>
#include <simul/task/gather.hpp>
#include <simul/task/shield.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/this_task.hpp>
#include <simul/testing/gtest.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace in_threads;
using simul::task;

task<bool> ends_cancelled(simul::future<>& work)
{
    try {
        co_await work;
    } catch (const simul::cancelled&) {
        co_return true;
    }
    co_return false;
}

// ---- start and join

TEST(Thread, RunsAFunctionWithItsArgumentsOnceStarted)
{
    std::thread::id ran_in;
    std::string said;
    simul::thread t{[&](std::string a, std::unique_ptr<std::string> b) {
                        ran_in = std::this_thread::get_id();
                        said = a + *b;
                        return 5; // dropped
                    },
                    std::string("a"), std::make_unique<std::string>("b")};
    EXPECT_FALSE(t.is_running());
    EXPECT_EQ(said, "");
    t.start();
    t.join();
    EXPECT_EQ(said, "ab");
    EXPECT_NE(ran_in, std::this_thread::get_id());
    EXPECT_FALSE(t.is_running());
}

TEST(Thread, IsStartedOnceAndJoinedAfterThat)
{
    simul::thread t{[] {}};
    EXPECT_THROW(t.join(), simul::invalid_state);
    EXPECT_THROW(static_cast<void>(t.join_for(1s)), simul::invalid_state);
    EXPECT_THROW(static_cast<void>(t.as_future()), simul::invalid_state);
    t.start();
    EXPECT_THROW(t.start(), simul::invalid_state);
    t.join();
    EXPECT_THROW(t.start(), simul::invalid_state);
    t.join(); // as often as one likes
}

TEST(Thread, RefusesAFunctionThatIsNull)
{
    void (*const none)() = nullptr;
    EXPECT_THROW(simul::thread{none}, simul::error);
}

TEST(Thread, RethrowsItsErrorToEveryoneWhoJoins)
{
    simul::thread t{[] { throw std::runtime_error("broken"); }};
    t.start();
    for (int i = 0; i < 2; ++i)
        EXPECT_THROW(t.join(), std::runtime_error);
    EXPECT_THROW(static_cast<void>(t.join_for(1s)), std::runtime_error);
}

TEST(Thread, KeepsACancellationAsItKeepsAnError)
{
    simul::thread t{[] { throw simul::cancelled{}; }};
    t.start();
    EXPECT_THROW(t.join(), simul::cancelled);
}

TEST(Thread, IsJoinedBySeveralThreadsAtOnce)
{
    gate go;
    simul::thread t{[&] { go.wait(); }};
    t.start();
    std::atomic<int> back{0};
    std::vector<std::thread> joiners;
    for (int i = 0; i < 3; ++i)
        joiners.emplace_back([&] {
            t.join();
            ++back;
        });
    EXPECT_EQ(back, 0);
    go.open();
    for (std::thread& each : joiners)
        each.join();
    EXPECT_EQ(back, 3);
}

TEST(Thread, GivesUpJoiningInTimeAndJoinsLater)
{
    gate go;
    simul::thread t{[&] { go.wait(); }};
    t.start();
    EXPECT_FALSE(t.join_for(1ms));
    EXPECT_FALSE(t.join_for(-1ms));
    EXPECT_TRUE(t.is_running());
    go.open();
    EXPECT_TRUE(t.join_for(1h));
}

TEST(Thread, CanNotJoinItself)
{
    simul::thread* self = nullptr;
    int refused = 0;
    simul::thread t{[&] {
        EXPECT_THROW(self->join(), simul::deadlock_error);
        EXPECT_THROW(simul::run([&]() -> task<> { co_await *self; }), simul::deadlock_error);
        ++refused;
    }};
    self = &t;
    t.start();
    t.join();
    EXPECT_EQ(refused, 1);
}

TEST(Thread, IsTakenForAnotherOfTheSameIdOnlyWhileItRuns)
{
    // The system gives the id of a thread that was joined to the next one.
    for (int i = 0; i < 20; ++i) {
        simul::thread first{[] {}};
        first.start();
        first.join();
        std::thread([dropped = std::move(first)]() mutable {
            dropped.join();
            const simul::thread gone = std::move(dropped);
        }).join();
    }
}

TEST(Thread, LetsGoOfWhatItHoldsWhenItEnds)
{
    const auto held = std::make_shared<int>(1);
    simul::thread t{[](const std::shared_ptr<int>&) {}, held};
    EXPECT_EQ(held.use_count(), 2);
    t.start();
    t.join();
    EXPECT_EQ(held.use_count(), 1);
}

TEST(Thread, HasDestroyedItsThreadLocalsWhenJoined)
{
    struct slow {
        bool* gone;
        ~slow()
        {
            std::this_thread::sleep_for(20ms); // a joiner that didn't wait would win
            *gone = true;
        }
    };
    bool gone = false;
    simul::thread t{[&] { static thread_local slow local{&gone}; }};
    t.start();
    t.join();
    EXPECT_TRUE(gone);
}

// ---- the handle

TEST(Thread, IsWaitedForWhenItsHandleGoes)
{
    bool ended = false;
    {
        simul::thread t{[&] {
            std::this_thread::sleep_for(10ms);
            ended = true;
        }};
        t.start();
    }
    EXPECT_TRUE(ended);
    const simul::thread never_started{[] {}};
}

TEST(Thread, MovesItsHandle)
{
    gate go;
    simul::thread a{[&] { go.wait(); }};
    a.start();
    simul::thread b = std::move(a);
    EXPECT_THROW(a.join(), simul::invalid_state);
    EXPECT_TRUE(b.is_running());
    go.open();
    b.join();
    std::vector<simul::thread> many;
    std::atomic<int> sum{0};
    for (int i = 0; i < 20; ++i)
        many.emplace_back([&](int n) { sum += n; }, i);
    for (simul::thread& each : many)
        each.start();
    many.clear();
    EXPECT_EQ(sum, 190);
}

TEST(Thread, MayHoldItsOwnHandle)
{
    gate handed_over;
    simul::promise<> ended;
    auto told = ended.get_future();
    std::shared_ptr<simul::thread> own;
    own = std::make_shared<simul::thread>([&] {
        handed_over.wait();
        own.reset();
        ended.set_value();
    });
    own->start();
    handed_over.open();
    told.result();
}

TEST(Thread, ReportsAnErrorThatNobodySaw)
{
    testing::internal::CaptureStderr();
    {
        simul::thread t{[] { throw std::runtime_error("unseen"); }};
        t.rename("the careless one");
        t.start();
    }
    const std::string text = testing::internal::GetCapturedStderr();
    EXPECT_NE(text.find("unseen"), std::string::npos) << text;
    EXPECT_NE(text.find("the careless one"), std::string::npos) << text;
}

SIMUL_TEST(Thread, ReportsAnErrorThatNobodySawToTheLoopOfWhoDropsIt)
{
    int handled = 0;
    simul::loop::current().set_error_handler([&](const simul::problem&) {
        simul::thread next{[&] { ++handled; }}; // a handler may use threads itself
        next.start();
        next.as_future().detach();
    });
    {
        simul::thread t{[] { throw std::runtime_error("unseen"); }};
        t.start();
    }
    EXPECT_EQ(handled, 1);
    co_return;
}

TEST(Thread, GoesOnWhenOthersFail)
{
    std::atomic<int> done{0};
    std::vector<simul::thread> all;
    for (int i = 0; i < 5; ++i)
        all.emplace_back([&, i] {
            if (i == 2)
                throw std::runtime_error("one of them");
            ++done;
        });
    for (simul::thread& each : all)
        each.start();
    int failed = 0;
    for (simul::thread& each : all)
        try {
            each.join();
        } catch (const std::runtime_error&) {
            ++failed;
        }
    EXPECT_EQ(done, 4);
    EXPECT_EQ(failed, 1);
}

// ---- the name

TEST(Thread, HasANameThatTheSystemKnows)
{
    std::string seen;
    simul::thread t{[&] { seen = system_name(); }};
    EXPECT_EQ(t.name().substr(0, 7), "thread-");
    t.rename("a name longer than the system likes");
    t.start();
    t.join();
    EXPECT_EQ(seen, "a name longer t");
    EXPECT_EQ(t.name(), "a name longer than the system likes");
}

TEST(Thread, IsRenamedWhileItRunsAndAfter)
{
    gate begun, renamed;
    std::string seen;
    simul::thread t{[&] {
        begun.open();
        renamed.wait();
        seen = system_name();
    }};
    t.start();
    begun.wait();
    t.rename("another");
    renamed.open();
    t.join();
    EXPECT_EQ(seen, "another");
    t.rename("late");
    EXPECT_EQ(t.name(), "late");
}

// ---- in a loop

SIMUL_TEST(Thread, IsAwaitedWhileTheLoopGoesOnAndVirtualTimeStandsStill)
{
    const auto before = simul::now();
    gate go;
    simul::thread t{[&] { go.wait(); }};
    t.start();
    auto others = simul::spawn([&]() -> task<> {
        for (int i = 0; i < 3; ++i)
            co_await simul::yield();
        EXPECT_TRUE(t.is_running());
        go.open();
    });
    co_await t;
    EXPECT_FALSE(t.is_running());
    EXPECT_EQ(simul::now(), before);
    co_await others;
}

SIMUL_TEST(Thread, RethrowsItsErrorToWhoAwaitsIt)
{
    simul::thread t{[] { throw std::runtime_error("broken"); }};
    CO_ASSERT_THROW(static_cast<void>(t.operator co_await()), simul::invalid_state);
    t.start();
    for (int i = 0; i < 2; ++i) {
        std::string text;
        try {
            co_await t;
        } catch (const std::runtime_error& e) {
            text = e.what();
        }
        EXPECT_EQ(text, "broken");
    }
}

SIMUL_TEST(Thread, IsNotJoinedWhereThatWouldBlockALoop)
{
    gate go;
    simul::thread t{[&] { go.wait(); }};
    t.start();
    CO_ASSERT_THROW(t.join(), simul::deadlock_error);
    CO_ASSERT_THROW(static_cast<void>(t.join_for(1ms)), simul::deadlock_error);
    go.open();
    co_await t;
    t.join(); // it has ended
}

SIMUL_TEST(Thread, KeepsWhoIsCancelledUntilItEnds)
{
    gate go;
    bool came_back = false;
    simul::thread t{[&] { go.wait(); }};
    t.start();
    auto waiting = simul::spawn([&]() -> task<> {
        co_await t;
        came_back = true;
        co_await simul::yield(); // the request comes here
        ADD_FAILURE();
    });
    co_await simul::yield();
    EXPECT_TRUE(waiting.cancel());
    co_await simul::yield();
    EXPECT_FALSE(waiting.done());
    go.open();
    EXPECT_TRUE(co_await ends_cancelled(waiting));
    EXPECT_TRUE(came_back);
}

SIMUL_TEST(Thread, IsShieldedFromWaitersThatWantToLeave)
{
    gate go;
    simul::thread t{[&] { go.wait(); }};
    t.start();
    auto end = t.as_future();
    auto waiting = simul::spawn([&]() -> task<> { co_await simul::shield(end); });
    co_await simul::yield();
    waiting.cancel();
    EXPECT_TRUE(co_await ends_cancelled(waiting));
    EXPECT_TRUE(t.is_running());
    EXPECT_EQ(end.name(), t.name());
    go.open();
    co_await end;
}

SIMUL_TEST(Thread, IsGatheredWithOthers)
{
    std::atomic<int> sum{0};
    simul::thread a{[&] { sum += 1; }}, b{[&] { sum += 2; }};
    a.start();
    b.start();
    co_await simul::gather(a.as_future(), b.as_future());
    EXPECT_EQ(sum, 3);
}

TEST(Thread, MayOutliveTheLoopThatStartedIt)
{
    gate go;
    simul::thread t{[&] { go.wait(); }};
    simul::run([&]() -> task<> {
        t.start();
        co_return;
    }, {.backend = simul::backend::sim});
    go.open();
    t.join();
}

TEST(Thread, IsWaitedForByAFrameThatIsDestroyedWithItsLoop)
{
    bool ended = false;
    {
        testing::internal::CaptureStderr();
        simul::loop loop({.backend = simul::backend::sim});
        loop.launch([](bool& e) -> task<> {
            simul::thread t{[&] {
                std::this_thread::sleep_for(10ms);
                e = true;
            }};
            t.start();
            co_await t;
        }(ended)).detach();
        loop.run_once();
        loop.close();
        testing::internal::GetCapturedStderr(); // that a task was pending
        EXPECT_TRUE(ended);
    }
}

// ---- what a lock is for

TEST(Thread, SharesMemoryAsThreadsDo)
{
    constexpr int threads = 100, increments = 10'000;
    long counter = 0;
    std::mutex mutex;
    std::vector<simul::thread> all;
    for (int i = 0; i < threads; ++i)
        all.emplace_back([&] {
            for (int n = 0; n < increments; ++n) {
                const std::lock_guard held(mutex);
                ++counter;
            }
        });
    for (simul::thread& each : all)
        each.start();
    for (simul::thread& each : all)
        each.join();
    EXPECT_EQ(counter, long{threads} * increments);
}

} // namespace
