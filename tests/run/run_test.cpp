// SPDX-License-Identifier: MIT
#include "child_process.hpp"
#include "in_threads.hpp"

#include <simul/run/loop.hpp>
#include <simul/run/run.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/this_task.hpp>

#include <gtest/gtest.h>

#include <csignal>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using simul::task;
using simul_test::outcome_of_child;
using names = std::vector<std::string>;

const simul::run_options virtual_time{.backend = simul::backend::sim};

template <class Body> auto simulate(Body body, simul::run_options options = virtual_time)
{
    options.backend = simul::backend::sim;
    return simul::run(std::move(body), options);
}

/// Collects what the loop that runs here reports.
void collect_problems_in(names& messages)
{
    simul::loop::current().set_error_handler([&messages](const simul::problem& p) {
        messages.push_back(p.error ? p.message + ": " + simul::describe(p.error) : p.message);
    });
}

// ---- results

TEST(Run, GivesTheResultOfMain)
{
    EXPECT_EQ(simul::run([]() -> task<int> { co_return 5; }(), virtual_time), 5);
    EXPECT_EQ(simulate([]() -> task<std::string> { co_return "text"; }), "text");
    const auto owned = simulate([]() -> task<std::unique_ptr<int>> { co_return std::make_unique<int>(3); });
    EXPECT_EQ(*owned, 3);
    simul::run(simul::sleep(1s), virtual_time);
}

TEST(Run, KeepsTheFunctionAsLongAsItRuns)
{
    auto alive = std::make_shared<int>(11);
    const std::weak_ptr<int> watched = alive;
    EXPECT_EQ(simulate([kept = std::move(alive)]() -> task<int> {
                  co_await simul::sleep(1s);
                  co_return *kept;
              }),
              11);
    EXPECT_TRUE(watched.expired());
}

TEST(Run, ThrowsWhatMainThrowsAfterTheOrderlyEnd)
{
    names order;
    try {
        simulate([&]() -> task<> {
            simul::spawn([](names& o) -> task<> {
                try {
                    co_await simul::sleep(1h);
                } catch (const simul::cancelled&) {
                    o.push_back("background cancelled");
                    throw;
                }
            }(order)).detach();
            co_await simul::yield();
            throw std::runtime_error("main failed");
        });
        ADD_FAILURE();
    } catch (const std::runtime_error& e) {
        order.push_back(e.what());
    }
    EXPECT_EQ(order, (names{"background cancelled", "main failed"}));
}

TEST(Run, ThrowsCancelledWhenMainEndsCancelled)
{
    EXPECT_THROW(simulate([]() -> task<> {
                     simul::this_task::cancel();
                     co_await simul::yield();
                 }),
                 simul::cancelled);
}

TEST(Run, MayBeCalledAgainAndAgainAndInManyThreadsAtOnce)
{
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(simulate([]() -> task<int> { co_return 1; }), 1);
    std::vector<std::thread> threads;
    std::atomic<int> sum{0};
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&sum, i] {
            sum += simul::run([i]() -> task<int> {
                co_await simul::sleep(100us);
                co_return i;
            });
        });
    for (std::thread& each : threads)
        each.join();
    EXPECT_EQ(sum, 6);
}

TEST(Run, IsRefusedInsideARunningLoopAndDisturbsNothing)
{
    names problems;
    simulate([&]() -> task<> {
        collect_problems_in(problems);
        testing::internal::CaptureStderr();
        bool refused = false;
        try {
            simul::run([]() -> task<> { co_return; }(), virtual_time);
        } catch (const simul::invalid_state& e) {
            refused = true;
            EXPECT_NE(std::string(e.what()).find("co_await"), std::string::npos);
        }
        EXPECT_TRUE(refused);
        EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
        EXPECT_EQ(&simul::loop::current(), &simul::loop::current());
        co_await simul::sleep(1s);
    });
    EXPECT_EQ(problems, names{});
}

// ---- the end

TEST(Run, CancelsWhatIsLeftAndWaitsForItsCleanUp)
{
    names order;
    simulate([&]() -> task<> {
        simul::spawn([](names& o) -> task<> {
            bool asked = false;
            try {
                co_await simul::sleep(1h);
            } catch (const simul::cancelled&) {
                o.push_back("cancelled");
                asked = true;
            }
            co_await simul::sleep(50ms); // saying good-bye takes its time
            o.push_back("cleaned up");
            if (asked)
                throw simul::cancelled{};
        }(order)).detach();
        co_await simul::yield();
    });
    EXPECT_EQ(order, (names{"cancelled", "cleaned up"}));
}

TEST(Run, NeverBeginsATaskThatWasSpawnedJustBeforeTheEnd)
{
    bool ran = false;
    simulate([&]() -> task<> {
        simul::spawn([](bool& r) -> task<> {
            r = true;
            co_return;
        }(ran)).detach();
        co_return;
    });
    EXPECT_FALSE(ran);
}

