// SPDX-License-Identifier: MIT
#include <simul/testing/gtest.hpp>

#include "failures.hpp"

#include <simul/task/event.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/this_task.hpp>
#include <simul/testing/clock.hpp>
#include <simul/testing/fault.hpp>

#include <fcntl.h>
#include <set>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace std::chrono_literals;
using failures::failures_of;
using failures::only_failure_of;
using failures::run;
using simul::task;
using simul::testing::leak;

bool has(const std::string& text, const std::string& part)
{
    return text.find(part) != std::string::npos;
}

// ---- the macros

SIMUL_TEST(SimulTest, RunsItsBodyInVirtualTime)
{
    const auto really = std::chrono::steady_clock::now();
    const auto before = simul::now();
    co_await simul::sleep(2h);
    EXPECT_EQ(simul::now() - before, 2h);
    EXPECT_LT(std::chrono::steady_clock::now() - really, 1min);
    EXPECT_EQ(simul::loop::current().backend_name(), "sim");
}

TEST(SimulTest, SharesASuiteWithPlainTests)
{
    EXPECT_EQ(simul::executor::current(), nullptr);
}

SIMUL_TEST_REAL(SimulTestReal, RunsOnTheRealClock)
{
    EXPECT_NE(simul::loop::current().backend_name(), "sim");
    const auto really = std::chrono::steady_clock::now();
    co_await simul::sleep(5ms);
    EXPECT_GE(std::chrono::steady_clock::now() - really, 5ms);
}

class AsyncFixture : public ::testing::Test {
protected:
    ~AsyncFixture() override { EXPECT_EQ(log, (std::vector<std::string>{"SetUp", "async_set_up", "body", "async_tear_down", "TearDown"})); }
    void SetUp() override { log.push_back("SetUp"); }
    void TearDown() override { log.push_back("TearDown"); }
    task<> async_set_up()
    {
        co_await simul::sleep(1s);
        log.push_back("async_set_up");
    }
    task<> async_tear_down()
    {
        co_await simul::sleep(1s);
        log.push_back("async_tear_down");
    }

    std::vector<std::string> log;
};

SIMUL_TEST_F(AsyncFixture, IsSetUpAndTornDownOnTheTestsLoop)
{
    log.push_back("body");
    co_return;
}

SIMUL_TEST_F(AsyncFixture, IsTornDownAfterAnAwaitToo)
{
    co_await simul::sleep(1s);
    log.push_back("body");
}

class PlainFixture : public ::testing::Test {
protected:
    int answer = 42;
};
SIMUL_TEST_F(PlainFixture, NeedsNothingAsync)
{
    CO_ASSERT_EQ(answer, 42);
}

class Squares : public simul::testing::TestWithParam<int> {};
SIMUL_TEST_P(Squares, TakeAsManySeconds)
{
    EXPECT_EQ(co_await simul::testing::elapsed(simul::sleep(std::chrono::seconds(GetParam() * GetParam()))),
              std::chrono::seconds(GetParam() * GetParam()));
}
INSTANTIATE_TEST_SUITE_P(Small, Squares, ::testing::Values(1, 2, 3), simul::testing::readable_ids());

TEST(ReadableIds, AreTheValuesAsFarAsGoogleTestAllows)
{
    using simul::testing::readable_id;
    EXPECT_EQ(readable_id("Robert Paulson", 0), "Robert_Paulson");
    EXPECT_EQ(readable_id("x \xc3\x86 a-12", 2), "x_a_12_2");
    EXPECT_EQ(readable_id("", 3), "empty_3");
    EXPECT_EQ(readable_id("19", 4), "19");
    EXPECT_EQ(readable_id("a_b", 5), "a_b_5"); // not that of "a b"
}

std::set<std::string> orders_seen;

task<> append(std::string& order, char who)
{
    order += who;
    co_return;
}

SIMUL_SIM_TEST(SimTest, RunsWhatIsReadyInManyOrders, seeds(30))
{
    std::string order;
    std::vector<simul::future<>> all;
    for (const char each : {'a', 'b', 'c'})
        all.push_back(simul::spawn(append(order, each)));
    for (simul::future<>& each : all)
        co_await each;
    orders_seen.insert(order);
    EXPECT_EQ(order.size(), 3u);
}

