// SPDX-License-Identifier: MIT
#include <simul/testing/problems.hpp>

#include "failures.hpp"

#include <simul/task/spawn.hpp>
#include <simul/task/this_task.hpp>
#include <simul/testing/gtest.hpp>

#include <fcntl.h>
#include <stdexcept>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

using namespace std::chrono_literals;
using failures::failures_of;
using failures::only_failure_of;
using simul::task;
using simul::testing::leak;
using simul::testing::problem_log;
using simul::testing::problems;

task<> fails_after(simul::duration wait)
{
    co_await simul::sleep(wait);
    throw std::runtime_error("no answer");
}

SIMUL_TEST(Problems, ThatATestTakesDoNotFailIt)
{
    simul::spawn(fails_after(1s)).detach();
    co_await simul::sleep(2s);
    const std::vector<simul::problem> taken = problems();
    CO_ASSERT_EQ(taken.size(), 1u);
    EXPECT_EQ(simul::describe(taken[0].error), "std::runtime_error: no answer");
    EXPECT_TRUE(problems().empty());
}

TEST(Problems, ThatAreNotTakenFailTheTestEachWithItsText)
{
    const std::string text = only_failure_of([]() -> task<> {
        simul::spawn(fails_after(1s)).detach();
        simul::spawn(fails_after(2s)).detach();
        co_await simul::sleep(3s);
        EXPECT_EQ(problems().size(), 2u);
        simul::spawn(fails_after(1s)).detach(); // after that: not taken
        co_await simul::sleep(2s);
    });
    EXPECT_NE(text.find("a task failed and nobody asked for its result"), std::string::npos) << text;
    EXPECT_NE(text.find("no answer"), std::string::npos) << text;
}

TEST(Problems, AreNoneOutsideOfATestOfSimul)
{
    EXPECT_TRUE(problems().empty());
}

TEST(ProblemLog, TakesWhatIsReportedToTheLoopsItListensTo)
{
    simul::loop first({.backend = simul::backend::sim});
    simul::loop second({.backend = simul::backend::sim});
    problem_log log;
    log.listen_to(first);
    log.listen_to(second);
    first.report({"one", {}, {}, {}, {}});
    second.report({"two", {}, {}, {}, {}});
    const auto all = log.take();
    ASSERT_EQ(all.size(), 2u);
    EXPECT_EQ(all[0].message, "one");
    EXPECT_EQ(all[1].message, "two");
    EXPECT_TRUE(log.take().empty());
}

TEST(ProblemLog, OfTheInnermostIsWhatProblemsGives)
{
    simul::loop loop({.backend = simul::backend::sim});
    problem_log outer;
    outer.listen_to(loop);
    loop.report({"outer", {}, {}, {}, {}});
    {
        problem_log inner;
        EXPECT_TRUE(problems().empty());
        inner.listen_to(loop);
        loop.report({"inner", {}, {}, {}, {}});
        std::thread([] { EXPECT_TRUE(problems().empty()); }).join(); // each thread has its own
        const auto seen = problems();
        ASSERT_EQ(seen.size(), 1u);
        EXPECT_EQ(seen[0].message, "inner");
        outer.listen_to(loop); // the inner one goes
    }
    const auto seen = problems();
    ASSERT_EQ(seen.size(), 1u);
    EXPECT_EQ(seen[0].message, "outer");
}

TEST(IgnoredLeaks, DoNotFailTheTestAndOthersDo)
{
    static int left = -1;
    const auto leaves_a_descriptor = [](leak ignored) {
        simul::testing::ignore_leaks(ignored);
        left = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    };
    static const auto leaves = leaves_a_descriptor;
    EXPECT_TRUE(failures_of([]() -> task<> { leaves(leak::descriptors | leak::children), co_await simul::yield(); }).empty());
    ::close(left);
    EXPECT_EQ(failures_of([]() -> task<> { leaves(leak::threads | leak::children), co_await simul::yield(); }).size(), 1u);
    ::close(left);
    simul::testing::ignore_leaks(leak::all); // outside of a test of simul: nothing
}

} // namespace
