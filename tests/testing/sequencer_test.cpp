// SPDX-License-Identifier: MIT
#include <simul/testing/gtest.hpp>
#include <simul/testing/sequencer.hpp>

#include <simul/task/spawn.hpp>
#include <simul/task/this_task.hpp>

namespace {

using namespace std::chrono_literals;
using simul::future;
using simul::task;
using simul::testing::sequencer;

task<> take(sequencer& seq, unsigned n, std::vector<unsigned>& order)
{
    co_await seq(n);
    order.push_back(n);
}

SIMUL_SIM_TEST(Sequencer, PutsTheStepsOfTasksInOrder, seeds(50))
{
    sequencer seq;
    std::vector<unsigned> order;
    std::vector<future<>> all;
    for (const unsigned n : {3u, 1u, 4u, 0u, 2u})
        all.push_back(simul::spawn(take(seq, n, order)));
    for (future<>& each : all)
        co_await each;
    EXPECT_EQ(order, (std::vector<unsigned>{0, 1, 2, 3, 4}));
}

SIMUL_SIM_TEST(Sequencer, HoldsTheNextStepUpWhileAStepIsKept, seeds(20))
{
    sequencer seq;
    bool finished = false;
    auto first = simul::spawn([&]() -> task<> {
        const auto step = co_await seq(0);
        co_await simul::sleep(1s);
        finished = true;
    });
    auto second = simul::spawn([&]() -> task<> {
        co_await seq(1);
        EXPECT_TRUE(finished);
    });
    co_await second;
    co_await first;
}

SIMUL_TEST(Sequencer, GivesEachStepOnce)
{
    sequencer seq;
    co_await seq(0);
    CO_ASSERT_THROW(co_await seq(0), simul::invalid_state);
}

SIMUL_TEST(Sequencer, TellsTheOthersThatAStepWasCancelled)
{
    sequencer seq;
    std::vector<unsigned> order;
    auto one = simul::spawn(take(seq, 1, order));
    auto two = simul::spawn(take(seq, 2, order));
    co_await simul::yield();
    one.cancel();
    CO_ASSERT_THROW(co_await one, simul::cancelled);
    CO_ASSERT_THROW(co_await two, simul::invalid_state);
    CO_ASSERT_THROW(co_await seq(3), simul::invalid_state);
    EXPECT_TRUE(order.empty());
}

} // namespace
