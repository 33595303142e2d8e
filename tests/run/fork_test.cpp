// SPDX-License-Identifier: MIT
#include "backend_fixture.hpp"
#include "child_process.hpp"

#include <simul/run/loop.hpp>
#include <simul/run/run.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/this_task.hpp>

#include <gtest/gtest.h>

#include <string>
#include <unistd.h>

namespace {

using namespace std::chrono_literals;
using simul::task;
using simul_test::outcome_of_child;

class Fork : public testing::TestWithParam<simul::detail::backend_kind> {
protected:
    simul::backend kind() const { return static_cast<simul::backend>(GetParam()); }
};

INSTANTIATE_TEST_SUITE_P(Backends, Fork, testing::ValuesIn(simul::detail::available_backends(true)),
                         simul::detail::name_of_parameter);

bool is_about_fork(const simul::invalid_state& e)
{
    return std::string(e.what()).find("after fork() make a new one") != std::string::npos;
}

TEST_P(Fork, TellsTheChildThatTheLoopIsItsParentsAndTheParentGoesOn)
{
    simul::run(
        []() -> task<> {
            auto flight = simul::spawn(simul::sleep(2ms));
            co_await simul::yield();
            EXPECT_EQ(7, outcome_of_child([] {
                          int refusals = 0;
                          simul::loop& parents = simul::loop::current();
                          for (const auto& use : {std::function<void()>([&] { parents.call_soon([] {}); }),
                                                  std::function<void()>([&] { parents.call_soon_threadsafe([] {}); }),
                                                  std::function<void()>([&] { parents.watch_readable(0, [] {}); })})
                              try {
                                  use();
                              } catch (const simul::invalid_state& e) {
                                  refusals += is_about_fork(e) ? 1 : 0;
                              }
                          return refusals == 3 ? 7 : refusals;
                      }));
            co_await flight;
            co_await simul::sleep(1ms);
        },
        {.backend = kind()});
}

TEST_P(Fork, ThrowsOutOfRunInAChildThatReturnsToTheLoop)
{
    pid_t child = -1;
    bool refused = false;
    int result = 0;
    std::fflush(nullptr);
    try {
        result = simul::run(
            [&]() -> task<int> {
                co_await simul::yield();
                child = ::fork();
                if (child == 0)
                    ::freopen("/dev/null", "w", stderr); // it tells about the tasks it finds
                co_await simul::sleep(1ms);
                co_return 5;
            },
            {.backend = kind()});
    } catch (const simul::invalid_state& e) {
        refused = is_about_fork(e);
    }
    if (child == 0)
        ::_exit(refused ? 3 : 1);
    int status = 0;
    ASSERT_EQ(child, ::waitpid(child, &status, 0));
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 3);
    EXPECT_EQ(result, 5);
}

TEST_P(Fork, LetsTheChildMakeALoopOfItsOwn)
{
    simul::loop parents({.backend = kind()});
    bool ran = false;
    parents.call_soon([&] { ran = true; });
    EXPECT_EQ(9, outcome_of_child([&] {
                  return simul::run(
                      []() -> task<int> {
                          co_await simul::sleep(1ms);
                          co_return 9;
                      },
                      {.backend = kind()});
              }));
    parents.run_once();
    EXPECT_TRUE(ran);
}

TEST_P(Fork, LetsTheChildCloseItsCopyWithoutTouchingTheParents)
{
    simul::loop parents({.backend = kind()});
    bool fired = false;
    parents.call_later(2ms, [&] {
        fired = true;
        parents.stop();
    });
    EXPECT_EQ(0, outcome_of_child([&] {
                  parents.close();
                  return parents.is_closed() ? 0 : 1;
              }));
    parents.run_forever();
    EXPECT_TRUE(fired);
}

TEST_P(Fork, DoesNotWakeTheParentByASignalOfTheChild)
{
    simul::loop parents({.backend = kind()});
    int calls = 0;
    parents.on_signal(SIGUSR1, [&] { ++calls; });
    EXPECT_EQ(0, outcome_of_child([] { return ::raise(SIGUSR1); }));
    parents.call_soon([] {});
    parents.run_once();
    EXPECT_EQ(calls, 0);
}

} // namespace
