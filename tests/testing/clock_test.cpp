// SPDX-License-Identifier: MIT
#include <simul/testing/clock.hpp>
#include <simul/testing/gtest.hpp>

#include "run/loop_parts.hpp"

#include <simul/run/loop.hpp>
#include <simul/task/event.hpp>
#include <simul/task/spawn.hpp>

#include <fcntl.h>
#include <unistd.h>

namespace {

using namespace std::chrono_literals;
using simul::task;
using simul::testing::advance;
using simul::testing::elapsed;
using simul::testing::wait_all_blocked;

task<> count(int& steps, int yields)
{
    for (int i = 0; i < yields; ++i) {
        co_await simul::yield();
        ++steps;
    }
    co_await simul::sleep(1s);
    ++steps;
}

SIMUL_SIM_TEST(WaitAllBlocked, LetsOthersGoAsFarAsTheyCanWithoutTheClock, seeds(20))
{
    int steps = 0;
    const auto before = simul::now();
    auto a = simul::spawn(count(steps, 7));
    auto b = simul::spawn(count(steps, 50));
    co_await wait_all_blocked();
    EXPECT_EQ(steps, 57);
    EXPECT_EQ(simul::now(), before);
    co_await a;
    co_await b;
    EXPECT_EQ(steps, 59);
}

SIMUL_TEST(WaitAllBlocked, ReturnsWhenItIsAlone)
{
    co_await wait_all_blocked();
    co_await wait_all_blocked();
}

SIMUL_SIM_TEST(WaitAllBlocked, MayBeWaitedForBySeveral, seeds(20))
{
    int steps = 0;
    auto other = simul::spawn([]() -> task<> { co_await wait_all_blocked(); });
    auto counting = simul::spawn(count(steps, 5));
    co_await wait_all_blocked();
    EXPECT_EQ(steps, 5);
    co_await other;
    co_await counting;
}

SIMUL_TEST(WaitAllBlocked, CanBeCancelled)
{
    auto waiting = simul::spawn([]() -> task<> { co_await wait_all_blocked(); });
    auto spinning = simul::spawn([]() -> task<> {
        for (;;)
            co_await simul::yield();
    });
    co_await simul::yield();
    waiting.cancel();
    CO_ASSERT_THROW(co_await waiting, simul::cancelled);
    spinning.cancel();
    co_await wait_all_blocked();
    EXPECT_TRUE(spinning.done());
}

/// Operations that end at once, one after the other: each is seen only when the loop asks the system again.
struct reads {
    simul::detail::operation next;
    simul::detail::backend& io;
    int left;

    static void again(simul::detail::operation& op) noexcept
    {
        reads& self = *reinterpret_cast<reads*>(&op);
        if (self.left-- > 0)
            self.io.start(op);
    }
};

SIMUL_TEST(WaitAllBlocked, WaitsForOperationsThatEndAtOnce)
{
    simul::detail::backend& io = *simul::loop::current().internals().io;
    int ends[2];
    CO_ASSERT_EQ(io.make_pipe(ends), 0);
    reads ready{{}, io, 10};
    ready.next.kind = simul::detail::operation_kind::poll;
    ready.next.fd = ends[1];
    ready.next.flags = 4; // POLLOUT
    ready.next.complete = reads::again;
    io.start(ready.next);
    bool called = false;
    simul::loop::current().call_soon([&] { called = true; });
    co_await wait_all_blocked();
    EXPECT_TRUE(called);
    for (const int each : ends)
        io.close_now(each);
    co_await simul::sleep(1s);
    EXPECT_EQ(ready.left, -1);
}

TEST(WaitAllBlocked, IsEachLoopsOwnAndSurvivesTheLoop)
{
    for (int i = 0; i < 2; ++i) {
        simul::loop loop({.backend = simul::backend::sim});
        loop.set_error_handler([](const simul::problem&) {});
        auto waiting = loop.launch([]() -> task<> { co_await wait_all_blocked(); }());
        loop.run_once();
        loop.close();
        EXPECT_THROW(std::move(waiting).result(), simul::closed_error);
    }
    simul::loop one({.backend = simul::backend::sim});
    simul::loop other({.backend = simul::backend::sim});
    auto waiting = one.launch(wait_all_blocked());
    one.run_once();
    other.run_until_complete(wait_all_blocked());
    one.run_until_done(waiting.shared_state());
}

SIMUL_SIM_TEST(Advance, DoesAllThatIsDueByThen, seeds(20))
{
    int done = 0;
    std::vector<simul::future<>> all;
    for (int i = 1; i <= 5; ++i)
        all.push_back(simul::spawn(
            [](int seconds, int& counted) -> task<> {
                co_await simul::sleep(std::chrono::seconds(seconds));
                co_await simul::yield();
                ++counted;
            }(i, done)));
    const auto before = simul::now();
    co_await advance(3s);
    EXPECT_EQ(done, 3);
    EXPECT_EQ(simul::now() - before, 3s);
    co_await advance(1s);
    EXPECT_EQ(done, 4);
}

SIMUL_TEST(Elapsed, IsHowLongSomethingTook)
{
    EXPECT_EQ(co_await elapsed(simul::sleep(90min)), 90min);
    simul::testing::stopwatch watch;
    co_await simul::sleep(2s);
    EXPECT_EQ(watch.elapsed(), 2s);
    watch.restart();
    EXPECT_EQ(watch.elapsed(), 0s);
}

} // namespace
