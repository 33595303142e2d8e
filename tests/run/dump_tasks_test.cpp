// SPDX-License-Identifier: MIT
#include <simul/run/dump_tasks.hpp>
#include <simul/run/run.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/this_task.hpp>

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace std::chrono_literals;
using simul::task;

const simul::run_options virtual_time{.backend = simul::backend::sim};

std::string at(unsigned line, const std::string& function)
{
    return "at dump_tasks_test.cpp:" + std::to_string(line) + " in " + function;
}

constexpr unsigned inner_line = __LINE__ + 3;
task<> inner()
{
    co_await simul::sleep(1h);
}

constexpr unsigned outer_line = __LINE__ + 3;
task<> outer()
{
    co_await inner();
}

TEST(DumpTasks, ShowsNameStateAndTheChainOfAwaitsOutermostFirst)
{
    simul::run(
        []() -> task<> {
            simul::this_task::rename("main");
            auto waits = simul::spawn(outer());
            waits.rename("the waiting one");
            co_await simul::yield();
            auto fresh = simul::spawn(outer());
            fresh.rename("the fresh one");
            const std::string tree = simul::dump_tasks();
            EXPECT_EQ(tree, "├── main  running\n"
                            "├── the waiting one  waits\n"
                            "│     " + at(outer_line, "outer") + "\n"
                            "│     " + at(inner_line, "inner") + "\n"
                            "└── the fresh one  ready\n");
        },
        virtual_time);
}

TEST(DumpTasks, NamesATaskByThePlaceWhereItWasSpawned)
{
    simul::run(
        []() -> task<> {
            const unsigned line = __LINE__ + 1;
            auto flight = simul::spawn(inner());
            co_await simul::yield();
            EXPECT_NE(simul::dump_tasks().find("── dump_tasks_test.cpp:" + std::to_string(line) + "  waits\n"),
                      std::string::npos);
        },
        virtual_time);
}

TEST(DumpTasks, ShowsWhichTasksAreBeingCancelled)
{
    simul::run(
        []() -> task<> {
            auto flight = simul::spawn([]() -> task<> {
                try {
                    co_await simul::sleep(1h);
                } catch (const simul::cancelled&) {
                }
                co_await simul::sleep(1s);
            });
            flight.rename("slow to go");
            co_await simul::yield();
            flight.cancel();
            co_await simul::sleep(1ms);
            EXPECT_NE(simul::dump_tasks().find("slow to go  waits (being cancelled)"), std::string::npos);
            co_await flight;
            EXPECT_EQ(simul::dump_tasks().find("slow to go"), std::string::npos);
        },
        virtual_time);
}

TEST(DumpTasks, NeedsALoop)
{
    EXPECT_THROW(static_cast<void>(simul::dump_tasks()), simul::invalid_state);
}

TEST(DumpTasks, HasNothingToShowInALoopWithoutTasks)
{
    simul::loop loop({.backend = simul::backend::sim});
    std::string tree;
    loop.call_soon([&] { tree = simul::dump_tasks(); });
    loop.run_once();
    EXPECT_EQ(tree, "no tasks\n");
}

} // namespace
