// SPDX-License-Identifier: MIT
#include "../run/in_threads.hpp"

#include <simul/io/signals.hpp>
#include <simul/run/loop.hpp>
#include <simul/run/run.hpp>
#include <simul/task/gather.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/this_task.hpp>
#include <simul/testing/gtest.hpp>

#include <gtest/gtest.h>

#include <csignal>
#include <memory>
#include <optional>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using simul::signals;
using simul::task;

using handler = void (*)(int);

handler handler_of(int number)
{
    struct sigaction now{};
    ::sigaction(number, nullptr, &now);
    return now.sa_handler;
}

/// ThreadSanitizer keeps a signal back until the thread makes a call that it knows; io_uring_enter is none.
class calls_for_tsan {
    simul::future<> calls_ = in_threads::thread_sanitizer ? simul::spawn(make()) : simul::future<>();

    static task<> make()
    {
        for (;;) {
            co_await simul::sleep(1ms);
            ::usleep(1);
        }
    }
};

// In virtual time a process can send signals to itself.

SIMUL_TEST(Signals, AreWaitedFor)
{
    auto waiting = simul::spawn(simul::next_signal({SIGUSR1, SIGUSR2}));
    co_await simul::yield();
    ::raise(SIGUSR2);
    EXPECT_EQ(co_await waiting, SIGUSR2);
    EXPECT_EQ(handler_of(SIGUSR1), SIG_DFL);
    EXPECT_EQ(handler_of(SIGUSR2), SIG_DFL);
}

SIMUL_TEST_REAL(Signals, WakeALoopThatSleeps)
{
    const calls_for_tsan made;
    signals asked({SIGUSR1});
    std::thread sender([process = ::getpid()] {
        std::this_thread::sleep_for(2ms);
        ::kill(process, SIGUSR1);
    });
    EXPECT_EQ(co_await asked.next(), SIGUSR1);
    sender.join();
}

SIMUL_TEST(Signals, AreNotMissedBetweenTwoWaits)
{
    signals asked({SIGUSR1, SIGUSR2, SIGHUP});
    ::raise(SIGUSR2);
    ::raise(SIGUSR1);
    ::raise(SIGUSR1); // counts as one
    co_await simul::yield();
    EXPECT_EQ(co_await asked.next(), SIGUSR1);
    EXPECT_EQ(co_await asked.next(), SIGUSR2);
    auto third = simul::spawn(asked.next());
    co_await simul::yield();
    EXPECT_FALSE(third.done());
    ::raise(SIGHUP);
    EXPECT_EQ(co_await third, SIGHUP);
}

SIMUL_TEST(Signals, ComeToEverybodyWhoIsInterested)
{
    signals one({SIGUSR1});
    signals other({SIGUSR2, SIGUSR1});
    auto third = simul::spawn(simul::next_signal({SIGUSR1}));
    co_await simul::yield();
    ::raise(SIGUSR1);
    EXPECT_EQ(co_await one.next(), SIGUSR1);
    EXPECT_EQ(co_await other.next(), SIGUSR1);
    EXPECT_EQ(co_await third, SIGUSR1);
}

SIMUL_TEST(Signals, ComeToTheFirstOfSeveralWhoWaitAtOnePlace)
{
    signals asked({SIGUSR1});
    auto first = simul::spawn(asked.next());
    auto second = simul::spawn(asked.next());
    co_await simul::yield();
    ::raise(SIGUSR1);
    EXPECT_EQ(co_await first, SIGUSR1);
    co_await simul::yield();
    EXPECT_FALSE(second.done());
    ::raise(SIGUSR1);
    EXPECT_EQ(co_await second, SIGUSR1);
}

SIMUL_TEST(Signals, AreKeptWhenAWaitIsCancelled)
{
    signals asked({SIGUSR1});
    auto waiting = simul::spawn(asked.next());
    co_await simul::yield();
    waiting.cancel();
    ::raise(SIGUSR1);
    EXPECT_EQ(co_await asked.next(), SIGUSR1);
    EXPECT_TRUE(waiting.cancelled());
}

SIMUL_TEST(Signals, RestoreWhatWasSetBefore)
{
    const handler of_somebody = [](int) {};
    const handler before = std::signal(SIGUSR1, of_somebody);
    {
        signals one({SIGUSR1});
        std::optional<signals> other(std::in_place, std::vector{SIGUSR1});
        EXPECT_NE(handler_of(SIGUSR1), of_somebody);
        other.reset();
        EXPECT_NE(handler_of(SIGUSR1), of_somebody); // one is left
    }
    EXPECT_EQ(handler_of(SIGUSR1), of_somebody);
    std::signal(SIGUSR1, before);
    co_return;
}

SIMUL_TEST(Signals, TakeThePlaceOfTheLoopsCallbackForAWhile)
{
    int called = 0;
    simul::loop::current().on_signal(SIGUSR1, [&] { ++called; });
    {
        signals asked({SIGUSR1});
        ::raise(SIGUSR1);
        EXPECT_EQ(co_await asked.next(), SIGUSR1);
    }
    EXPECT_EQ(called, 0);
    ::raise(SIGUSR1);
    co_await simul::sleep(1ms);
    EXPECT_EQ(called, 1);
    EXPECT_TRUE(simul::loop::current().remove_signal(SIGUSR1));
}

SIMUL_TEST(Signals, LeaveTheLoopsCallbackThatCameAfterThem)
{
    int called = 0;
    {
        signals asked({SIGUSR1});
        simul::loop::current().on_signal(SIGUSR1, [&] { ++called; });
    }
    ::raise(SIGUSR1);
    co_await simul::sleep(1ms);
    EXPECT_EQ(called, 1);
    simul::loop::current().remove_signal(SIGUSR1);
}

