// SPDX-License-Identifier: MIT
#include "backend_fixture.hpp"
#include "run/loop_parts.hpp"

#include <simul/run/loop.hpp>
#include <simul/run/run.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/this_task.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <dirent.h>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>
#include <sys/resource.h>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using simul::task;
using names = std::vector<std::string>;

class LoopOnEachBackend : public testing::TestWithParam<simul::detail::backend_kind> {
protected:
    simul::loop_options options() const { return {.backend = static_cast<simul::backend>(GetParam())}; }
    bool is_sim() const { return GetParam() == simul::detail::backend_kind::sim; }

    simul::detail::pipe_ends make_pipe()
    {
        int fds[2];
        EXPECT_EQ(0, io().make_pipe(fds));
        return {fds[0], fds[1]};
    }
    simul::detail::backend& io() { return *loop.internals().io; }

    /// Runs until `condition` holds, or it is clear that it never will.
    template <class Condition> void run_until(const Condition& condition)
    {
        auto give_up = loop.call_later(20s, [&] {
            ADD_FAILURE() << "waited in vain";
            loop.stop();
        });
        for (int turns = 0; !condition() && !testing::Test::HasFailure(); ++turns) {
            ASSERT_LT(turns, 1'000'000);
            loop.run_once();
        }
        give_up.cancel();
    }

    void write_byte(int fd)
    {
        static char byte = 'x';
        simul::detail::call op(simul::detail::operation_kind::write, fd, &byte, 1);
        io().start(op);
        run_until([&] { return op.done(); });
        EXPECT_EQ(op.result, 1);
    }
    void read_byte(int fd)
    {
        char byte;
        simul::detail::call op(simul::detail::operation_kind::read, fd, &byte, 1);
        io().start(op);
        run_until([&] { return op.done(); });
        EXPECT_EQ(op.result, 1);
    }

    simul::loop loop{options()};
};

INSTANTIATE_TEST_SUITE_P(Backends, LoopOnEachBackend, testing::ValuesIn(simul::detail::available_backends(true)),
                         simul::detail::name_of_parameter);

// ---- order

TEST_P(LoopOnEachBackend, RunsWhatWasReadyThenWhatIsDueAndWhatTheyScheduleInTheNextTurn)
{
    names order;
    loop.call_soon([&] {
        order.push_back("a");
        loop.call_soon([&] { order.push_back("a2"); });
        loop.call_later(0s, [&] {
            order.push_back("a-later0");
            loop.stop();
        });
    });
    loop.call_soon([&] { order.push_back("b"); });
    loop.call_later(0s, [&] { order.push_back("later0"); });
    loop.call_soon([&] { order.push_back("c"); });
    loop.run_forever();
    EXPECT_EQ(order, (names{"a", "b", "c", "later0", "a2", "a-later0"}));
}

TEST_P(LoopOnEachBackend, FiresEqualDeadlinesInTheOrderInWhichTheyWereSet)
{
    std::vector<int> order;
    const auto when = loop.now() + 2ms;
    for (int i = 0; i < 12; ++i)
        loop.call_at(when, [&order, i, this] {
            order.push_back(i);
            if (i == 11)
                loop.stop();
        });
    loop.run_forever();
    std::vector<int> expected(12);
    std::iota(expected.begin(), expected.end(), 0);
    EXPECT_EQ(order, expected);
}

TEST_P(LoopOnEachBackend, NeverFiresATimerEarlyAndANegativeDelayAtOnce)
{
    names order;
    const auto begin = loop.now();
    loop.call_later(3ms, [&] {
        EXPECT_GE(loop.now() - begin, 3ms);
        order.push_back("3ms");
        loop.stop();
    });
    loop.call_later(1ms, [&] {
        EXPECT_GE(loop.now() - begin, 1ms);
        order.push_back("1ms");
    });
    loop.call_later(-1h, [&] { order.push_back("negative"); });
    loop.run_forever();
    EXPECT_EQ(order, (names{"negative", "1ms", "3ms"}));
}