// ---- assertions

int reached = 0;

#define EXPECT_ENDS_COROUTINE(assertion)                                                                                 \
    do {                                                                                                                 \
        reached = 0;                                                                                                     \
        const auto failed = failures_of([]() -> task<> {                                                                 \
            co_await simul::yield();                                                                                     \
            reached = 1;                                                                                                 \
            assertion << "told";                                                                                         \
            reached = 2;                                                                                                 \
        });                                                                                                              \
        EXPECT_EQ(reached, 1) << #assertion;                                                                             \
        EXPECT_EQ(failed.size(), 1u) << #assertion;                                                                      \
        EXPECT_TRUE(failed.size() == 1 && has(failed[0], "told")) << #assertion;                                         \
    } while (false)

TEST(CoAssert, EndsTheCoroutineWhenItFails)
{
    EXPECT_ENDS_COROUTINE(CO_ASSERT_EQ(1, 2));
    EXPECT_ENDS_COROUTINE(CO_ASSERT_NE(1, 1));
    EXPECT_ENDS_COROUTINE(CO_ASSERT_LT(1, 1));
    EXPECT_ENDS_COROUTINE(CO_ASSERT_LE(2, 1));
    EXPECT_ENDS_COROUTINE(CO_ASSERT_GT(1, 1));
    EXPECT_ENDS_COROUTINE(CO_ASSERT_GE(1, 2));
    EXPECT_ENDS_COROUTINE(CO_ASSERT_TRUE(reached == 7));
    EXPECT_ENDS_COROUTINE(CO_ASSERT_FALSE(reached == 1));
    EXPECT_ENDS_COROUTINE(CO_ASSERT_THROW(co_await simul::sleep(1s), std::runtime_error));
    EXPECT_ENDS_COROUTINE(CO_ASSERT_THROW(throw 5, std::runtime_error));
    EXPECT_ENDS_COROUTINE(CO_ASSERT_NO_THROW(throw std::runtime_error("no")));
    EXPECT_ENDS_COROUTINE(CO_FAIL());
}

task<int> fails_after(std::chrono::seconds wait)
{
    co_await simul::sleep(wait);
    throw std::runtime_error("no answer");
}

SIMUL_TEST(CoAssert, LetsTheCoroutineGoOnWhenItHolds)
{
    CO_ASSERT_EQ(1, 1);
    CO_ASSERT_NE(1, 2);
    CO_ASSERT_LT(1, 2);
    CO_ASSERT_LE(1, 1);
    CO_ASSERT_GT(2, 1);
    CO_ASSERT_GE(1, 1);
    CO_ASSERT_TRUE(true) << "a message";
    CO_ASSERT_FALSE(false);
    CO_ASSERT_THROW(co_await fails_after(1s), std::runtime_error);
    CO_ASSERT_NO_THROW(co_await simul::sleep(1s));
    if (reached == -1)
        CO_FAIL() << "never";
    else
        reached = 100;
    EXPECT_EQ(reached, 100);
}

TEST(CoSkip, EndsTheTestWithoutAFailure)
{
    reached = 0;
    EXPECT_TRUE(failures_of([]() -> task<> {
                    CO_SKIP() << "not today";
                    reached = 1;
                }).empty());
    EXPECT_EQ(reached, 0);
}

// ---- what makes a test fail

task<int> asks()
{
    co_return co_await fails_after(1s);
}

TEST(AFailingTest, ShowsTheErrorAndTheAwaitsItCrossed)
{
    const std::string text = only_failure_of([]() -> task<> { static_cast<void>(co_await asks()); });
    EXPECT_TRUE(has(text, "std::runtime_error: no answer")) << text;
    EXPECT_TRUE(has(text, "fails_after")) << text;
    EXPECT_TRUE(has(text, "asks")) << text;
    EXPECT_LT(text.find("fails_after"), text.find("asks")) << text;
}

TEST(AFailingTest, IsOneThatEndsCancelled)
{
    EXPECT_TRUE(has(only_failure_of([]() -> task<> {
                        simul::this_task::cancel();
                        co_await simul::yield();
                    }),
                    "the test was cancelled"));
}

