// SPDX-License-Identifier: MIT
#include <simul/run/loop.hpp>
#include <simul/run/run.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/this_task.hpp>

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using simul::task;

// Debug mode measures steps in real time, so these tests block for real; for as short as can be told apart.

simul::loop_options looking_for_slow_steps(simul::duration slow)
{
    return {.backend = simul::backend::sim, .debug = true, .slow_step = slow};
}

class DebugMode : public testing::Test {
protected:
    explicit DebugMode(simul::duration slow = 3ms) : loop(looking_for_slow_steps(slow))
    {
        loop.set_error_handler([this](const simul::problem& p) { problems.push_back(p); });
    }
    simul::loop loop;
    std::vector<simul::problem> problems;
};

TEST_F(DebugMode, ReportsASlowStepOfATaskWithItsNameAndItsPlace)
{
    unsigned resumed_at = 0;
    loop.run_until_complete([](unsigned& line) -> task<> {
        simul::this_task::rename("the slow one");
        line = __LINE__ + 1;
        co_await simul::sleep(1h); // virtual: waiting is not slow
        std::this_thread::sleep_for(6ms);
    }(resumed_at));
    ASSERT_EQ(problems.size(), 1u);
    const std::string& text = problems[0].message;
    EXPECT_NE(text.find("ms and kept everything else waiting"), std::string::npos) << text;
    EXPECT_NE(text.find("the slow one"), std::string::npos) << text;
    EXPECT_NE(text.find("debug_test.cpp:" + std::to_string(resumed_at)), std::string::npos) << text;
}

TEST_F(DebugMode, ReportsASlowFirstStepAndASlowCallback)
{
    const unsigned spawned_at = __LINE__ + 1;
    auto flight = loop.launch([]() -> task<> {
        std::this_thread::sleep_for(6ms);
        co_return;
    }());
    loop.run_until_done(flight.shared_state());
    loop.call_soon([] { std::this_thread::sleep_for(6ms); });
    loop.run_once();
    ASSERT_EQ(problems.size(), 2u);
    EXPECT_NE(problems[0].message.find("first step of the task spawned at"), std::string::npos) << problems[0].message;
    EXPECT_NE(problems[0].message.find("debug_test.cpp:" + std::to_string(spawned_at)), std::string::npos)
        << problems[0].message;
    EXPECT_NE(problems[1].message.find("a callback"), std::string::npos) << problems[1].message;
}

class PatientDebugMode : public DebugMode {
protected:
    PatientDebugMode() : DebugMode(10s) {}
};

TEST_F(PatientDebugMode, IsSilentWhileEverythingIsAsItShould)
{
    loop.run_until_complete([]() -> task<> {
        auto flight = simul::spawn(simul::sleep(1h));
        co_await flight;
    }());
    EXPECT_TRUE(problems.empty());
}

TEST_F(PatientDebugMode, ReportsATaskThatWasNeverAwaitedAndItsPlace)
{
    constexpr unsigned line = __LINE__ + 1;
    const auto forgotten = []() -> task<> { co_return; };
    loop.run_until_complete([](auto make) -> task<> {
        static_cast<void>(make());
        co_return;
    }(forgotten));
    ASSERT_EQ(problems.size(), 1u);
    EXPECT_NE(problems[0].message.find("without having been awaited"), std::string::npos);
    ASSERT_EQ(problems[0].awaits.size(), 1u);
    EXPECT_EQ(problems[0].awaits[0].line(), line);
    EXPECT_NE(std::string(problems[0].awaits[0].file_name()).find("debug_test.cpp"), std::string::npos);
}

TEST_F(PatientDebugMode, SaysNothingAboutATaskThatWasCancelledBeforeItBegan)
{
    loop.run_until_complete([]() -> task<> {
        auto flight = simul::spawn([]() -> task<> { co_return; }());
        flight.cancel();
        co_await simul::yield();
        EXPECT_TRUE(flight.cancelled());
    }());
    EXPECT_TRUE(problems.empty());
}

TEST_F(PatientDebugMode, MayBeSwitchedOff)
{
    loop.set_debug(false);
    loop.run_until_complete([]() -> task<> {
        static_cast<void>([]() -> task<> { co_return; }());
        co_return;
    }());
    EXPECT_TRUE(problems.empty());
}

TEST(Debug, TellsWhileTheLoopIsStillBlocked)
{
    simul::loop loop(looking_for_slow_steps(1ms));
    loop.set_error_handler([](const simul::problem&) {});
    testing::internal::CaptureStderr();
    loop.run_until_complete([]() -> task<> {
        simul::this_task::rename("the blocking one");
        co_await simul::yield();
        std::this_thread::sleep_for(60ms);
    }());
    const std::string printed = testing::internal::GetCapturedStderr();
    EXPECT_NE(printed.find("the loop has been blocked for"), std::string::npos) << printed;
    EXPECT_NE(printed.find("the blocking one"), std::string::npos) << printed;
    EXPECT_NE(printed.find("debug_test.cpp:"), std::string::npos) << printed;
}

TEST(Debug, IsSwitchedOnByTheEnvironment)
{
    ASSERT_EQ(0, ::setenv("SIMUL_DEBUG", "1", 1));
    const simul::loop on({.backend = simul::backend::sim});
    ::setenv("SIMUL_DEBUG", "0", 1);
    const simul::loop off({.backend = simul::backend::sim});
    ::unsetenv("SIMUL_DEBUG");
    EXPECT_TRUE(on.debug());
    EXPECT_FALSE(off.debug());
}

} // namespace
