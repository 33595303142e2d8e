// SPDX-License-Identifier: MIT
//
// What a program may do wrong anywhere: each is told in one clear error, leaks nothing and hangs nowhere.
#include <simul/run/loop.hpp>
#include <simul/run/run.hpp>
#include <simul/task/as_completed.hpp>
#include <simul/task/condition.hpp>
#include <simul/task/from_callback.hpp>
#include <simul/task/future.hpp>
#include <simul/task/gather.hpp>
#include <simul/task/group.hpp>
#include <simul/task/race.hpp>
#include <simul/task/retry.hpp>
#include <simul/task/select.hpp>
#include <simul/task/shield.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/this_task.hpp>
#include <simul/task/timeout.hpp>
#include <simul/task/wait.hpp>
#include <simul/task/with.hpp>
#include <simul/testing/clock.hpp>
#include <simul/testing/gtest.hpp>

#include <chrono>
#include <csignal>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using simul::task;

/// The text of the error with which `use()` is refused at once.
template <class Use> std::string refusal(Use use)
{
    try {
        static_cast<void>(use());
    } catch (const simul::error& e) {
        return e.what();
    }
    return "accepted";
}

// ---- null callables

constexpr auto null_text = "the function to call is null";

const std::function<void()> no_callback;
const std::function<task<int>()> no_starter;
task<int> (*const null_starter)() = nullptr;
task<int> (*const null_starter_with_argument)(int) = nullptr;

TEST(NullCallable, IsRefusedByTheLoop)
{
    simul::loop loop({.backend = simul::backend::sim});
    void (*const null)() = nullptr;
    const auto when = loop.now();
    EXPECT_EQ(refusal([&] { return loop.call_soon(no_callback); }), null_text);
    EXPECT_EQ(refusal([&] { return loop.call_soon(null); }), null_text);
    EXPECT_EQ(refusal([&] { return loop.call_later(1s, no_callback); }), null_text);
    EXPECT_EQ(refusal([&] { return loop.call_at(when, no_callback); }), null_text);
    EXPECT_EQ(refusal([&] { return loop.call_soon_threadsafe(no_callback); }), null_text);
    EXPECT_EQ(refusal([&] { return loop.watch_readable(0, no_callback); }), null_text);
    EXPECT_EQ(refusal([&] { return loop.watch_writable(0, no_callback); }), null_text);
    EXPECT_EQ(refusal([&] { return loop.on_signal(SIGUSR2, no_callback); }), null_text);
    EXPECT_EQ(refusal([&] { return loop.before_wait(no_callback); }), null_text);
    EXPECT_EQ(refusal([&] { return loop.after_wait(no_callback); }), null_text);
    EXPECT_EQ(refusal([&] { return loop.set_error_handler(std::function<void(const simul::problem&)>()); }), null_text);
    EXPECT_FALSE(loop.remove_signal(SIGUSR2));
    EXPECT_FALSE(loop.unwatch_readable(0));
}

SIMUL_TEST(NullCallable, IsRefusedWhereATaskWouldBeStarted)
{
    EXPECT_EQ(refusal([] { return simul::spawn(no_starter); }), null_text);
    EXPECT_EQ(refusal([] { return simul::spawn(null_starter); }), null_text);
    EXPECT_EQ(refusal([] { return simul::spawn(null_starter_with_argument, 1); }), null_text);
    EXPECT_EQ(refusal([] { return simul::with_group(std::function<task<>(simul::group&)>()); }), null_text);
    co_await simul::with_group([](simul::group& g) -> task<> {
        EXPECT_EQ(refusal([&] { return g.spawn(no_starter); }), null_text);
        EXPECT_EQ(refusal([&] { return g.spawn(null_starter_with_argument, 1); }), null_text);
        EXPECT_EQ(g.size(), 0u);
        co_return;
    });
    EXPECT_EQ(refusal([] { return simul::retry(no_starter); }), null_text);
    EXPECT_EQ(refusal([] { return simul::from_callback<int>(std::function<void(simul::promise<int>)>()); }), null_text);
}

TEST(NullCallable, IsRefusedByRun)
{
    EXPECT_EQ(refusal([] { return simul::run(no_starter); }), null_text);
    EXPECT_EQ(refusal([] { return simul::run(null_starter); }), null_text);
}

struct closable {
    task<> close()
    {
        closed = true;
        co_return;
    }
    bool& closed;
};

