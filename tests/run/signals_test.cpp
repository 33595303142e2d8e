// SPDX-License-Identifier: MIT
#include "backend_fixture.hpp"

#include <simul/run/loop.hpp>
#include <simul/run/run.hpp>
#include <simul/task/this_task.hpp>

#include <gtest/gtest.h>

#include <csignal>
#include <functional>
#include <pthread.h>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

#if defined(__SANITIZE_THREAD__)
#define SIMUL_UNDER_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SIMUL_UNDER_TSAN 1
#endif
#endif

namespace {

using namespace std::chrono_literals;
using simul::task;

class Signals : public testing::TestWithParam<simul::detail::backend_kind> {
protected:
    simul::loop loop{simul::loop_options{.backend = static_cast<simul::backend>(GetParam())}};

    void turns(int count)
    {
        for (int i = 0; i < count; ++i) {
            loop.call_soon([] {});
            loop.run_once();
        }
    }
};

INSTANTIATE_TEST_SUITE_P(Backends, Signals, testing::ValuesIn(simul::detail::available_backends(true)),
                         simul::detail::name_of_parameter);

bool has_default_action(int number)
{
    struct sigaction now {};
    EXPECT_EQ(0, ::sigaction(number, nullptr, &now));
    return now.sa_handler == SIG_DFL;
}

TEST_P(Signals, AreHandledInTheLoopsThreadInALaterTurn)
{
    int calls = 0;
    std::thread::id where;
    loop.on_signal(SIGUSR1, [&] {
        ++calls;
        where = std::this_thread::get_id();
        EXPECT_EQ(&simul::loop::current(), &loop);
    });
    ::raise(SIGUSR1);
    EXPECT_EQ(calls, 0); // never inside the handler
    turns(1);
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(where, std::this_thread::get_id());
    turns(2);
    EXPECT_EQ(calls, 1);
}

TEST_P(Signals, WakeALoopThatSleeps)
{
    loop.on_signal(SIGUSR1, [&] { loop.stop(); });
    loop.expect_outside(1);
    const pthread_t here = ::pthread_self();
    std::thread sender([&] {
        std::this_thread::sleep_for(5ms); // real: the loop has to fall asleep
        ::pthread_kill(here, SIGUSR1);
#ifdef SIMUL_UNDER_TSAN
        // TSan keeps a signal back until the thread makes a call that TSan knows; io_uring_enter is none.
        for (int i = 0; i < 3; ++i)
            loop.call_soon_threadsafe([] { ::usleep(1); });
#endif
    });
    loop.run_forever();
    sender.join();
    loop.expect_outside(-1);
}

TEST_P(Signals, WakeALoopThatSleepsFromAnotherThread)
{
    loop.on_signal(SIGUSR1, [&] { loop.stop(); });
    loop.expect_outside(1);
    std::thread sender([&] {
        std::this_thread::sleep_for(5ms); // real: the loop has to fall asleep
        ::raise(SIGUSR1);                 // delivered to this thread
    });
    loop.run_forever();
    sender.join();
    loop.expect_outside(-1);
}

TEST_P(Signals, ComeInAStormWithoutLosingTheLast)
{
    int calls = 0;
    bool done = false;
    loop.on_signal(SIGUSR1, [&] { ++calls; });
    loop.on_signal(SIGUSR2, [&] { done = true; });
    loop.expect_outside(1);
    std::thread sender([] {
        for (int i = 0; i < 10'000; ++i)
            ::raise(SIGUSR1); // in this thread, while the loop's falls asleep and wakes up
        ::raise(SIGUSR2);
    });
    while (!done)
        loop.run_once();
    sender.join();
    loop.expect_outside(-1);
    turns(2);
    EXPECT_GE(calls, 1);
    EXPECT_LE(calls, 10'000);
    const int before = calls;
    ::raise(SIGUSR1);
    turns(1);
    EXPECT_EQ(calls, before + 1);
}

TEST_P(Signals, AreRefusedWhenTheyCannotBeCaught)
{
    for (const int number : {SIGKILL, SIGSTOP, 0, -1, 65, 9999})
        try {
            loop.on_signal(number, [] {});
            ADD_FAILURE() << "accepted " << number;
        } catch (const simul::error& e) {
            EXPECT_EQ(e.code(), std::errc::invalid_argument);
            EXPECT_NE(std::string(e.what()).find(std::to_string(number)), std::string::npos) << e.what();
        }
}

TEST_P(Signals, GoBackToWhatWasBeforeWhenRemoved)
{
    static volatile std::sig_atomic_t seen = 0;
    seen = 0;
    const auto before = std::signal(SIGUSR1, [](int) { seen = seen + 1; });
    int calls = 0;
    EXPECT_FALSE(loop.remove_signal(SIGUSR1));
    loop.on_signal(SIGUSR1, [&] { ++calls; });
    ::raise(SIGUSR1);
    turns(1);
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(seen, 0);
    EXPECT_TRUE(loop.remove_signal(SIGUSR1));
    EXPECT_FALSE(loop.remove_signal(SIGUSR1));
    ::raise(SIGUSR1);
    turns(1);
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(seen, 1);
    std::signal(SIGUSR1, before);
}

TEST_P(Signals, AreNotDeliveredAnyMoreOnceRemovedEvenWhenTheyHadArrived)
{
    int calls = 0;
    loop.on_signal(SIGUSR1, [&] { ++calls; });
    ::raise(SIGUSR1);
    loop.remove_signal(SIGUSR1);
    turns(2);
    EXPECT_EQ(calls, 0);
    loop.on_signal(SIGUSR1, [&] {
        ++calls;
        loop.remove_signal(SIGUSR1); // from inside its own call
    });
    ::raise(SIGUSR1);
    turns(2);
    EXPECT_EQ(calls, 1);
    EXPECT_TRUE(has_default_action(SIGUSR1));
}

TEST_P(Signals, AreHandledByTheLastCallbackThatWasSet)
{
    int first = 0;
    int second = 0;
    loop.on_signal(SIGUSR1, [&] {
        ++first;
        loop.on_signal(SIGUSR1, [&] { ++second; });
    });
    for (int i = 0; i < 3; ++i) {
        ::raise(SIGUSR1);
        turns(1);
    }
    EXPECT_EQ(first, 1);
    EXPECT_EQ(second, 2);
}

TEST_P(Signals, BelongToOneLoopAtATime)
{
    simul::loop other(simul::loop_options{.backend = static_cast<simul::backend>(GetParam())});
    int calls = 0;
    loop.on_signal(SIGUSR1, [&] { ++calls; });
    try {
        other.on_signal(SIGUSR1, [] {});
        ADD_FAILURE() << "accepted";
    } catch (const simul::error& e) {
        EXPECT_EQ(e.code(), std::errc::device_or_resource_busy);
    }
    EXPECT_FALSE(other.remove_signal(SIGUSR1));
    other.on_signal(SIGUSR2, [&] { calls += 10; });
    ::raise(SIGUSR1);
    ::raise(SIGUSR2);
    turns(1);
    EXPECT_EQ(calls, 1);
    other.call_soon([] {});
    other.run_once();
    EXPECT_EQ(calls, 11);
    EXPECT_TRUE(loop.remove_signal(SIGUSR1));
    other.on_signal(SIGUSR1, [] {});
}

TEST_P(Signals, AreGivenBackWhenTheLoopIsClosed)
{
    const auto alive = std::make_shared<int>(0);
    loop.on_signal(SIGUSR1, [alive] {});
    EXPECT_FALSE(has_default_action(SIGUSR1));
    loop.close();
    EXPECT_TRUE(has_default_action(SIGUSR1));
    EXPECT_EQ(alive.use_count(), 1);
}

TEST_P(Signals, ReportACallbackThatThrowsAndStay)
{
    int problems = 0;
    loop.set_error_handler([&](const simul::problem&) { ++problems; });
    loop.on_signal(SIGUSR1, [] { throw std::runtime_error("x"); });
    for (int i = 0; i < 2; ++i) {
        ::raise(SIGUSR1);
        turns(1);
    }
    EXPECT_EQ(problems, 2);
}

TEST_P(Signals, DoNotInterruptASleepingTask)
{
    loop.on_signal(SIGUSR1, [] {});
    loop.run_until_complete([]() -> task<> {
        const auto begin = simul::now();
        ::raise(SIGUSR1);
        co_await simul::sleep(2ms);
        EXPECT_GE(simul::now() - begin, 2ms);
    }());
}

} // namespace