TEST(Run, AlsoWaitsForWhatIsStartedDuringTheEnd)
{
    names order;
    simulate([&]() -> task<> {
        simul::spawn([](names& o) -> task<> {
            const auto late = [](names& p) -> task<> {
                p.push_back("late-start");
                bool asked = false;
                try {
                    co_await simul::sleep(10ms);
                } catch (const simul::cancelled&) {
                    asked = true;
                }
                p.push_back("late-end");
                if (asked)
                    throw simul::cancelled{};
            };
            try {
                co_await simul::sleep(1h);
            } catch (const simul::cancelled&) {
                o.push_back("resist");
            }
            simul::spawn(late(o)).detach();
            co_await simul::yield();
        }(order)).detach();
        co_await simul::yield();
    });
    EXPECT_EQ(order, (names{"resist", "late-start", "late-end"}));
}

TEST(Run, ReportsWhatFailsDuringTheEnd)
{
    names problems;
    simulate([&]() -> task<> {
        collect_problems_in(problems);
        simul::spawn([]() -> task<> {
            try {
                co_await simul::sleep(1h);
            } catch (const simul::cancelled&) {
                throw std::runtime_error("in shutdown");
            }
        }).detach();
        co_await simul::yield();
    });
    EXPECT_EQ(problems, (names{"a task failed and nobody asked for its result: std::runtime_error: in shutdown"}));
}

TEST(Run, GivesUpOnATaskThatRefusesToEndAndSaysWhichOne)
{
    for (const bool busy : {false, true}) {
        names problems;
        auto alive = std::make_shared<int>(0);
        const auto begin = simul::clock::now();
        simulate(
            [&]() -> task<> {
                collect_problems_in(problems);
                auto flight = simul::spawn([kept = alive, busy]() -> task<> {
                    for (;;)
                        try {
                            co_await simul::sleep(busy ? 0s : 1h);
                        } catch (const simul::cancelled&) {
                        }
                });
                flight.rename("the stubborn one");
                flight.detach();
                co_await simul::yield();
            },
            {.shutdown_patience = 50ms});
        EXPECT_LT(simul::clock::now() - begin, 10s);
        EXPECT_EQ(problems.size(), 2u);
        if (problems.size() == 2) {
            EXPECT_NE(problems[0].find("did not end when they were cancelled"), std::string::npos);
            EXPECT_NE(problems[0].find("the stubborn one"), std::string::npos);
            EXPECT_EQ(problems[1], "a task was still pending when its loop was closed");
        }
        EXPECT_EQ(alive.use_count(), 1); // its frame is gone
    }
}

// ---- waiting for ever

TEST(Run, ThrowsDeadlockErrorWithTheTreeOfTasksWhenNothingCanHappenAnyMore)
{
    try {
        simulate([]() -> task<> {
            simul::this_task::rename("main task");
            simul::promise<> never_set;
            auto stuck = simul::spawn([](simul::future<> f) -> task<> { co_await f; }(never_set.get_future()));
            stuck.rename("stuck task");
            co_await stuck;
        });
        ADD_FAILURE() << "ended";
    } catch (const simul::deadlock_error& e) {
        const std::string text = e.what();
        EXPECT_NE(text.find("every task waits"), std::string::npos) << text;
        EXPECT_NE(text.find("main task"), std::string::npos) << text;
        EXPECT_NE(text.find("stuck task"), std::string::npos) << text;
        EXPECT_NE(text.find("run_test.cpp"), std::string::npos) << text;
    }
}

TEST(Run, EndsInOrderAfterADeadlock)
{
    names order;
    EXPECT_THROW(simulate([&]() -> task<> {
                     simul::promise<> never_set;
                     auto reader = never_set.get_future();
                     try {
                         co_await reader;
                     } catch (const simul::cancelled&) {
                         order.push_back("cancelled");
                         throw;
                     }
                 }),
                 simul::deadlock_error);
    EXPECT_EQ(order, (names{"cancelled"}));
}

TEST(Run, SurvivesATaskThatAwaitsItself)
{
    EXPECT_THROW(simulate([]() -> task<> {
                     simul::future<> itself;
                     itself = simul::spawn([](simul::future<>& me) -> task<> { co_await me; }(itself));
                     co_await itself;
                 }),
                 simul::deadlock_error);
}

// ---- Ctrl-C, in a child process

int interrupt_self()
{
    return ::kill(::getpid(), SIGINT);
}