TEST(AFailingTest, IsOneThatWaitsForWhatCannotCome)
{
    const std::string text = only_failure_of([]() -> task<> {
        simul::event never_set;
        co_await never_set.wait();
    });
    EXPECT_TRUE(has(text, "deadlock_error")) << text;
    EXPECT_TRUE(has(text, "the test  waits")) << text;
}

TEST(AFailingTest, IsOneWhoseErrorsNobodyLookedAt)
{
    const auto body = []() -> task<> {
        simul::spawn(fails_after(1s)).detach();
        co_await simul::sleep(2s);
    };
    const std::string text = only_failure_of(body);
    EXPECT_TRUE(has(text, "nobody asked for its result")) << text;
    EXPECT_TRUE(has(text, "no answer")) << text;
}

SIMUL_TEST(Leftovers, AreCancelledAndMayCleanUp)
{
    simul::spawn([]() -> task<> { co_await simul::sleep(1h); }).detach();
    co_await simul::yield();
}

TEST(AFailingTest, LeavesATaskThatRefusesToEnd)
{
    const auto body = []() -> task<> {
        simul::spawn([]() -> task<> {
            for (;;) {
                try {
                    co_await simul::sleep(1h);
                } catch (const simul::cancelled&) {
                }
            }
        }).detach();
        co_await simul::yield();
    };
    const std::vector<std::string> texts = failures_of(body);
    ASSERT_EQ(texts.size(), 2u);
    EXPECT_TRUE(has(texts[0], "did not end when they were cancelled")) << texts[0];
    EXPECT_TRUE(has(texts[0], "gtest_test.cpp:")) << texts[0];
}

TEST(AFailingTest, LeavesADescriptorOpen)
{
    static int left = -1;
    const std::string text = only_failure_of([]() -> task<> {
        left = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
        co_return;
    });
    EXPECT_TRUE(has(text, "descriptor " + std::to_string(left) + " (/dev/null)")) << text;
    ::close(left);
}

TEST(AFailingTest, LeavesAThreadRunning)
{
    static std::atomic<bool> done = false;
    static std::thread left;
    done = false;
    const std::string text = only_failure_of([]() -> task<> {
        left = std::thread([] { done.wait(false); });
        co_return;
    });
    EXPECT_TRUE(has(text, "thread ")) << text;
    done = true;
    done.notify_one();
    left.join();
}

TEST(AFailingTest, LeavesAChildProcess)
{
    static pid_t left = 0;
    const std::string text = only_failure_of([]() -> task<> {
        left = ::fork();
        if (left == 0)
            ::_exit(0);
        co_return;
    });
    EXPECT_TRUE(has(text, "child process " + std::to_string(left))) << text;
    ::waitpid(left, nullptr, 0);
}

SIMUL_TEST(Threads, ThatWereJoinedAreNoLeak)
{
    std::thread([] {}).join();
    co_return;
}

TEST(AsyncTearDown, RunsAfterABodyThatFailed)
{
    static bool torn_down = false;
    simul::testing::detail::parts_of_test test{
        nullptr, nullptr, [](void*) -> task<> { co_await simul::sleep(1s); throw 7; },
        [](void*) -> task<> {
            co_await simul::sleep(1s);
            torn_down = true;
        }};
    EXPECT_TRUE(has(only_failure_of(test), "int"));
    EXPECT_TRUE(torn_down);
}

TEST(AsyncSetUp, ThatFailsKeepsTheBodyFromRunning)
{
    static bool ran = false;
    simul::testing::detail::parts_of_test test{nullptr, [](void*) -> task<> { throw 7; co_return; },
                                               [](void*) -> task<> {
                                                   ran = true;
                                                   co_return;
                                               },
                                               nullptr};
    EXPECT_TRUE(has(only_failure_of(test), "async_set_up: int"));
    EXPECT_FALSE(ran);
}

// ---- seeds

std::vector<unsigned> runs;

task<> count_runs()
{
    runs.push_back(0);
    if (runs.size() == 3)
        throw std::runtime_error("bad luck");
    co_return;
}

TEST(Seeds, StopAtTheFirstThatFails)
{
    runs.clear();
    const auto text = only_failure_of(count_runs, 200);
    EXPECT_EQ(runs.size(), 3u);
    EXPECT_TRUE(has(text, "with the seed 3")) << text;
}

