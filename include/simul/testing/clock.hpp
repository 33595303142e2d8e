// SPDX-License-Identifier: MIT
//
// The clock of a test.
//
//     EXPECT_EQ(co_await elapsed(say_hello("Robert Paulson")), 2s);
//     co_await wait_all_blocked();           // every other task has got as far as it can without the clock
//     co_await advance(1s);                  // and as far as it can in one second
//
// Virtual time needs no winding: it jumps to the next deadline whenever all tasks wait. These are for tests that look at
// what others do meanwhile.
#pragma once

#include <simul/detail/awaitable.hpp>
#include <simul/task/this_task.hpp>

#include <chrono>
#include <utility>

namespace simul::testing {

/// Returns when every other task waits for something that isn't there yet; the clock stands still meanwhile. Several may
/// wait so at once. Never returns while a task polls with `yield`. *Throws:* `invalid_state` outside of a loop.
task<> wait_all_blocked();

/// Waits so long, and then until all that was due by then is done.
template <class Rep, class Period> task<> advance(std::chrono::duration<Rep, Period> by)
{
    co_await sleep(by);
    co_await wait_all_blocked();
}

/// How long `work` takes, on the loop's clock.
template <simul::detail::awaitable Awaitable> task<duration> elapsed(Awaitable work)
{
    const time_point before = now();
    static_cast<void>(co_await simul::detail::as_task(std::move(work)));
    co_return now() - before;
}

/// Reads the loop's clock from where it was made or restarted.
class stopwatch {
public:
    duration elapsed() const noexcept { return now() - from_; }
    void restart() noexcept { from_ = now(); }

private:
    time_point from_ = now();
};

} // namespace simul::testing
