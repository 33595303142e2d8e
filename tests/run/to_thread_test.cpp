// SPDX-License-Identifier: MIT
#include "child_process.hpp"
#include "in_threads.hpp"
#include "run/job_threads.hpp"

#include <simul/run/block_on.hpp>
#include <simul/run/loop.hpp>
#include <simul/run/run.hpp>
#include <simul/run/to_thread.hpp>
#include <simul/task/gather.hpp>
#include <simul/task/shield.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/task_local.hpp>
#include <simul/task/this_task.hpp>
#include <simul/task/timeout.hpp>
#include <simul/testing/gtest.hpp>

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <latch>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace in_threads;
using simul::task;
using simul::to_thread;

/// As many jobs as there can be at once; they end with it.
class all_threads_busy {
public:
    all_threads_busy()
    {
        for (int i = 0; i < 64; ++i)
            to_thread([with = shared_] {
                with->begun.count_down();
                with->over.wait();
            }).detach();
        shared_->begun.wait();
    }
    ~all_threads_busy() { shared_->over.open(); }

private:
    struct latches {
        std::latch begun{64};
        gate over;
    };
    std::shared_ptr<latches> shared_ = std::make_shared<latches>();
};

task<std::string> outcome(simul::future<>& of)
{
    try {
        co_await of;
    } catch (const simul::cancelled&) {
        co_return "cancelled";
    } catch (const std::exception& e) {
        co_return e.what();
    }
    co_return "a value";
}

// ---- what it gives

SIMUL_TEST(ToThread, CallsTheFunctionElsewhereAndGivesItsResult)
{
    EXPECT_EQ(co_await to_thread([](int a, std::unique_ptr<int> b) { return a + *b; }, 40, std::make_unique<int>(2)), 42);
    EXPECT_NE(co_await to_thread([] { return std::this_thread::get_id(); }), std::this_thread::get_id());
    EXPECT_EQ(co_await to_thread(system_name), "simul-job");
    int at = 0;
    int& same = co_await to_thread([&]() -> int& { return at; });
    EXPECT_EQ(&same, &at);
    co_await to_thread([&] { at = 1; });
    EXPECT_EQ(at, 1);
    EXPECT_EQ(*co_await to_thread([] { return std::make_unique<int>(3); }), 3);
}

SIMUL_TEST(ToThread, ThrowsWhatTheFunctionThrows)
{
    auto fails = to_thread([] { throw std::runtime_error("broken"); });
    EXPECT_EQ(co_await outcome(fails), "broken");
    auto gives_up = to_thread([] { throw simul::cancelled{}; });
    EXPECT_EQ(co_await outcome(gives_up), "cancelled");
    void (*const none)() = nullptr;
    CO_ASSERT_THROW(static_cast<void>(to_thread(none)), simul::error);
}

SIMUL_TEST(ToThread, LeavesTheLoopFreeWhileVirtualTimeStandsStill)
{
    const auto before = simul::now();
    gate go;
    auto job = to_thread([&] { go.wait(); });
    for (int i = 0; i < 3; ++i)
        co_await simul::yield();
    EXPECT_FALSE(job.done());
    auto tick = simul::spawn(simul::sleep(1s));
    auto opens = simul::spawn([&]() -> task<> {
        co_await simul::yield();
        go.open();
    });
    co_await job;
    EXPECT_EQ(simul::now(), before);
    co_await tick;
    EXPECT_EQ(simul::now(), before + 1s);
    co_await opens;
}

TEST(ToThread, WorksFromAPlainThread)
{
    EXPECT_EQ(to_thread([] { return 7; }).result(), 7);
    EXPECT_THROW(to_thread([] { throw std::runtime_error("broken"); }).result(), std::runtime_error);
}

SIMUL_TEST(ToThread, LetsGoOfWhatTheJobHoldsBeforeItsEndIsTold)
{
    const auto held = std::make_shared<int>(1);
    auto job = to_thread([](const std::shared_ptr<int>&) {}, held);
    co_await job;
    EXPECT_EQ(held.use_count(), 1);
}

SIMUL_TEST(ToThread, ReportsAnErrorThatNobodySaw)
{
    {
        auto job = to_thread([] { throw std::runtime_error("unseen"); });
        while (!job.done())
            co_await simul::yield();
    }
    auto found = simul::testing::problems();
    while (found.empty()) { // whoever lets go last, it is told here
        co_await to_thread([] { std::this_thread::sleep_for(1ms); });
        found = simul::testing::problems();
    }
    CO_ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(simul::describe(found[0].error), "std::runtime_error: unseen");
    EXPECT_EQ(found[0].task.substr(0, 19), "to_thread_test.cpp:");
}