/// An environment variable, for a scope.
struct variable {
    variable(const char* n, const char* value) : name(n) { ::setenv(n, value, 1); }
    ~variable() { ::unsetenv(name); }
    const char* name;
};

task<> count_silently()
{
    runs.push_back(0);
    co_return;
}

TEST(Seeds, AreAsManyAsTheEnvironmentSays)
{
    const variable number("SIMUL_TEST_NUM", "7");
    runs.clear();
    EXPECT_TRUE(failures_of(count_silently, 200).empty());
    EXPECT_EQ(runs.size(), 7u);
}

TEST(Seeds, AreOnlyTheOneThatTheEnvironmentNames)
{
    const variable seed("SIMUL_TEST_SEED", "5");
    runs.clear();
    EXPECT_TRUE(failures_of(count_silently, 200).empty());
    EXPECT_EQ(runs.size(), 1u);
}

std::vector<std::uint64_t> drawn;

TEST(Seeds, GiveTheSameRunAgain)
{
    const auto body = []() -> task<> {
        drawn.push_back(simul::loop::current().random());
        co_return;
    };
    drawn.clear();
    EXPECT_TRUE(failures_of(body, 3).empty());
    EXPECT_TRUE(failures_of(body, 3).empty());
    ASSERT_EQ(drawn.size(), 6u);
    EXPECT_NE(drawn[0], drawn[1]);
    EXPECT_TRUE(std::equal(drawn.begin(), drawn.begin() + 3, drawn.begin() + 3));
    const variable seed("SIMUL_TEST_SEED", "2");
    EXPECT_TRUE(failures_of(body, 3).empty());
    EXPECT_EQ(drawn[6], drawn[1]);
}

// ---- what is printed

[[noreturn]] void fail_with_seeds()
{
    run(
        []() -> task<> {
            int visits = 0;
            while (!simul::testing::fault::point("a bad day"))
                CO_ASSERT_LT(++visits, 1000);
            CO_FAIL();
        },
        10);
    std::exit(3);
}

TEST(ReplayDeathTest, ALineSaysHowToRepeatAFailure)
{
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(fail_with_seeds(), ::testing::ExitedWithCode(3),
                "fault \"a bad day\" struck 1 times\n"
                "reproduce: SIMUL_TEST_SEED=1 .*simul_testing_tests "
                "--gtest_filter=ReplayDeathTest.ALineSaysHowToRepeatAFailure");
}

void hang()
{
    const variable limit("SIMUL_TEST_TIME_LIMIT", "0.2");
    run([]() -> task<> {
        for (;;)
            co_await simul::yield();
    });
}

void hang_in_a_system_call()
{
    const variable limit("SIMUL_TEST_TIME_LIMIT", "0.2");
    run([]() -> task<> {
        ::pause();
        co_return;
    });
}

TEST(TimeLimitDeathTest, EndsATestThatHangsAndShowsItsTasks)
{
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(hang(), ::testing::KilledBySignal(SIGABRT),
                "TimeLimitDeathTest.EndsATestThatHangsAndShowsItsTasks is still running after 0.2 s.\n"
                "Its tasks:\n.*the test  waits(.|\n)*gtest_test.cpp(.|\n)*reproduce: ");
}

TEST(TimeLimitDeathTest, SaysWhenTheLoopItselfIsBlocked)
{
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(hang_in_a_system_call(), ::testing::KilledBySignal(SIGABRT), "BLOCKED: (.|\n)*S .sleeping.(.|\n)*reproduce: ");
}

// ---- the loop fixture

using LoopTest = simul::testing::loop_test;

TEST_F(LoopTest, RunsTasksByHandInVirtualTime)
{
    const auto before = loop.now();
    EXPECT_EQ(loop.run_until_complete([]() -> task<int> {
        co_await simul::sleep(1h);
        co_return 42;
    }()),
              42);
    EXPECT_EQ(loop.now() - before, 1h);
}

TEST_F(LoopTest, GivesTheProblemsReported)
{
    loop.call_soon([] { throw std::runtime_error("in a callback"); });
    loop.run_once();
    EXPECT_EQ(simul::testing::problems().size(), 1u);
}

TEST_F(LoopTest, ShutsDownWhatIsLeft)
{
    loop.launch([]() -> task<> { co_await simul::sleep(1h); }()).detach();
    loop.run_once();
}

} // namespace
