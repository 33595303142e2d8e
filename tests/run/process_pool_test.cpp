// SPDX-License-Identifier: MIT
#include "child_process.hpp"
#include "process_pool_fixture.hpp"

#include <simul/run/process_pool.hpp>
#include <simul/run/run.hpp>
#include <simul/task/as_completed.hpp>
#include <simul/task/gather.hpp>
#include <simul/task/this_task.hpp>
#include <simul/task/timeout.hpp>
#include <simul/task/wait.hpp>
#include <simul/testing/gtest.hpp>

#include <array>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <map>
#include <numeric>
#include <set>
#include <signal.h>
#include <stdexcept>
#include <sys/resource.h>

namespace {

using namespace std::chrono_literals;
using namespace simul_test;
using simul::process_pool;
using simul::start_method;
using simul::task;

class Processes : public testing::TestWithParam<start_method> {
protected:
    process_pool pool{{.workers = 2, .start = GetParam()}};
};
std::string name_of_method(const testing::TestParamInfo<start_method>& info)
{
    constexpr const char* names[] = {"fork_server", "spawn", "fork"};
    return names[static_cast<int>(info.param)];
}
INSTANTIATE_TEST_SUITE_P(StartMethods, Processes,
                         testing::Values(start_method::fork_server, start_method::spawn, start_method::fork),
                         name_of_method);

int add(int a, int b)
{
    return a + b;
}
int add_quickly(int a, int b) noexcept
{
    return a + b;
}
std::string greet(std::string_view name)
{
    return "hello " + std::string(name);
}

struct page {
    std::string title;
    std::map<std::string, int> words;
    bool operator==(const page&) const = default;
};
page read(page before, const std::string& word)
{
    ++before.words[word];
    return before;
}

TEST_P(Processes, CallFunctionsAndLambdasElsewhere)
{
    EXPECT_EQ(pool.submit(add, 1, 2).result(), 3);
    EXPECT_EQ(pool.submit(&add_quickly, 1, 2).result(), 3);
    EXPECT_EQ(pool.submit([](int n) { return 2 * n; }, 21).result(), 42);
    EXPECT_EQ(pool.submit([](auto a, auto b) { return a + b; }, std::string("to"), std::string("day")).result(),
              "today");
    EXPECT_EQ(pool.submit(std::plus<>(), 1.5, 2).result(), 3.5);
    EXPECT_NE(pool.submit([] { return ::getpid(); }).result(), ::getpid());
    pool.submit([] {}).result();
}

TEST_P(Processes, CarryArgumentsAsTheParametersWantThem)
{
    EXPECT_EQ(pool.submit(greet, "you").result(), "hello you");
    const std::string name = "name";
    EXPECT_EQ(pool.submit(greet, name).result(), "hello name");
    EXPECT_EQ(pool.submit([](const char* text) { return std::string(text); }, "plain").result(), "plain");
    EXPECT_EQ(pool.submit([](double d) { return d; }, 3).result(), 3.0);
    const page before{"Title", {{"a", 1}}};
    EXPECT_EQ(pool.submit(read, before, "a").result(), (page{"Title", {{"a", 2}}}));
    EXPECT_EQ(pool.submit([](std::unique_ptr<int> p) { return *p; }, std::make_unique<int>(5)).result(), 5);
}

TEST_P(Processes, CarryLargeValuesBothWays)
{
    std::vector<int> numbers(1'000'000);
    std::iota(numbers.begin(), numbers.end(), 0);
    EXPECT_EQ(pool.submit(
                      [](std::vector<int> v) {
                          for (int& each : v)
                              each *= 2;
                          return v;
                      },
                      numbers)
                  .result()
                  .back(),
              1'999'998);
    const std::vector<std::string> many(3000, std::string(100, 'x')); // large, but in no part
    EXPECT_EQ(pool.submit([](const std::vector<std::string>& v) { return v; }, many).result(), many);
    EXPECT_EQ(
        pool.submit([](const char* text) { return std::strlen(text); }, std::string(200'000, 'c').c_str()).result(),
        200'000u);
}

TEST_P(Processes, CarryValuesOfEverySizeAcrossTheRingsEnd)
{
    for (std::size_t size = 1; size < 300'000; size = size * 5 / 4 + 1) {
        const std::string sent(size, static_cast<char>('a' + size % 26));
        ASSERT_EQ(pool.submit([](std::string s) { return s; }, sent).result(), sent) << size;
    }
}

TEST_P(Processes, GiveErrorsAsWhatTheyWere)
{
    EXPECT_THROW(pool.submit([]() -> int { throw std::out_of_range("far"); }).result(), std::out_of_range);
    EXPECT_THROW(pool.submit([] { throw simul::timeout_error("late"); }).result(), simul::timeout_error);
    EXPECT_THROW(pool.submit([] { throw simul::cancelled(); }).result(), simul::cancelled);
    try {
        pool.submit([] { throw simul::error::from_errno(ENOENT, "open x"); }).result();
        FAIL();
    } catch (const simul::error& e) {
        EXPECT_EQ(e.code(), std::errc::no_such_file_or_directory);
        EXPECT_STREQ(e.what(), simul::error::from_errno(ENOENT, "open x").what());
    }
    EXPECT_EQ(pool.submit(add, 1, 1).result(), 2);
}

TEST_P(Processes, AreInitialized)
{
    static int initialized = 0;
    process_pool prepared({.workers = 1, .start = GetParam(), .initializer = [] { initialized += 7; }});
    EXPECT_EQ(prepared.submit([] { return initialized; }).result(), 7);
    EXPECT_EQ(initialized, 0);
}

TEST_P(Processes, AreReplacedAfterSoManyTasks)
{
    process_pool often({.workers = 1, .start = GetParam(), .max_tasks_per_worker = 2});
    std::vector<simul::future<int>> jobs;
    for (int i = 0; i < 5; ++i)
        jobs.push_back(often.submit([] { return ::getpid(); }));
    std::map<int, int> jobs_of;
    for (auto& each : jobs)
        ++jobs_of[each.result()];
    std::multiset<int> counts;
    for (const auto& [pid, count] : jobs_of)
        counts.insert(count);
    EXPECT_EQ(counts, (std::multiset<int>{1, 2, 2}));
}

std::string made_before_main = "made before main";

TEST(ProcessPool, RunsNoMainAndHasTheProgramsGlobalObjects)
{
    made_before_main = "changed";
    process_pool pool({.workers = 1});
    EXPECT_EQ(pool.submit([] { return made_before_main; }).result(), "made before main");
    made_before_main = "made before main";
}

TEST(ProcessPool, CopiesThisProcessWhenAskedTo)
{
    static int told = 0;
    told = 5;
    process_pool pool({.workers = 1, .start = start_method::fork});
    EXPECT_EQ(pool.submit([] { return told; }).result(), 5);
    told = 0;
}

TEST(ProcessPool, ReusesAnIdleWorker)
{
    process_pool pool({.workers = 4});
    std::set<int> used;
    for (int i = 0; i < 20; ++i)
        used.insert(pool.submit([] { return ::getpid(); }).result());
    EXPECT_LE(used.size(), 2u); // 1, unless one was replaced... 2 while the first one is still starting
}

TEST(ProcessPool, KnowsItsProcesses)
{
    process_pool pool{{.workers = 1}};
    const int pid = pool.submit([] { return static_cast<int>(::getpid()); }).result();
    while (pool.pids().empty()) // the job was quicker than the news of its worker
        std::this_thread::yield();
    EXPECT_EQ(pool.pids(), std::vector<int>{pid});
    pool.shutdown().result();
    EXPECT_EQ(pool.pids(), std::vector<int>());
}

TEST(ProcessPool, MapsInOrder)
{
    process_pool pool({.workers = 2});
    std::vector<int> inputs(1000);
    std::iota(inputs.begin(), inputs.end(), 0);
    const auto squares = [](int n) { return n * n; };
    std::vector<int> expected;
    for (int each : inputs)
        expected.push_back(each * each);
    EXPECT_EQ(pool.map(squares, inputs).result(), expected);
    EXPECT_EQ(pool.map(squares, inputs, {.chunk = 1}).result(), expected);
    EXPECT_EQ(pool.map(squares, inputs, {.chunk = 7}).result(), expected);
    EXPECT_EQ(pool.map(squares, std::vector<int>()).result(), std::vector<int>());
    EXPECT_EQ(pool.map([](int n) { return n % 2 == 0; }, inputs).result().size(), 1000u);
    EXPECT_EQ(pool.map(greet, std::array{"a", "b"}).result(), (std::vector<std::string>{"hello a", "hello b"}));
    pool.map([](int) {}, inputs).result();
}

TEST(ProcessPool, FailsAMapWithItsFirstError)
{
    process_pool pool({.workers = 2});
    const std::vector<int> inputs{1, 2, 3, 4, 5, 6};
    auto flight = pool.map(
        [](int n) {
            if (n == 3)
                throw std::invalid_argument("three");
            return n;
        },
        inputs, {.chunk = 1});
    EXPECT_THROW(flight.result(), std::invalid_argument);
    EXPECT_EQ(pool.submit(add, 1, 2).result(), 3);
}

TEST(ProcessPool, MapsAHundredThousandInChunks)
{
    process_pool pool({.workers = 4});
    std::vector<int> inputs(100'000, 1);
    const auto results = pool.map([](int n) { return n + 1; }, inputs, {.chunk = 1000}).result();
    EXPECT_EQ(std::accumulate(results.begin(), results.end(), 0L), 200'000);
}

SIMUL_TEST(ProcessPool, IsAwaitedWhileVirtualTimeStandsStill)
{
    const auto before = simul::now();
    {
        process_pool pool({.workers = 1});
        EXPECT_EQ(co_await pool.submit(add, 1, 2), 3);
        auto [a, b] = co_await simul::gather(pool.submit(add, 1, 2), pool.submit(add, 3, 4));
        EXPECT_EQ(a + b, 10);
        // Takes real time, but no virtual one.
        EXPECT_EQ(co_await simul::timeout(1ms, pool.submit([] {
                      std::this_thread::sleep_for(30ms);
                      return 1;
                  })),
                  1);
        co_await pool.shutdown();
    }
    EXPECT_EQ(simul::now(), before);
}

TEST(ProcessPool, ServesALoopAndPlainThreadsAtOnce)
{
    process_pool pool({.workers = 2});
    std::vector<std::thread> threads;
    std::atomic<int> sum = 0;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&] {
            for (int k = 0; k < 100; ++k)
                sum += pool.submit(add, k, 1).result();
        });
    const int awaited = simul::run([](process_pool& p) -> task<int> {
        int total = 0;
        for (int k = 0; k < 100; ++k)
            total += co_await p.submit(add, k, 1);
        co_return total;
    }(pool));
    for (std::thread& each : threads)
        each.join();
    EXPECT_EQ(awaited, 5050);
    EXPECT_EQ(sum, 4 * 5050);
}

TEST(ProcessPool, MixesWithWaitAndAsCompleted)
{
    process_pool pool({.workers = 2});
    std::vector<simul::future<int>> flights;
    for (int i = 0; i < 10; ++i)
        flights.push_back(pool.submit(add, i, 0));
    int sum = 0;
    for (simul::future<int>& each : simul::as_completed(flights))
        sum += each.result();
    EXPECT_EQ(sum, 45);
}

TEST(ProcessPool, RefusesToBlockALoop)
{
    process_pool pool({.workers = 1});
    simul::run([](process_pool& p) -> task<> {
        auto flight = p.submit([] { std::this_thread::sleep_for(20ms); });
        EXPECT_THROW(flight.result(), simul::deadlock_error);
        co_await flight;
    }(pool));
}

// ---- cancelling, limits

TEST(ProcessPool, CancelsAJobThatHasNotBegun)
{
    process_pool pool({.workers = 1});
    gate held;
    auto first = pool.submit(wait_at_gate, held.path());
    auto second = pool.submit(add, 1, 2);
    auto third = pool.submit(add, 3, 4);
    EXPECT_TRUE(second.cancel());
    EXPECT_TRUE(second.cancelled());
    EXPECT_FALSE(second.cancel());
    held.open();
    first.result();
    EXPECT_EQ(third.result(), 7);
}

TEST(ProcessPool, EndsOnlyTheWorkerOfARunningJobThatIsCancelled)
{
    process_pool pool({.workers = 2});
    gate held;
    gate never;
    auto other = pool.submit(wait_at_gate, held.path());
    auto running = pool.submit(wait_at_gate, never.path());
    held.wait_until_reached();
    never.wait_until_reached();
    EXPECT_TRUE(running.cancel());
    EXPECT_THROW(running.result(), simul::cancelled);
    EXPECT_FALSE(other.done());
    held.open();
    other.result();
    EXPECT_EQ(pool.submit(add, 1, 2).result(), 3);
}

TEST(ProcessPool, LosesNoJobBehindACancelledOne)
{
    process_pool pool({.workers = 1});
    gate never;
    auto running = pool.submit(wait_at_gate, never.path());
    std::vector<simul::future<int>> behind;
    for (int i = 0; i < 200; ++i)
        behind.push_back(pool.submit(add, i, 0));
    never.wait_until_reached();
    running.cancel();
    for (int i = 0; i < 200; ++i)
        EXPECT_EQ(behind[static_cast<std::size_t>(i)].result(), i);
    EXPECT_TRUE(running.cancelled());
}

TEST(ProcessPool, CancelsWhatIsDropped)
{
    process_pool pool({.workers = 1});
    gate never;
    {
        auto dropped = pool.submit(wait_at_gate, never.path());
        never.wait_until_reached();
    }
    EXPECT_EQ(pool.submit(add, 1, 2).result(), 3); // there is but one worker
}

TEST(ProcessPool, LetsDetachedJobsEnd)
{
    gate held;
    {
        process_pool pool({.workers = 1});
        pool.submit(wait_at_gate, held.path()).detach();
        held.wait_until_reached();
        held.open();
    }
    EXPECT_TRUE(held.was_passed());
}

TEST(ProcessPool, CancelsAMapAsAWhole)
{
    process_pool pool({.workers = 1});
    gate never;
    auto flight = pool.map(wait_at_gate, std::vector<std::string>(10, never.path()), {.chunk = 1});
    never.wait_until_reached();
    EXPECT_TRUE(flight.cancel());
    EXPECT_THROW(flight.result(), simul::cancelled);
    EXPECT_EQ(pool.submit(add, 1, 2).result(), 3);
}

TEST(ProcessPool, IsCancelledByATimeoutAroundIt)
{
    process_pool pool({.workers = 1});
    gate never;
    simul::run([](process_pool& p, gate& at) -> task<> {
        auto flight = p.submit(wait_at_gate, at.path());
        at.wait_until_reached();
        EXPECT_FALSE((co_await simul::move_on_after(1ms, flight)).has_value());
        EXPECT_EQ(co_await p.submit(add, 1, 2), 3);
    }(pool, never));
}

TEST(ProcessPool, EndsAJobThatTakesTooLong)
{
    process_pool pool({.workers = 1});
    gate never;
    auto flight = pool.submit({.timeout = 50ms}, wait_at_gate, never.path());
    auto behind = pool.submit(add, 1, 2);
    EXPECT_THROW(flight.result(), simul::timeout_error);
    EXPECT_EQ(behind.result(), 3);
    EXPECT_EQ(pool.submit({.timeout = 60s}, add, 1, 2).result(), 3);
}

TEST(ProcessPool, CountsATimeoutFromTheBeginningOfTheJob)
{
    process_pool pool({.workers = 1});
    gate held;
    auto first = pool.submit(wait_at_gate, held.path());
    auto second = pool.submit({.timeout = 5s}, add, 1, 2);
    held.wait_until_reached();
    std::this_thread::sleep_for(20ms);
    held.open();
    EXPECT_EQ(second.result(), 3);
}

TEST(ProcessPool, LimitsTheMemoryOfAWorker)
{
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    GTEST_SKIP() << "their shadow memory would count";
#endif
#endif
    process_pool pool({.workers = 1, .memory_limit = 256u << 20});
    EXPECT_THROW(pool.submit([] { return std::vector<char>(512u << 20, 'x').size(); }).result(), std::bad_alloc);
    EXPECT_EQ(pool.submit([] { return std::vector<char>(1u << 20, 'x').size(); }).result(), 1u << 20);
}

// ---- balance

TEST(ProcessPool, LetsNoJobWaitBehindALongOneWhileAWorkerIsIdle)
{
    process_pool pool({.workers = 2});
    gate held;
    auto lengthy = pool.submit(wait_at_gate, held.path());
    held.wait_until_reached();
    std::vector<simul::future<int>> brief;
    for (int i = 0; i < 500; ++i)
        brief.push_back(pool.submit(add, i, 0));
    for (int i = 0; i < 500; ++i)
        EXPECT_EQ(brief[static_cast<std::size_t>(i)].result(), i);
    EXPECT_FALSE(lengthy.done());
    held.open();
    lengthy.result();
}

TEST(ProcessPool, FindsRoomAgainAfterLargeJobsWereTakenBack)
{
    process_pool pool({.workers = 2});
    gate held;
    auto lengthy = pool.submit(wait_at_gate, held.path());
    held.wait_until_reached();
    const std::string large(60'000, 'x');
    std::vector<simul::future<std::size_t>> flights;
    for (int i = 0; i < 100; ++i)
        flights.push_back(pool.submit([](const std::string& s) { return s.size(); }, large));
    for (auto& each : flights)
        EXPECT_EQ(each.result(), large.size());
    held.open();
    lengthy.result();
    for (int i = 0; i < 20; ++i)
        EXPECT_EQ(pool.submit([](const std::string& s) { return s.size(); }, large).result(), large.size());
}

// ---- shutdown

TEST(ProcessPool, TakesNothingAfterShutdown)
{
    process_pool pool({.workers = 1});
    auto last = pool.submit(add, 1, 2);
    pool.shutdown().result();
    EXPECT_EQ(last.result(), 3);
    EXPECT_THROW(static_cast<void>(pool.submit(add, 1, 2)), simul::closed_error);
    EXPECT_THROW(static_cast<void>(pool.map([](int n) { return n; }, std::array{1, 2})), simul::closed_error);
    pool.shutdown().result();
}

TEST(ProcessPool, CancelsAtShutdownWhatHasNotBegun)
{
    process_pool pool({.workers = 1});
    gate held;
    auto running = pool.submit(wait_at_gate, held.path());
    held.wait_until_reached();
    std::vector<simul::future<int>> waiting;
    for (int i = 0; i < 100; ++i)
        waiting.push_back(pool.submit(add, i, i));
    auto ended = pool.shutdown({.cancel_pending = true});
    for (auto& each : waiting)
        EXPECT_TRUE(each.cancelled());
    EXPECT_FALSE(ended.done());
    held.open();
    running.result();
    ended.result();
    int seen = 0;
    for (auto& each : simul::as_completed(waiting))
        seen += each.cancelled() ? 1 : 0;
    EXPECT_EQ(seen, 100);
}

TEST(ProcessPool, SurvivesSubmitsRacingItsShutdown)
{
    for (int round = 0; round < 5; ++round) {
        process_pool pool({.workers = 2});
        std::atomic<int> accepted = 0;
        std::atomic<int> answered = 0;
        std::thread submits([&] {
            try {
                for (;;) {
                    auto flight = pool.submit(add, 1, 2);
                    ++accepted;
                    answered += flight.result() == 3 ? 1 : 0;
                }
            } catch (const simul::closed_error&) {
            }
        });
        while (accepted < 10)
            std::this_thread::yield();
        pool.shutdown().result();
        submits.join();
        EXPECT_EQ(accepted, answered);
    }
}

TEST(ProcessPool, LeavesNoDescriptorsThreadsOrProcesses)
{
    process_pool({.workers = 1}).submit(add, 1, 2).result();
    const auto before = descriptors();
    std::vector<int> pids;
    {
        process_pool pool({.workers = 3});
        for (int i = 0; i < 10; ++i)
            pids.push_back(pool.submit([] { return ::getpid(); }).result());
        pids.push_back(pool.submit([] { return ::getppid(); }).result());
        EXPECT_EQ(pool.submit([](std::string s) { return s; }, std::string(1'000'000, 'x')).result().size(),
                  1'000'000u);
    }
    EXPECT_EQ(descriptors(), before);
    for (const int each : pids)
        EXPECT_TRUE(has_ended(each)) << each;
    EXPECT_LE(::waitpid(-1, nullptr, WNOHANG), 0); // no zombie
}

TEST(ProcessPool, GivesWorkersNoneOfItsDescriptors)
{
    const int secret = ::open("/dev/null", O_RDONLY); // inheritable
    process_pool pool({.workers = 2});
    const auto count = [] { return descriptors().size(); };
    EXPECT_LE(pool.submit(count).result(), 3u + 4u);
    EXPECT_EQ(pool.submit([] {
                      char byte;
                      return ::read(0, &byte, 1);
                  })
                  .result(),
              0);
    ::close(secret);
}

TEST(ProcessPool, UsesNoTimeWhenIdle)
{
    process_pool pool({.workers = 2});
    pool.submit(add, 1, 2).result();
    std::this_thread::sleep_for(50ms);
    rusage before{};
    rusage after{};
    const auto in_worker = [] {
        rusage now{};
        ::getrusage(RUSAGE_SELF, &now);
        return now.ru_nvcsw + now.ru_nivcsw;
    };
    const long switches = pool.submit(in_worker).result();
    ::getrusage(RUSAGE_SELF, &before);
    std::this_thread::sleep_for(200ms);
    ::getrusage(RUSAGE_SELF, &after);
    EXPECT_LT(pool.submit(in_worker).result() - switches, 20);
    EXPECT_LT((after.ru_nvcsw + after.ru_nivcsw) - (before.ru_nvcsw + before.ru_nivcsw), 20);
}

TEST(ProcessPool, TellsAForkedChildThatItIsItsParents)
{
    process_pool pool({.workers = 1});
    EXPECT_EQ(pool.submit(add, 1, 2).result(), 3);
    EXPECT_EQ(2, outcome_of_child([&] {
                  int refusals = 0;
                  for (const bool shut_down : {false, true})
                      try {
                          shut_down ? static_cast<void>(pool.shutdown()) : static_cast<void>(pool.submit(add, 1, 2));
                      } catch (const simul::invalid_state&) {
                          ++refusals;
                      }
                  return refusals;
              }));
    EXPECT_EQ(pool.submit(add, 1, 2).result(), 3);
}

TEST(ProcessPool, LetsAForkedChildMakeOneOfItsOwnAndDropItsCopy)
{
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
    GTEST_SKIP() << "no threads after a fork of several";
#endif
#endif
    auto pool = std::make_unique<process_pool>(simul::process_pool_options{.workers = 1});
    EXPECT_EQ(5, outcome_of_child([&] {
                  pool.reset();
                  process_pool own({.workers = 1});
                  return own.submit(add, 2, 3).result();
              }));
    EXPECT_EQ(pool->submit(add, 1, 2).result(), 3);
}

TEST(ProcessPool, WorksInsideAWorker)
{
    process_pool pool({.workers = 1});
    EXPECT_EQ(pool.submit([] {
                      process_pool inner({.workers = 1});
                      return inner.submit(add, 20, 22).result();
                  })
                  .result(),
              42);
}

/// Made before main where this variable says so: in the program that the test below starts, and again in each of its
/// servers.
const std::unique_ptr<process_pool> global_pool(std::getenv("SIMUL_TEST_GLOBAL_POOL") ? new process_pool({.workers = 1})
                                                                                      : nullptr);

int ask_global_pool()
{
    return global_pool ? global_pool->submit(add, 1, 2).result() : 0;
}

TEST(ProcessPool, MayBeAGlobalObjectAndUsedInItsOwnWorkers)
{
    if (global_pool)
        ::_exit(global_pool->submit(ask_global_pool).result());
    EXPECT_EQ(3, outcome_of_child([] {
                  ::setenv("SIMUL_TEST_GLOBAL_POOL", "1", 1);
                  return ::execl("/proc/self/exe", "test",
                                 "--gtest_filter=ProcessPool.MayBeAGlobalObjectAndUsedInItsOwnWorkers", nullptr);
              }));
}

TEST(ProcessPool, CallsFunctionsOfSharedObjects)
{
    process_pool pool({.workers = 1});
    const int worker = pool.submit(::getpid).result();
    EXPECT_NE(worker, ::getpid());
    EXPECT_EQ(pool.submit(::getpid).result(), worker);
    EXPECT_EQ(pool.submit([] { return ::getpid(); }).result(), worker);
}

TEST(ProcessPool, NamesItsFutures)
{
    process_pool pool({.workers = 1});
    auto flight = pool.submit([] {});
    EXPECT_NE(flight.name().find("NamesItsFutures"), std::string::npos) << flight.name();
    flight.rename("mine");
    EXPECT_EQ(flight.name(), "mine");
}

TEST(ProcessPool, RefusesANullFunction)
{
    process_pool pool({.workers = 1});
    int (*none)(int, int) = nullptr;
    EXPECT_THROW(static_cast<void>(pool.submit(none, 1, 2)), simul::error);
}

TEST(ProcessPool, GivesOutputBeforeTheResult)
{
    process_pool pool({.workers = 1});
    testing::internal::CaptureStdout();
    process_pool printing({.workers = 1}); // after the capture: workers inherit stdout
    printing.submit([] { std::printf("printed\n"); }).result();
    EXPECT_EQ(testing::internal::GetCapturedStdout(), "printed\n");
}

} // namespace