TEST_P(LoopOnEachBackend, DoesNotRunWhatAnEarlierCallbackOfTheSameTurnCancelled)
{
    names order;
    simul::callback_handle second;
    simul::callback_handle timer;
    loop.call_soon([&] {
        order.push_back("first");
        second.cancel();
        timer.cancel();
    });
    second = loop.call_soon([&] { order.push_back("second"); });
    timer = loop.call_later(0s, [&] { order.push_back("timer"); });
    loop.call_soon([&] { order.push_back("third"); });
    loop.run_once();
    loop.call_soon([] {});
    loop.run_once();
    EXPECT_EQ(order, (names{"first", "third"}));
    EXPECT_TRUE(second.cancelled());
    EXPECT_TRUE(timer.cancelled());
    second.cancel();
    EXPECT_TRUE(second.cancelled());
}

TEST_P(LoopOnEachBackend, IsNotStarvedByACallbackThatReschedulesItself)
{
    const auto ends = make_pipe();
    bool read = false;
    bool timed = false;
    loop.watch_readable(ends.reading, [&] {
        read = true;
        loop.unwatch_readable(ends.reading);
    });
    loop.call_later(1ms, [&] { timed = true; });
    write_byte(ends.writing);
    int turns = 0;
    const auto begin = simul::clock::now();
    const std::function<void()> again = [&] {
        ++turns;
        if ((read && (timed || is_sim())) || simul::clock::now() - begin > 20s)
            loop.stop();
        else
            loop.call_soon(again);
    };
    loop.call_soon(again);
    loop.run_forever();
    EXPECT_TRUE(read);
    EXPECT_TRUE(timed || is_sim()); // virtual time stands still while something is ready
    EXPECT_GT(turns, 0);
    io().close_now(ends.reading);
    io().close_now(ends.writing);
}

// ---- stopping

TEST_P(LoopOnEachBackend, StopsAfterTheTurnAndKeepsWhatTheTurnScheduled)
{
    names order;
    loop.call_soon([&] {
        order.push_back("1");
        loop.stop();
        loop.call_soon([&] { order.push_back("next-turn"); });
    });
    loop.call_soon([&] { order.push_back("2"); });
    loop.call_soon([&] { order.push_back("3"); });
    loop.run_forever();
    EXPECT_EQ(order, (names{"1", "2", "3"}));
    loop.stop();
    loop.run_forever();
    EXPECT_EQ(order, (names{"1", "2", "3", "next-turn"}));
}

TEST_P(LoopOnEachBackend, RunsExactlyOneTurnWhenItWasStoppedBefore)
{
    int turns = 0;
    loop.stop();
    loop.call_soon([&] {
        ++turns;
        loop.call_soon([&] { ++turns; });
    });
    loop.run_forever();
    EXPECT_EQ(turns, 1);
}

TEST_P(LoopOnEachBackend, LeavesATurnInTheMiddleAndKeepsTheRest)
{
    names order;
    loop.call_soon([&] {
        order.push_back("1");
        loop.leave();
        loop.call_soon([&] { order.push_back("later"); });
    });
    loop.call_soon([&] { order.push_back("2"); });
    loop.run_forever();
    EXPECT_EQ(order, (names{"1"}));
    loop.run_once();
    EXPECT_EQ(order, (names{"1", "2"}));
    loop.run_once();
    EXPECT_EQ(order, (names{"1", "2", "later"}));
}

TEST_P(LoopOnEachBackend, GoesOnWithTheRestOfATurnItLeftEvenWhenNothingElseIsReady)
{
    bool rest = false;
    loop.call_soon([&] { loop.leave(); });
    loop.call_soon([&] {
        rest = true;
        loop.stop();
    });
    loop.run_forever();
    EXPECT_FALSE(rest);
    auto rescue = loop.call_later(2s, [&] { ADD_FAILURE() << "slept"; }); // else a failure would be a hang
    loop.run_forever();
    EXPECT_TRUE(rest);
}

TEST_P(LoopOnEachBackend, IsStoppedByAnotherThreadWhileItSleeps)
{
    simul::detail::backend& waits = io();
    waits.expect_outside(1);
    std::thread stopper([&] {
        std::this_thread::sleep_for(5ms);
        loop.stop_threadsafe();
    });
    loop.run_forever();
    stopper.join();
    waits.expect_outside(-1);
}