SIMUL_TEST(NullCallable, IsRefusedAsWhatToDoWithAResult)
{
    bool closed = false;
    EXPECT_EQ(refusal([&] { return simul::with(closable{closed}, std::function<task<>(closable&)>()); }), null_text);
    bool opened = false;
    const auto open = [](bool& was_opened, bool& is_closed) -> task<closable> {
        was_opened = true;
        co_return closable{is_closed};
    };
    EXPECT_EQ(refusal([&] { return simul::with(open(opened, closed), std::function<task<>(closable&)>()); }),
              null_text);
    EXPECT_FALSE(opened);

    simul::promise<int> writer;
    auto flight = writer.get_future();
    EXPECT_EQ(refusal([&] { return std::move(flight).then(std::function<int(int)>()); }), null_text);
    EXPECT_TRUE(flight.valid());
    EXPECT_EQ(refusal([&] { return simul::on(flight, std::function<void(int)>()); }), null_text);
    EXPECT_EQ(refusal([] { return simul::otherwise(no_callback); }), null_text);
    writer.set_value(1);
    EXPECT_EQ(co_await flight, 1);

    simul::mutex m;
    simul::condition changed(m);
    auto held = co_await m.lock();
    try {
        co_await changed.wait(held, std::function<bool()>());
        ADD_FAILURE() << "accepted";
    } catch (const simul::error& e) {
        EXPECT_STREQ(e.what(), null_text);
    }
    EXPECT_TRUE(m.locked());
}

// ---- durations

constexpr std::chrono::duration<double> nan_seconds(std::numeric_limits<double>::quiet_NaN());
constexpr auto nan_text = "the duration is not a number";

task<int> forty_two_after(simul::duration wait)
{
    co_await simul::sleep(wait);
    co_return 42;
}

SIMUL_TEST(NotANumber, IsRefusedWhereverADurationIsTaken)
{
    EXPECT_EQ(refusal([] { return simul::sleep(nan_seconds); }), nan_text);
    EXPECT_EQ(refusal([] { return simul::timeout(nan_seconds, forty_two_after(1s)); }), nan_text);
    EXPECT_EQ(refusal([] { return simul::move_on_after(nan_seconds, forty_two_after(1s)); }), nan_text);
    EXPECT_EQ(refusal([] { return simul::after(nan_seconds); }), nan_text);
    EXPECT_EQ(refusal([] { return simul::loop::current().call_later(nan_seconds, [] {}); }), nan_text);
    simul::promise<int> writer;
    auto flight = writer.get_future();
    EXPECT_EQ(refusal([&] { return flight.result_for(nan_seconds); }), nan_text);
    writer.set_value(1);
    try {
        co_await simul::testing::advance(nan_seconds);
        ADD_FAILURE() << "accepted";
    } catch (const simul::error& e) {
        EXPECT_STREQ(e.what(), nan_text);
    }
}

SIMUL_TEST(NegativeDuration, MeansThatTheTimeIsUpAlready)
{
    const auto begin = simul::now();
    co_await simul::sleep(-1h);
    co_await simul::sleep_until(begin - 1h);
    EXPECT_EQ(co_await simul::move_on_after(-1h, forty_two_after(1s)), std::nullopt);
    try {
        co_await simul::deadline(begin - 1h, forty_two_after(1s));
        ADD_FAILURE() << "no timeout";
    } catch (const simul::timeout_error&) {
    }
    auto flight = simul::spawn(forty_two_after(1s));
    const auto seen = co_await simul::select(flight, simul::after(-1h));
    EXPECT_EQ(seen.index(), 1u);
    std::vector<simul::future<int>> several;
    several.push_back(std::move(flight));
    const auto found = co_await simul::wait(several, simul::until::all_completed, {.timeout = -1h});
    EXPECT_EQ(found.pending.size(), 1u);
    bool called = false;
    simul::loop::current().call_later(-1h, [&] { called = true; });
    co_await simul::testing::wait_all_blocked();
    EXPECT_TRUE(called);
    EXPECT_EQ(simul::now(), begin);
}

TEST(NegativeDuration, DoesNotBlockAPlainThread)
{
    simul::promise<int> writer;
    auto flight = writer.get_future();
    EXPECT_THROW(static_cast<void>(flight.result_for(-1h)), simul::timeout_error);
    EXPECT_THROW(static_cast<void>(flight.result_for(0s)), simul::timeout_error);
    writer.set_value(3);
    EXPECT_EQ(flight.result_for(-1h), 3);
}