TEST(Interrupt, CancelsMainAndEndsTheProcessBySignalAfterTheCleanUp)
{
    int done[2];
    ASSERT_EQ(0, ::pipe(done));
    EXPECT_EQ(-SIGINT, outcome_of_child([&] {
                  simul::run([&]() -> task<> {
                      simul::loop::current().call_later(1ms, [] { interrupt_self(); });
                      simul::spawn([](int fd) -> task<> {
                          try {
                              co_await simul::sleep(1h);
                          } catch (const simul::cancelled&) {
                              EXPECT_EQ(1, ::write(fd, "b", 1));
                              throw;
                          }
                      }(done[1])).detach();
                      try {
                          co_await simul::sleep(1h);
                      } catch (const simul::cancelled&) {
                          EXPECT_EQ(1, ::write(done[1], "m", 1));
                          throw;
                      }
                  });
                  return 1; // not reached: the process ends inside of run
              }));
    char order[3] = {};
    ::close(done[1]);
    EXPECT_EQ(1, ::read(done[0], order, 1));
    EXPECT_EQ(1, ::read(done[0], order + 1, 1));
    ::close(done[0]);
    EXPECT_STREQ(order, "mb");
}

TEST(Interrupt, IsOverWhenMainSwallowsItAndItsValueCounts)
{
    EXPECT_EQ(17, outcome_of_child([] {
                  return simul::run([]() -> task<int> {
                      simul::loop::current().call_soon([] { interrupt_self(); });
                      try {
                          co_await simul::sleep(1h);
                      } catch (const simul::cancelled&) {
                          co_return 17;
                      }
                      co_return 1;
                  });
              }));
}

TEST(Interrupt, EndsTheProcessAtOnceTheSecondTime)
{
    EXPECT_EQ(-SIGINT, outcome_of_child([] {
                  return simul::run([]() -> task<int> {
                      interrupt_self();
                      try {
                          co_await simul::sleep(1h);
                      } catch (const simul::cancelled&) {
                      }
                      interrupt_self();
                      co_await simul::sleep(1h);
                      co_return 1;
                  });
              }));
}

TEST(Interrupt, EndsTheProcessAtOnceTheSecondTimeEvenWhenTheLoopIsStuck)
{
    EXPECT_EQ(-SIGINT, outcome_of_child([] {
                  return simul::run([]() -> task<int> {
                      interrupt_self(); // the loop has no chance to look at it
                      interrupt_self();
                      co_return 1;
                  });
              }));
}

TEST(Interrupt, IsGivenBackAfterRun)
{
    EXPECT_EQ(-SIGINT, outcome_of_child([] {
                  simul::run([]() -> task<> { co_return; });
                  interrupt_self();
                  return 1;
              }));
    EXPECT_EQ(-SIGINT, outcome_of_child([] {
                  for (int i = 0; i < 2; ++i) // and after one that it came in
                      simul::run([]() -> task<> {
                          interrupt_self();
                          try {
                              co_await simul::sleep(1h);
                          } catch (const simul::cancelled&) {
                          }
                      });
                  interrupt_self();
                  return 1;
              }));
}

TEST(Interrupt, BelongsToAHandlerThatTheProgramHasSet)
{
    static volatile std::sig_atomic_t seen = 0;
    EXPECT_EQ(2, outcome_of_child([] {
                  seen = 0;
                  std::signal(SIGINT, [](int) { seen = seen + 1; });
                  simul::run([]() -> task<> {
                      interrupt_self();
                      co_await simul::sleep(1ms);
                      interrupt_self();
                      co_await simul::sleep(1ms);
                  });
                  return static_cast<int>(seen);
              }));
}

TEST(Interrupt, BelongsToTheProgramsOwnOnSignalEachTime)
{
    EXPECT_EQ(3, outcome_of_child([] {
                  return simul::run([]() -> task<int> {
                      int seen = 0;
                      simul::loop::current().on_signal(SIGINT, [&] { ++seen; });
                      for (int i = 0; i < 3; ++i) {
                          interrupt_self();
                          co_await simul::sleep(1ms);
                      }
                      co_return seen;
                  });
              }));
}

TEST(Interrupt, IsLeftAloneByRunInAnotherThreadThanTheMainOne)
{
    if (in_threads::thread_sanitizer)
        GTEST_SKIP() << in_threads::no_threads_in_children;
    EXPECT_EQ(-SIGINT, outcome_of_child([] {
                  std::thread([] {
                      simul::run([]() -> task<> {
                          interrupt_self();
                          co_await simul::sleep(1h);
                      });
                  }).join();
                  return 1;
              }));
}

TEST(Interrupt, CancelsMainWhenItWasPendingBeforeTheLoopBegan)
{
    EXPECT_EQ(-SIGINT, outcome_of_child([] {
                  sigset_t only;
                  sigemptyset(&only);
                  sigaddset(&only, SIGINT);
                  ::pthread_sigmask(SIG_BLOCK, &only, nullptr);
                  interrupt_self();
                  simul::run([]() -> task<> {
                      sigset_t same;
                      sigemptyset(&same);
                      sigaddset(&same, SIGINT);
                      ::pthread_sigmask(SIG_UNBLOCK, &same, nullptr);
                      co_await simul::sleep(1h);
                  });
                  return 1;
              }));
}

} // namespace