TEST_P(LoopOnEachBackend, SaysThatItWasStoppedBeforeItsTaskWasDone)
{
    loop.call_soon([&] { loop.stop(); });
    auto endless = loop.launch([]() -> task<> { co_await simul::sleep(1h); }());
    try {
        loop.run_until_done(endless.shared_state());
        ADD_FAILURE() << "ended";
    } catch (const simul::invalid_state& e) {
        EXPECT_STREQ(e.what(), "the loop was stopped before the task it ran was done");
    }
    endless.cancel();
    EXPECT_THROW(loop.run_until_complete(std::move(endless)), simul::cancelled);
}

TEST_P(LoopOnEachBackend, RunsATaskToItsEndAndCanDoSoAgain)
{
    const auto twice = [](int n) -> task<int> {
        co_await simul::yield();
        co_return 2 * n;
    };
    EXPECT_EQ(loop.run_until_complete(twice(4)), 8);
    EXPECT_EQ(loop.run_until_complete(twice(5)), 10);
    EXPECT_THROW(loop.run_until_complete([]() -> task<> {
        throw std::runtime_error("x");
        co_return;
    }()),
                 std::runtime_error);
    EXPECT_TRUE(loop.is_idle());
}

TEST_P(LoopOnEachBackend, RefusesToRunInsideItselfOrAnotherLoop)
{
    int refusals = 0;
    simul::loop other(options());
    loop.call_soon([&] {
        for (simul::loop* const each : {&loop, &other})
            try {
                each->run_once();
            } catch (const simul::invalid_state&) {
                ++refusals;
            }
        EXPECT_THROW(loop.close(), simul::invalid_state);
        EXPECT_TRUE(loop.is_running());
        EXPECT_FALSE(other.is_running());
        EXPECT_EQ(&simul::loop::current(), &loop);
    });
    loop.run_once();
    EXPECT_EQ(refusals, 2);
    EXPECT_FALSE(loop.is_running());
    EXPECT_THROW(simul::loop::current(), simul::invalid_state);
    loop.call_soon([] {});
    loop.run_once();
}

// ---- other threads

TEST_P(LoopOnEachBackend, IsWokenByOtherThreadsAndRunsAllThatTheySendInTheirOrder)
{
    constexpr int threads = 4;
    constexpr int each_sends = 2000;
    std::vector<int> last(threads, -1);
    int received = 0;
    bool in_order = true;
    loop.expect_outside(threads);
    std::vector<std::thread> senders;
    for (int who = 0; who < threads; ++who)
        senders.emplace_back([&, who] {
            for (int n = 0; n < each_sends; ++n) {
                loop.call_soon_threadsafe([&, who, n] {
                    in_order = in_order && last[who] == n - 1;
                    last[who] = n;
                    if (++received == threads * each_sends)
                        loop.stop();
                });
                if (n % 256 == 0)
                    std::this_thread::sleep_for(100us); // the loop falls asleep
            }
        });
    loop.run_forever();
    for (std::thread& sender : senders)
        sender.join();
    loop.expect_outside(-threads);
    EXPECT_EQ(received, threads * each_sends);
    EXPECT_TRUE(in_order);
}

TEST_P(LoopOnEachBackend, RefusesCallSoonFromAnotherThreadWhileItRuns)
{
    loop.call_soon([&] {
        std::thread([&] {
            for (const bool later : {false, true})
                try {
                    if (later)
                        loop.call_later(1s, [] {});
                    else
                        loop.call_soon([] {});
                    ADD_FAILURE() << "accepted";
                } catch (const simul::invalid_state& e) {
                    EXPECT_NE(std::string(e.what()).find("use call_soon_threadsafe"), std::string::npos);
                }
        }).join();
    });
    loop.run_once();
}

TEST_P(LoopOnEachBackend, RefusesEverythingOnceClosed)
{
    bool ran = false;
    loop.call_soon([&] { ran = true; });
    loop.call_later(0s, [&] { ran = true; });
    loop.close();
    EXPECT_TRUE(loop.is_closed());
    loop.close();
    EXPECT_THROW(loop.call_soon([] {}), simul::closed_error);
    EXPECT_THROW(loop.call_later(1s, [] {}), simul::closed_error);
    EXPECT_THROW(loop.call_soon_threadsafe([] {}), simul::closed_error);
    EXPECT_THROW(loop.watch_readable(0, [] {}), simul::closed_error);
    EXPECT_THROW(loop.on_signal(SIGUSR2, [] {}), simul::closed_error);
    EXPECT_THROW(loop.run_once(), simul::closed_error);
    EXPECT_THROW(loop.run_until_complete([]() -> task<> { co_return; }()), simul::closed_error);
    std::thread([&] { EXPECT_THROW(loop.call_soon_threadsafe([] {}), simul::closed_error); }).join();
    EXPECT_FALSE(ran);
}