SIMUL_TEST(ToThread, RunsManyAtOnce)
{
    std::atomic<int> sum{0};
    std::vector<simul::future<int>> jobs;
    for (int i = 0; i < 500; ++i)
        jobs.push_back(to_thread(
            [&](int n) {
                sum += n;
                return n;
            },
            i));
    int returned = 0;
    for (auto& each : jobs)
        returned += co_await each;
    EXPECT_EQ(returned, 124'750);
    EXPECT_EQ(sum, 124'750);
}

SIMUL_TEST(ToThread, WaitsForTasksInAJob)
{
    simul::promise<int> told;
    auto job = to_thread([reading = told.get_future()]() mutable {
        return simul::block_on(std::move(reading)) + simul::block_on([]() -> task<int> { co_return 1; });
    });
    told.set_value(41);
    EXPECT_EQ(co_await job, 42);
}

// ---- cancellation

SIMUL_TEST(ToThread, DropsAJobThatHasNotBegun)
{
    const auto held = std::make_shared<int>(1);
    bool ran = false;
    {
        const all_threads_busy busy;
        auto job = to_thread([&](const std::shared_ptr<int>&) { ran = true; }, held);
        auto other = to_thread([&] { ran = true; });
        EXPECT_TRUE(job.cancel());
        EXPECT_FALSE(job.cancel());
        EXPECT_TRUE(job.cancelled());
        EXPECT_EQ(held.use_count(), 1);
        EXPECT_EQ(co_await outcome(job), "cancelled");
        auto waiting = simul::spawn([&]() -> task<> { co_await other; });
        co_await simul::yield();
        waiting.cancel();
        EXPECT_EQ(co_await outcome(waiting), "cancelled");
    }
    EXPECT_FALSE(ran);
}

SIMUL_TEST(ToThread, KeepsWhoIsCancelledUntilARunningJobEnds)
{
    gate begun, go;
    int local = 0; // which the job may use
    auto waiting = simul::spawn([&]() -> task<> {
        local = co_await to_thread([&] {
            begun.open();
            go.wait();
            return 5;
        });
        co_await simul::yield(); // the request comes here
        ADD_FAILURE();
    });
    co_await simul::yield();
    begun.wait();
    waiting.cancel();
    co_await simul::yield();
    EXPECT_FALSE(waiting.done());
    go.open();
    EXPECT_EQ(co_await outcome(waiting), "cancelled");
    EXPECT_EQ(local, 5);
}

SIMUL_TEST(ToThread, CanNotCancelWhatRuns)
{
    gate begun, go;
    auto job = to_thread([&] {
        begun.open();
        go.wait();
    });
    begun.wait();
    EXPECT_FALSE(job.cancel());
    go.open();
    EXPECT_EQ(co_await outcome(job), "a value");
}

SIMUL_TEST(ToThread, IsLeftByAShieldedWaiterAtOnce)
{
    gate begun, go;
    auto job = to_thread([&] {
        begun.open();
        go.wait();
    });
    begun.wait();
    bool late = false;
    try {
        simul::loop::current().call_later(1s, [] {}); // virtual time stands still, so the timeout is asked for by hand
        auto waiting = simul::spawn([&]() -> task<> { co_await simul::shield(job); });
        co_await simul::yield();
        waiting.cancel();
        co_await waiting;
    } catch (const simul::cancelled&) {
        late = true;
    }
    EXPECT_TRUE(late);
    EXPECT_FALSE(job.done());
    go.open();
    co_await job;
}

SIMUL_TEST_REAL(ToThread, TimesOutWhenTheJobHasEnded)
{
    gate begun, go;
    bool ended = false;
    auto job = to_thread([&] {
        begun.open();
        go.wait();
        ended = true;
    });
    begun.wait();
    const auto later = simul::loop::current().call_later(20ms, [&] { go.open(); });
    try {
        co_await simul::timeout(1ms, [](auto& awaited) -> task<> {
            co_await awaited;
            co_await simul::yield(); // the request comes here
        }(job));
        ADD_FAILURE();
    } catch (const simul::timeout_error&) {
    }
    EXPECT_TRUE(ended);
}

TEST(ToThread, MayOutliveItsLoopAndItsFuture)
{
    gate begun, go;
    simul::promise<> ended;
    auto told = ended.get_future();
    simul::run(
        [&]() -> task<> {
            to_thread([&] {
                begun.open();
                go.wait();
                ended.set_value();
            }).detach();
            begun.wait();
            co_return;
        },
        {.backend = simul::backend::sim});
    go.open();
    told.result();
}

TEST(ToThread, MayLoseTheFrameThatWaitsForIt)
{
    gate begun, go;
    simul::promise<> ended;
    auto told = ended.get_future();
    testing::internal::CaptureStderr();
    simul::loop loop({.backend = simul::backend::sim});
    auto waiting = [](auto job) -> task<> { co_await to_thread(job); };
    loop.launch(waiting([&] {
        begun.open();
        go.wait();
        ended.set_value();
    })).detach();
    loop.run_once();
    begun.wait();
    loop.close();
    go.open();
    testing::internal::GetCapturedStderr(); // that a task was pending
    told.result();
}

// ---- task_locals

simul::task_local<std::string> label("-");

SIMUL_TEST(ToThread, SeesTheTaskLocalsOfWhoGaveTheJob)
{
    label.set("a");
    auto job = to_thread([] {
        const std::string inherited = label.get();
        label.set("b");
        return inherited + label.get() + to_thread([] { return label.get(); }).result();
    });
    label.set("c"); // after it was given
    EXPECT_EQ(co_await job, "abb");
    EXPECT_EQ(label.get(), "c");
}

SIMUL_TEST(ToThread, SeesNoTaskLocalsOfTheJobBefore)
{
    co_await to_thread([] { label.set("left behind"); });
    simul::future<std::string> of_a_callback;
    simul::loop::current().call_soon([&] { of_a_callback = to_thread([] { return label.get(); }); });
    co_await simul::yield();
    co_await simul::yield();
    EXPECT_EQ(co_await of_a_callback, "-");
    EXPECT_EQ(co_await to_thread([] { return label.get(); }), "-");
}

SIMUL_TEST(ToThread, LetsTaskLocalsGoWithTheJob)
{
    static simul::task_local<std::shared_ptr<int>> kept;
    const auto value = std::make_shared<int>(1);
    auto job = co_await simul::spawn([](std::shared_ptr<int> v) -> task<simul::future<long>> {
        kept.set(std::move(v));
        co_return to_thread([] { return kept.get().use_count(); });
    }(value));
    EXPECT_GE(co_await job, 2);
    EXPECT_EQ(value.use_count(), 1);
}

// ---- the threads

SIMUL_TEST(ToThread, UsesTheSameThreadAgain)
{
    std::set<std::thread::id> used;
    for (int i = 0; i < 20; ++i) {
        used.insert(co_await to_thread([] { return std::this_thread::get_id(); }));
        co_await to_thread([] { std::this_thread::sleep_for(1ms); }); // it may take a moment to be idle again
    }
    EXPECT_LE(used.size(), 3u);
}

TEST(ToThread, HandlesNoSignals)
{
    sigset_t blocked;
    to_thread([&] { pthread_sigmask(SIG_BLOCK, nullptr, &blocked); }).result();
    EXPECT_TRUE(sigismember(&blocked, SIGTERM));
    sigset_t here;
    pthread_sigmask(SIG_BLOCK, nullptr, &here);
    EXPECT_FALSE(sigismember(&here, SIGTERM));
}

TEST(ToThread, QueuesWhatIsTooMuch)
{
    std::atomic<int> done{0};
    std::vector<simul::future<>> waiting;
    {
        const all_threads_busy busy;
        for (int i = 0; i < 10; ++i)
            waiting.push_back(to_thread([&] { ++done; }));
        std::this_thread::sleep_for(5ms);
        EXPECT_EQ(done, 0);
    }
    for (auto& each : waiting)
        each.result();
    EXPECT_EQ(done, 10);
}

int nested(int depth)
{
    return depth == 0 ? 0 : 1 + to_thread(nested, depth - 1).result();
}

TEST(ToThread, LetsJobsWaitForTheirJobsHoweverDeep)
{
    EXPECT_EQ(to_thread(nested, 100).result(), 100);
}

int job_threads()
{
    int found = 0;
    for (const auto& each : std::filesystem::directory_iterator("/proc/self/task")) {
        std::ifstream in(each.path() / "comm");
        std::string name;
        found += std::getline(in, name) && name == "simul-job";
    }
    return found;
}

TEST(ToThread, DismissesIdleThreads)
{
    to_thread([] {}).result();
    EXPECT_GE(job_threads(), 1);
    for (int tries = 0; job_threads() > 0 && tries < 5000; ++tries) { // it may take a moment to be idle
        simul::detail::dismiss_idle_job_threads();
        std::this_thread::sleep_for(1ms);
    }
    EXPECT_EQ(job_threads(), 0);
    EXPECT_EQ(to_thread([] { return 1; }).result(), 1);
}

TEST(ToThread, WorksInAChildProcess)
{
    if (thread_sanitizer)
        GTEST_SKIP() << no_threads_in_children;
    EXPECT_EQ(to_thread([] { return 1; }).result(), 1);
    EXPECT_EQ(simul_test::outcome_of_child([] { return to_thread([] { return 5; }).result(); }), 5);
}

// ---- the end of the process

TEST(ToThread, LetsTheProcessEndWithIdleThreads)
{
    if (thread_sanitizer)
        GTEST_SKIP() << no_threads_in_children;
    simul::detail::dismiss_idle_job_threads(); // what they hold looks like leaks in the child
    EXPECT_EQ(simul_test::outcome_of_child([] {
                  to_thread([] {}).result();
                  std::exit(3);
                  return 0;
              }),
              3);
}

TEST(ToThread, IsWaitedForByTheEndOfTheProcess)
{
    if (thread_sanitizer)
        GTEST_SKIP() << no_threads_in_children;
    simul::detail::dismiss_idle_job_threads(); // what they hold looks like leaks in the child
    EXPECT_EQ(simul_test::outcome_of_child([] {
                  gate begun;
                  to_thread([&] {
                      begun.open();
                      std::this_thread::sleep_for(20ms);
                      std::_Exit(4);
                  }).detach();
                  begun.wait();
                  std::exit(3);
                  return 0;
              }),
              4);
}

} // namespace
