// SPDX-License-Identifier: MIT
#include <simul/testing/fault.hpp>
#include <simul/testing/gtest.hpp>

#include "failures.hpp"
#include "run/loop_parts.hpp"

#include <simul/run/loop.hpp>
#include <simul/task/this_task.hpp>

#include <cerrno>
#include <poll.h>

namespace {

using simul::task;
namespace fault = simul::testing::fault;

SIMUL_SIM_TEST(FaultPoint, StrikesAQuarterOfTheTimeInASimulation, seeds(3))
{
    int struck = 0;
    for (int i = 0; i < 4000; ++i)
        struck += fault::point("here");
    EXPECT_NEAR(struck, 1000, 150);
    co_return;
}

SIMUL_TEST(FaultPoint, IsQuietInAPlainTest)
{
    for (int i = 0; i < 100; ++i)
        EXPECT_FALSE(fault::point("here"));
    co_return;
}

TEST(FaultPoint, IsQuietOutsideOfLoops)
{
    EXPECT_FALSE(fault::point("here"));
}

std::string struck_in_one_run;

TEST(FaultPoint, DependsOnTheSeedAlone)
{
    const auto body = []() -> task<> {
        for (int i = 0; i < 32; ++i)
            struck_in_one_run += fault::point("here") ? 'X' : '.';
        co_return;
    };
    struck_in_one_run.clear();
    EXPECT_TRUE(failures::failures_of(body, 2).empty());
    const std::string first = std::exchange(struck_in_one_run, "");
    EXPECT_TRUE(failures::failures_of(body, 2).empty());
    EXPECT_EQ(struck_in_one_run, first);
    EXPECT_NE(first.substr(0, 32), first.substr(32));
}

/// Asks for the end of a pipe that can be written to, which can't fail by itself.
int close_a_pipe_end(int fd)
{
    static int result;
    static simul::detail::operation op;
    op = {};
    op.kind = simul::detail::operation_kind::close;
    op.fd = fd;
    op.complete = [](simul::detail::operation& done) noexcept { result = done.result; };
    simul::detail::backend& io = *simul::loop::current().internals().io;
    io.start(op);
    io.dispatch();
    return result;
}

SIMUL_TEST(SystemFaults, StrikeTheOperationThatWasNamed)
{
    simul::detail::backend& io = *simul::loop::current().internals().io;
    int ends[2];
    CO_ASSERT_EQ(io.make_pipe(ends), 0);
    fault::fail(fault::on::close, 2, EIO);
    EXPECT_EQ(close_a_pipe_end(ends[0]), 0);
    EXPECT_EQ(close_a_pipe_end(ends[1]), -EIO);
    EXPECT_EQ(close_a_pipe_end(ends[1]), 0);
}

SIMUL_TEST(SystemFaults, StrikeAtRandom)
{
    simul::detail::backend& io = *simul::loop::current().internals().io;
    int ends[2];
    CO_ASSERT_EQ(io.make_pipe(ends), 0);
    fault::fail_randomly(1.0, {ENOBUFS});
    EXPECT_EQ(close_a_pipe_end(ends[0]), -ENOBUFS);
    fault::fail_randomly(0, {});
    EXPECT_EQ(close_a_pipe_end(ends[0]), 0);
    EXPECT_EQ(close_a_pipe_end(ends[1]), 0);
}

SIMUL_TEST_REAL(SystemFaults, NeedVirtualTime)
{
    CO_ASSERT_THROW(fault::short_transfers(true), simul::invalid_state);
}

} // namespace