// ---- descriptors

TEST_P(LoopOnEachBackend, CallsAgainAsLongAsThereIsSomethingToRead)
{
    const auto ends = make_pipe();
    int calls = 0;
    loop.watch_readable(ends.reading, [&] { ++calls; });
    loop.call_soon([] {});
    loop.run_once();
    EXPECT_EQ(calls, 0);
    write_byte(ends.writing);
    run_until([&] { return calls >= 3; }); // level-triggered
    read_byte(ends.reading);
    for (int turn = 0; turn < 4; ++turn) { // what was under way
        loop.call_soon([] {});
        loop.run_once();
    }
    const int before = calls;
    for (int turn = 0; turn < 4; ++turn) {
        loop.call_soon([] {});
        loop.run_once();
    }
    EXPECT_EQ(calls, before);
    EXPECT_TRUE(loop.unwatch_readable(ends.reading));
    EXPECT_FALSE(loop.unwatch_readable(ends.reading));
    io().close_now(ends.reading);
    io().close_now(ends.writing);
}

TEST_P(LoopOnEachBackend, ReplacesAWatchAndTellsReadingFromWriting)
{
    const auto ends = make_pipe();
    int old_calls = 0;
    int new_calls = 0;
    int writable = 0;
    loop.watch_readable(ends.reading, [&] { ++old_calls; });
    loop.watch_readable(ends.reading, [&] { ++new_calls; });
    loop.watch_writable(ends.writing, [&] { ++writable; });
    run_until([&] { return writable >= 2; });
    EXPECT_EQ(new_calls, 0);
    EXPECT_FALSE(loop.unwatch_readable(ends.writing));
    EXPECT_TRUE(loop.unwatch_writable(ends.writing));
    write_byte(ends.writing);
    run_until([&] { return new_calls >= 2; });
    EXPECT_EQ(old_calls, 0);
    EXPECT_TRUE(loop.unwatch_readable(ends.reading));
    io().close_now(ends.reading);
    io().close_now(ends.writing);
}

TEST_P(LoopOnEachBackend, CallsWhenTheOtherEndIsClosed)
{
    const auto ends = make_pipe();
    int calls = 0;
    loop.watch_readable(ends.reading, [&] {
        ++calls;
        loop.unwatch_readable(ends.reading); // from inside its own call
    });
    io().close_now(ends.writing);
    run_until([&] { return calls > 0; });
    for (int turn = 0; turn < 4; ++turn) {
        loop.call_soon([] {});
        loop.run_once();
    }
    EXPECT_EQ(calls, 1);
    io().close_now(ends.reading);
}

TEST_P(LoopOnEachBackend, MayReplaceAWatchFromInsideItsCall)
{
    const auto ends = make_pipe();
    names calls;
    loop.watch_readable(ends.reading, [&] {
        calls.push_back("first");
        loop.watch_readable(ends.reading, [&] {
            calls.push_back("second");
            loop.unwatch_readable(ends.reading);
        });
    });
    write_byte(ends.writing);
    run_until([&] { return calls.size() >= 2; });
    EXPECT_EQ(calls, (names{"first", "second"}));
    io().close_now(ends.reading);
    io().close_now(ends.writing);
}

TEST_P(LoopOnEachBackend, SurvivesADescriptorThatIsClosedBehindItsBack)
{
    std::vector<std::string> problems;
    loop.set_error_handler([&](const simul::problem& p) { problems.push_back(p.message); });
    const auto ends = make_pipe();
    int calls = 0;
    loop.watch_readable(ends.reading, [&] {
        if (++calls == 1)
            io().close_now(ends.reading);
    });
    write_byte(ends.writing);
    run_until([&] { return calls > 0; });
    for (int turn = 0; turn < 10; ++turn) {
        loop.call_soon([] {});
        loop.run_once();
    }
    EXPECT_LE(problems.size(), 1u);
    loop.unwatch_readable(ends.reading);
    for (int turn = 0; turn < 4; ++turn) {
        loop.call_soon([] {});
        loop.run_once();
    }
    io().close_now(ends.writing);
}