/// A main task that leaves behind one that needs a moment to end.
task<> leave_behind(bool& cleaned_up, simul::duration clean_up)
{
    simul::spawn([](bool& clean, simul::duration takes) -> task<> {
        try {
            co_await simul::sleep(24h);
        } catch (const simul::cancelled&) {
        }
        co_await simul::sleep(takes);
        clean = true;
    }(cleaned_up, clean_up)).detach();
    co_await simul::yield();
}

TEST(NegativeDuration, AsPatienceGivesUpAtOnce)
{
    bool cleaned_up = false;
    testing::internal::CaptureStderr();
    simul::run(leave_behind(cleaned_up, 1s), {.backend = simul::backend::sim, .shutdown_patience = -1h});
    EXPECT_NE(testing::internal::GetCapturedStderr().find("tasks did not end when they were cancelled"), std::string::npos);
    EXPECT_FALSE(cleaned_up);
}

TEST(EndlessDuration, AsPatienceWaitsAsLongAsItTakes)
{
    bool cleaned_up = false;
    simul::run(leave_behind(cleaned_up, 1000h), {.backend = simul::backend::sim, .shutdown_patience = simul::duration::max()});
    EXPECT_TRUE(cleaned_up);
}

TEST(EndlessDuration, AsSlowStepReportsNone)
{
    simul::loop loop({.backend = simul::backend::sim, .debug = true, .slow_step = simul::duration::max()});
    int reports = 0;
    loop.set_error_handler([&](const simul::problem&) { ++reports; });
    loop.call_soon([] { std::this_thread::sleep_for(2ms); });
    loop.run_once();
    EXPECT_EQ(reports, 0);
}

// ---- tasks and futures that are empty

constexpr auto used_text = "this task was awaited before, or moved from";
constexpr auto empty_text = "this future is empty: it was moved from, detached, or never filled";

SIMUL_TEST(TaskUsedTwice, IsRefusedWhereverATaskIsTaken)
{
    task<int> work = forty_two_after(0s);
    EXPECT_EQ(co_await std::move(work), 42);
    for (task<int>* const each : {&work}) {
        EXPECT_EQ(refusal([&] { return simul::spawn(std::move(*each)); }), used_text);
        EXPECT_EQ(refusal([&] { return simul::gather(std::move(*each), forty_two_after(1s)); }), used_text);
        EXPECT_EQ(refusal([&] { return simul::settle(std::move(*each)); }), used_text);
        EXPECT_EQ(refusal([&] { return simul::race(std::move(*each), forty_two_after(1s)); }), used_text);
        EXPECT_EQ(refusal([&] { return simul::timeout(1s, std::move(*each)); }), used_text);
        EXPECT_EQ(refusal([&] { return simul::loop::current().launch(std::move(*each)); }), used_text);
        co_await simul::with_group([&](simul::group& g) -> task<> {
            EXPECT_EQ(refusal([&] { return g.spawn(std::move(*each)); }), used_text);
            co_return;
        });
        try {
            co_await simul::shield(std::move(*each));
            ADD_FAILURE() << "accepted";
        } catch (const simul::invalid_state& e) {
            EXPECT_STREQ(e.what(), used_text);
        }
        std::vector<task<int>> several;
        several.push_back(std::move(*each));
        several.push_back(forty_two_after(1s));
        try {
            co_await simul::gather(several);
            ADD_FAILURE() << "accepted";
        } catch (const simul::invalid_state& e) {
            EXPECT_STREQ(e.what(), used_text);
        }
    }
}

SIMUL_TEST(EmptyFuture, IsRefusedWhereverAFutureIsTaken)
{
    simul::future<int> none;
    EXPECT_EQ(refusal([&] { return simul::shield(none); }), empty_text);
    std::vector<simul::future<int>> several(2);
    EXPECT_EQ(refusal([&] { return simul::wait(several); }), empty_text);
    const auto told = [](auto awaited) -> task<std::string> {
        try {
            static_cast<void>(co_await std::move(awaited));
        } catch (const simul::invalid_state& e) {
            co_return e.what();
        }
        co_return "accepted";
    };
    EXPECT_EQ(co_await told(simul::gather(none, forty_two_after(1s))), empty_text);
    EXPECT_EQ(co_await told(simul::gather(several)), empty_text);
    EXPECT_EQ(co_await told(simul::timeout(1s, none)), empty_text);
    EXPECT_EQ(co_await told(simul::select(none, simul::after(1s))), empty_text);
    EXPECT_EQ(co_await told(simul::spawn(std::move(none))), empty_text);
}