TEST(Signals, StandBetweenCtrlCAndMain)
{
    const int which = simul::run([]() -> task<int> {
        int got = 0;
        {
            signals asked({SIGINT});
            ::raise(SIGINT); // would cancel us
            ::raise(SIGINT); // would end the process
            got = co_await asked.next();
        }
        struct sigaction now{};
        ::sigaction(SIGINT, nullptr, &now);
        EXPECT_NE(now.sa_handler, SIG_DFL); // that of `run` again
        EXPECT_NE(now.sa_flags & static_cast<int>(SA_RESETHAND), 0);
        co_return got;
    }());
    EXPECT_EQ(which, SIGINT);
    EXPECT_EQ(handler_of(SIGINT), SIG_DFL);
}

SIMUL_TEST_REAL(Signals, SurviveAStorm)
{
    const handler before = std::signal(SIGUSR1, SIG_IGN); // the last may come when nobody is interested any more
    std::optional<signals> storm(std::in_place, std::vector{SIGUSR1});
    signals end({SIGUSR2});
    const calls_for_tsan made;
    std::thread sender([process = ::getpid()] {
        sigset_t all; // ThreadSanitizer forgets those that it keeps back for a thread that ends
        sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
        for (int i = 0; i < 10'000; ++i)
            ::kill(process, SIGUSR1);
        ::kill(process, SIGUSR2);
    });
    int seen = 0;
    auto counting = simul::spawn([](signals& of, int& count) -> task<> {
        for (;; ++count)
            co_await of.next();
    }(*storm, seen));
    EXPECT_EQ(co_await end.next(), SIGUSR2);
    sender.join();
    for (int tries = 0; seen == 0 && tries < 5000; ++tries) // another thread may be about to handle it
        co_await simul::sleep(1ms);
    EXPECT_GE(seen, 1);
    counting.cancel();
    co_await simul::sleep(1ms);
    EXPECT_TRUE(counting.cancelled());
    storm.reset();
    std::signal(SIGUSR1, before);
}

SIMUL_TEST(Signals, MayGoWhileOneIsBeingDelivered)
{
    auto gone = std::make_unique<signals>(std::vector{SIGUSR1});
    signals stays({SIGUSR1});
    auto first = simul::spawn(stays.next());
    co_await simul::yield();
    ::raise(SIGUSR1); // the handler has run, the loop hasn't heard of it
    gone.reset();
    EXPECT_EQ(co_await first, SIGUSR1);

    auto served = simul::spawn([](std::unique_ptr<signals> of) -> task<int> {
        const int which = co_await of->next();
        of.reset(); // ends its own handling
        co_return which;
    }(std::make_unique<signals>(std::vector{SIGUSR2})));
    co_await simul::yield();
    ::raise(SIGUSR2);
    EXPECT_EQ(co_await served, SIGUSR2);
    EXPECT_EQ(handler_of(SIGUSR2), SIG_DFL);
}

std::string why_not(std::vector<int> numbers)
{
    try {
        signals refused(std::move(numbers));
    } catch (const simul::error& failed) {
        return failed.what();
    }
    return "";
}

SIMUL_TEST(Signals, SayWhatCantBeCaught)
{
    EXPECT_EQ(why_not({SIGUSR1, SIGKILL}), "on_signal: signal 9 can't be caught");
    EXPECT_EQ(handler_of(SIGUSR1), SIG_DFL); // nothing is left of the attempt
    EXPECT_EQ(why_not({9999}), "on_signal: there is no signal 9999");
    EXPECT_EQ(why_not({}), "signals: name at least one");
    EXPECT_EQ(why_not({SIGUSR1, SIGUSR1}), "");
    co_return;
}

SIMUL_TEST(Signals, BelongToOneLoop)
{
    signals here({SIGUSR1});
    std::string refused;
    std::string elsewhere;
    std::thread([&] {
        simul::run([](signals& others, std::string& why, std::string& where) -> task<> {
            why = why_not({SIGUSR1});
            try {
                co_await others.next();
            } catch (const simul::invalid_state& failed) {
                where = failed.what();
            }
        }(here, refused, elsewhere));
    }).join();
    EXPECT_EQ(refused, "on_signal: another loop handles signal 10");
    EXPECT_EQ(elsewhere, "signals: they belong to another loop");
    co_return;
}

TEST(Signals, OutliveTheirLoop)
{
    std::optional<signals> left;
    simul::run([](std::optional<signals>& out) -> task<> {
        out.emplace(std::vector{SIGUSR1});
        co_return;
    }(left));
    EXPECT_EQ(handler_of(SIGUSR1), SIG_DFL);
    simul::run([](std::optional<signals>& out) -> task<> {
        CO_ASSERT_THROW(co_await out->next(), simul::closed_error);
    }(left));
}

TEST(Signals, OfALoopInAnotherThreadLeaveCtrlCAlone)
{
    std::thread([] {
        simul::run([]() -> task<> {
            EXPECT_EQ(handler_of(SIGINT), SIG_DFL);
            co_return;
        }());
    }).join();
}

TEST(SignalName, IsThatOfTheManual)
{
    EXPECT_EQ(simul::signal_name(SIGTERM), "SIGTERM");
    EXPECT_EQ(simul::signal_name(SIGKILL), "SIGKILL");
    EXPECT_EQ(simul::signal_name(40), "signal 40");
}

} // namespace