TEST_P(LoopOnEachBackend, RefusesANegativeDescriptor)
{
    EXPECT_THROW(loop.watch_readable(-1, [] {}), simul::error);
    EXPECT_THROW(loop.watch_writable(-7, [] {}), simul::error);
}

TEST_P(LoopOnEachBackend, ForgetsItsWatchesAndTimersWhenClosed)
{
    const auto ends = make_pipe();
    const auto alive = std::make_shared<int>(0);
    loop.watch_readable(ends.reading, [alive] {});
    loop.call_later(1h, [alive] {});
    loop.call_soon([alive] {});
    loop.before_wait([alive] {});
    auto held = loop.call_later(2h, [alive] {});
    loop.close();
    EXPECT_EQ(alive.use_count(), 2); // ours, and the one of the handle we hold
    held.cancel();
    held = {};
    EXPECT_EQ(alive.use_count(), 1);
    if (!is_sim()) {
        ::close(ends.reading);
        ::close(ends.writing);
    }
}

// ---- hooks

TEST_P(LoopOnEachBackend, TellsBeforeAndAfterEachWait)
{
    names order;
    loop.before_wait([&] { order.push_back("before"); });
    loop.after_wait([&] { order.push_back("after"); });
    loop.call_later(1ms, [&] {
        order.push_back("timer");
        loop.stop();
    });
    loop.run_forever();
    ASSERT_GE(order.size(), 3u);
    EXPECT_EQ(order[0], "before");
    EXPECT_EQ(order[1], "after");
    EXPECT_EQ(order.back(), "timer");
}

TEST_P(LoopOnEachBackend, NamesItsBackend)
{
    EXPECT_EQ(loop.backend_name(), simul::detail::make_backend(GetParam())->name());
}

// ---- errors

simul::loop_options virtual_time()
{
    return {.backend = simul::backend::sim};
}

TEST(Loop, ReportsACallbackThatThrowsAndRunsTheNext)
{
    simul::loop loop(virtual_time());
    names seen;
    loop.set_error_handler([&](const simul::problem& p) {
        seen.push_back(p.message);
        seen.push_back(simul::describe(p.error));
    });
    loop.call_soon([] { throw std::runtime_error("division by zero"); });
    loop.call_soon([&] { seen.push_back("next"); });
    loop.call_later(0s, [] { throw 7; });
    loop.run_once();
    EXPECT_EQ(seen,
              (names{"a callback failed", "std::runtime_error: division by zero", "next", "a callback failed", "int"}));
}

TEST(Loop, SurvivesAnErrorHandlerThatThrows)
{
    simul::loop loop(virtual_time());
    int asked = 0;
    loop.set_error_handler([&](const simul::problem&) {
        ++asked;
        throw std::logic_error("the handler is broken too");
    });
    bool next = false;
    loop.call_soon([] { throw std::runtime_error("first"); });
    loop.call_soon([&] { next = true; });
    testing::internal::CaptureStderr();
    loop.run_once();
    const std::string printed = testing::internal::GetCapturedStderr();
    EXPECT_EQ(asked, 1);
    EXPECT_TRUE(next);
    EXPECT_NE(printed.find("the error handler failed: std::logic_error: the handler is broken too"), std::string::npos);
    EXPECT_NE(printed.find("a callback failed"), std::string::npos);
    EXPECT_NE(printed.find("std::runtime_error: first"), std::string::npos);
}

TEST(Loop, LetsAHandlerAndAHookReplaceThemselves)
{
    simul::loop loop(virtual_time());
    names seen;
    const std::string kept = "a capture too long for the small buffer";
    loop.set_error_handler([&, kept](const simul::problem&) {
        loop.set_error_handler([&](const simul::problem&) { seen.push_back("second handler"); });
        seen.push_back(kept);
    });
    loop.before_wait([&, kept] {
        loop.before_wait([&] { seen.push_back("second hook"); });
        seen.push_back(kept);
    });
    for (int i = 0; i < 2; ++i) {
        loop.call_soon([] { throw 1; });
        loop.run_once();
    }
    EXPECT_EQ(seen, (names{kept, kept, "second hook", "second handler"}));
}