// ---- a loop that is gone

TEST(ClosedLoop, AnswersWhoWaitsForItsTasksOnAnotherLoop)
{
    for (const bool shielded : {false, true}) {
        std::optional<simul::loop> works(std::in_place, simul::loop_options{.backend = simul::backend::sim});
        works->set_error_handler([](const simul::problem&) {});
        auto flight = works->launch(forty_two_after(1h));
        works->run_once();
        simul::run(
            [&]() -> task<> {
                auto asks = simul::spawn([](simul::future<int>& awaited, bool shields) -> task<int> {
                    if (shields)
                        co_return co_await simul::shield(awaited);
                    co_return co_await awaited;
                }(flight, shielded));
                co_await simul::yield();
                std::thread([&] { works.reset(); }).join();
                try {
                    co_await asks;
                    ADD_FAILURE() << "no error";
                } catch (const simul::closed_error& e) {
                    EXPECT_STREQ(e.what(), "the loop was closed before this task was done");
                }
            },
            {.backend = simul::backend::sim});
    }
}

TEST(ClosedLoop, AnswersAPlainThreadThatIsBlocked)
{
    std::optional<simul::loop> works(std::in_place, simul::loop_options{.backend = simul::backend::sim});
    works->set_error_handler([](const simul::problem&) {});
    auto flight = works->launch(forty_two_after(1h));
    works->run_once();
    std::thread blocked([&] { EXPECT_THROW(static_cast<void>(flight.result()), simul::closed_error); });
    std::this_thread::sleep_for(2ms); // most likely it waits by now
    works.reset();
    blocked.join();
}

TEST(ClosedLoop, LeavesFuturesThatMayStillBeAsked)
{
    std::optional<simul::loop> works(std::in_place, simul::loop_options{.backend = simul::backend::sim});
    works->set_error_handler([](const simul::problem&) {});
    auto flight = works->launch(forty_two_after(1h));
    flight.rename("orphan");
    works->run_once();
    works.reset();
    EXPECT_TRUE(flight.done());
    EXPECT_FALSE(flight.cancelled());
    EXPECT_FALSE(flight.cancel());
    EXPECT_EQ(flight.name(), "orphan");
    EXPECT_THROW(static_cast<void>(flight.result()), simul::closed_error);
}

TEST(ClosedLoop, TakesItsWaitersOutOfTheFuturesOfOthers)
{
    simul::promise<int> writer;
    auto awaited = writer.get_future();
    {
        simul::loop waits({.backend = simul::backend::sim});
        waits.set_error_handler([](const simul::problem&) {});
        auto plain = waits.launch([](simul::future<int>& f) -> task<> { co_await f; }(awaited));
        auto selects = waits.launch([](simul::future<int>& f) -> task<> { co_await simul::select(f, simul::after(1h)); }(awaited));
        auto limited = waits.launch([](simul::future<int>& f) -> task<> { co_await simul::timeout(1h, f); }(awaited));
        auto shields = waits.launch([](simul::future<int>& f) -> task<> { co_await simul::shield(f); }(awaited));
        for (int turn = 0; turn < 3; ++turn) {
            waits.call_soon([] {}); // or the clock would jump
            waits.run_once();
        }
        waits.close();
        for (auto* each : {&plain, &selects, &limited, &shields})
            EXPECT_THROW(each->result(), simul::closed_error);
    }
    EXPECT_FALSE(awaited.done());
    EXPECT_TRUE(writer.set_value(5)); // wakes nobody who is gone
    EXPECT_EQ(awaited.result(), 5);
}

/// What is reported and destroyed when a loop is closed under a task that waits.
template <class Wait> std::vector<std::string> close_under(Wait wait)
{
    std::vector<std::string> log;
    simul::loop loop({.backend = simul::backend::sim});
    loop.set_error_handler([&](const simul::problem& p) { log.push_back(p.message); });
    auto flight = loop.launch(wait(log));
    for (int turn = 0; turn < 3; ++turn) {
        loop.call_soon([] {});
        loop.run_once();
    }
    loop.close();
    EXPECT_THROW(flight.result(), simul::closed_error);
    return log;
}