TEST(Loop, PrintsProblemsWhenNobodyHandlesThem)
{
    simul::loop loop(virtual_time());
    loop.call_soon([] { throw std::runtime_error("printed"); });
    testing::internal::CaptureStderr();
    loop.run_once();
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "simul: a callback failed\n  error: std::runtime_error: printed\n");
}

TEST(Loop, RefusesCallablesThatAreNull)
{
    simul::loop loop(virtual_time());
    const std::function<void()> empty;
    void (*const null)() = nullptr;
    EXPECT_THROW(loop.call_soon(empty), simul::error);
    EXPECT_THROW(loop.call_soon(null), simul::error);
    EXPECT_THROW(loop.call_later(1s, empty), simul::error);
    EXPECT_THROW(loop.call_soon_threadsafe(empty), simul::error);
    EXPECT_THROW(loop.watch_readable(0, empty), simul::error);
    EXPECT_THROW(loop.on_signal(SIGUSR2, empty), simul::error);
    EXPECT_THROW(loop.set_error_handler(std::function<void(const simul::problem&)>()), simul::error);
    EXPECT_THROW(loop.before_wait(empty), simul::error);
}

TEST(Loop, RefusesDelaysThatAreNotANumberAndNeverEndsInfiniteOnes)
{
    simul::loop loop(virtual_time());
    using seconds = std::chrono::duration<double>;
    EXPECT_THROW(loop.call_later(seconds(std::numeric_limits<double>::quiet_NaN()), [] {}), simul::error);
    bool fired = false;
    auto handle = loop.call_later(seconds(std::numeric_limits<double>::infinity()), [&] { fired = true; });
    loop.call_later(1h, [&] { loop.stop(); });
    loop.run_forever();
    EXPECT_FALSE(fired);
    handle.cancel();
}

TEST(Loop, HasNoTaskInCallbacks)
{
    simul::loop loop(virtual_time());
    bool refused = false;
    auto flight = loop.launch([]() -> task<> { co_await simul::sleep(1s); }());
    loop.run_once();
    loop.call_soon([&] {
        try {
            static_cast<void>(simul::this_task::cancelling());
        } catch (const simul::invalid_state&) {
            refused = true;
        }
    });
    loop.run_once();
    EXPECT_TRUE(refused);
    loop.run_until_complete(std::move(flight));
}

// ---- many

TEST(Loop, KeepsNothingOfAMillionCancelledTimers)
{
    simul::loop loop(virtual_time());
    const auto alive = std::make_shared<int>(0);
    for (int i = 0; i < 1'000'000; ++i)
        loop.call_later(1h, [alive] {}).cancel();
    EXPECT_EQ(alive.use_count(), 1);
    EXPECT_TRUE(loop.internals().timers.empty());
}

TEST(Loop, CancelsAHundredThousandTimersInAnyOrder)
{
    simul::loop loop(virtual_time());
    constexpr int count = 100'000;
    std::vector<simul::callback_handle> handles;
    int fired = 0;
    for (int i = 0; i < count; ++i)
        handles.push_back(loop.call_later(std::chrono::milliseconds((i * 7919) % 1000 + 1), [&] { ++fired; }));
    for (int i = 0; i < count; ++i)
        if (const int which = static_cast<int>((i * 7919LL) % count); which % 100 != 0)
            handles[which].cancel();
    loop.call_later(2s, [&] { loop.stop(); });
    loop.run_forever();
    EXPECT_EQ(fired, count / 100);
    EXPECT_TRUE(loop.internals().timers.empty());
}

TEST(Loop, DropsAHandleWithoutCancellingItsCallback)
{
    simul::loop loop(virtual_time());
    bool ran = false;
    {
        simul::callback_handle dropped = loop.call_soon([&] { ran = true; });
        simul::callback_handle moved(std::move(dropped));
        dropped.cancel(); // has nothing any more
        EXPECT_FALSE(moved.cancelled());
    }
    loop.run_once();
    EXPECT_TRUE(ran);
}

// ---- closed with tasks in it

TEST(Loop, DestroysPendingTasksWhenClosedAndTellsTheirFutures)
{
    struct guard {
        int& count;
        ~guard() { ++count; }
    };
    int destroyed = 0;
    std::vector<std::string> problems;
    simul::loop loop(virtual_time());
    loop.set_error_handler([&](const simul::problem& p) { problems.push_back(p.message); });
    const auto sleeper = [](int& count) -> task<int> {
        const guard on_the_way_out{count};
        co_await simul::sleep(1h);
        co_return 1;
    };
    auto never_started = loop.launch(sleeper(destroyed));
    auto started = loop.launch([](auto inner, int& count) -> task<int> {
        const guard on_the_way_out{count};
        auto nested = simul::spawn(inner(count));
        co_return co_await nested;
    }(sleeper, destroyed));
    loop.run_once();
    auto fresh = loop.launch(sleeper(destroyed));
    EXPECT_FALSE(loop.is_idle());
    loop.close();
    EXPECT_EQ(destroyed, 2); // those that never ran had no guard yet
    EXPECT_EQ(problems, names(4, "a task was still pending when its loop was closed"));
    for (auto* each : {&never_started, &started, &fresh}) {
        EXPECT_TRUE(each->done());
        EXPECT_THROW(std::move(*each).result(), simul::closed_error);
    }
    EXPECT_TRUE(loop.internals().timers.empty());
}

TEST(Loop, IsClosedWhileOtherThreadsSend)
{
    for (int round = 0; round < 50; ++round) {
        std::optional<simul::loop> loop(std::in_place);
        std::atomic<int> refused{0};
        auto flight = loop->launch([]() -> task<> { co_await simul::sleep(1ms); }());
        std::thread sender([&] {
            for (int i = 0; i < 200; ++i)
                loop->call_soon_threadsafe([] {});
        });
        loop->run_until_complete(std::move(flight));
        sender.join();
        loop->close();
        std::thread late([&] {
            try {
                loop->call_soon_threadsafe([] {});
            } catch (const simul::closed_error&) {
                ++refused;
            }
        });
        late.join();
        EXPECT_EQ(refused, 1);
    }
}

// ---- the process's limits

int open_descriptors()
{
    int count = 0;
    DIR* const entries = ::opendir("/proc/self/fd");
    while (::readdir(entries))
        ++count;
    ::closedir(entries);
    return count;
}

TEST(Loop, SaysSoWhenThereIsNoDescriptorForItAndLeaksNone)
{
    // UBSan needs descriptors to check a virtual call for the first time: let that be now.
    EXPECT_EQ(simul::error::from_errno(EMFILE, "warm").code().value(), EMFILE);
    for (const simul::detail::backend_kind kind : simul::detail::available_backends(false)) {
        static_cast<void>(simul::loop({.backend = static_cast<simul::backend>(kind)}).is_idle());
        const int before = open_descriptors();
        rlimit normal{};
        ASSERT_EQ(0, ::getrlimit(RLIMIT_NOFILE, &normal));
        rlimit none = normal;
        const int lowest_free = ::dup(0);
        ASSERT_GE(lowest_free, 0);
        ::close(lowest_free);
        for (int spare = 0; spare < 8; ++spare) {
            none.rlim_cur = static_cast<rlim_t>(lowest_free + spare);
            ASSERT_EQ(0, ::setrlimit(RLIMIT_NOFILE, &none));
            int refused_with = 0;
            try {
                const simul::loop loop({.backend = static_cast<simul::backend>(kind)});
            } catch (const simul::error& e) {
                refused_with = e.code().value();
            }
            ASSERT_EQ(0, ::setrlimit(RLIMIT_NOFILE, &normal));
            EXPECT_TRUE(refused_with == EMFILE || (refused_with == 0 && spare > 0)) << refused_with << ", spare " << spare;
            EXPECT_EQ(open_descriptors(), before);
        }
    }
}

TEST(Loop, LeaksNoDescriptor)
{
    const int before = open_descriptors();
    for (const simul::detail::backend_kind kind : simul::detail::available_backends(true))
        for (int i = 0; i < 20; ++i) {
            simul::loop loop({.backend = static_cast<simul::backend>(kind)});
            loop.call_soon([] {});
            loop.run_once();
        }
    EXPECT_EQ(open_descriptors(), before);
}

} // namespace