struct says_when_destroyed {
    std::vector<std::string>& log;
    std::string name;
    ~says_when_destroyed() { log.push_back(name); }
};

task<int> sleeper(std::vector<std::string>& log, std::string name)
{
    const says_when_destroyed local{log, std::move(name)};
    co_await simul::sleep(1h);
    co_return 1;
}

TEST(ClosedLoop, DestroysTheBranchesOfEveryCombinatorBeforeTheWaiter)
{
    using log = std::vector<std::string>;
    const auto and_then = [](log names) {
        names.insert(names.begin(), "a task was still pending when its loop was closed");
        return names;
    };
    EXPECT_EQ(close_under([](log& l) -> task<> {
        const says_when_destroyed waiter{l, "waiter"};
        co_await simul::gather(sleeper(l, "a"));
    }), and_then({"a", "waiter"}));
    EXPECT_EQ(close_under([](log& l) -> task<> {
        const says_when_destroyed waiter{l, "waiter"};
        std::vector<task<int>> several;
        several.push_back(sleeper(l, "a"));
        several.push_back(sleeper(l, "b"));
        co_await simul::gather(std::move(several));
    }), and_then({"a", "b", "waiter"}));
    EXPECT_EQ(close_under([](log& l) -> task<> {
        const says_when_destroyed waiter{l, "waiter"};
        std::vector<task<int>> several;
        several.push_back(sleeper(l, "a"));
        several.push_back(sleeper(l, "never begun"));
        co_await simul::settle(std::move(several), {.limit = 1});
    }), and_then({"a", "waiter"}));
    EXPECT_EQ(close_under([](log& l) -> task<> {
        const says_when_destroyed waiter{l, "waiter"};
        co_await simul::timeout(2h, simul::race(sleeper(l, "a"), simul::sleep(2h)));
    }), and_then({"a", "waiter"}));
    std::optional<simul::future<int>> member;
    const auto grouped = [&](log& l) -> task<> {
        const says_when_destroyed waiter{l, "waiter"};
        co_await simul::with_group([&l, &member](simul::group& g) -> task<> {
            const says_when_destroyed body{l, "body"};
            member = g.spawn(sleeper(l, "a"));
            g.spawn(sleeper(l, "b"));
            g.spawn(sleeper(l, "never begun"));
            co_await simul::sleep(1h);
        }, {.limit = 2});
    };
    EXPECT_EQ(close_under(std::ref(grouped)), and_then({"a", "b", "body", "waiter"}));
    EXPECT_THROW(static_cast<void>(member->result()), simul::closed_error);
}

TEST(ClosedLoop, IsClosedWhileAnotherThreadAnswersItsTasks)
{
    for (int round = 0; round < 300; ++round) {
        simul::loop loop;
        loop.set_error_handler([](const simul::problem&) {});
        std::vector<simul::promise<int>> writers(6);
        std::vector<simul::future<int>> awaited;
        for (auto& each : writers)
            awaited.push_back(each.get_future());
        std::vector<simul::future<>> waiters;
        const auto wait_in = [&](auto body) { waiters.push_back(loop.launch(body(awaited))); };
        using futures = std::vector<simul::future<int>>;
        wait_in([](futures& all) -> task<> { co_await all[0]; });
        wait_in([](futures& all) -> task<> { co_await simul::gather(all); });
        wait_in([](futures& all) -> task<> { co_await simul::wait(all); });
        wait_in([](futures& all) -> task<> { co_await simul::wait(all, simul::until::first_completed, {.timeout = 1h}); });
        wait_in([](futures& all) -> task<> {
            auto done = simul::as_completed(all);
            while (co_await done.next()) {
            }
        });
        wait_in([](futures& all) -> task<> { co_await simul::select(all[3], all[4], simul::after(1h)); });
        wait_in([](futures& all) -> task<> { co_await simul::timeout(1h, simul::shield(all[5])); });
        for (int turn = 0; turn < 3; ++turn) {
            loop.call_soon([] {});
            loop.run_once();
        }
        std::atomic<bool> begun{false};
        std::thread answers([&] {
            begun = true;
            for (auto& each : writers)
                each.set_value(1);
        });
        while (!begun)
            std::this_thread::yield();
        if (round % 2) {
            loop.call_soon([] {});
            loop.run_once();
        }
        loop.close();
        answers.join();
        for (auto& each : waiters)
            EXPECT_TRUE(each.done());
    }
}

} // namespace
