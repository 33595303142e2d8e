// SPDX-License-Identifier: MIT
//
// The task that is running: its clock, its name, its cancellation; and how it gives way.
//
//     co_await simul::sleep(1s);
//     co_await simul::yield();                       // lets everything else that is ready run first
//     if (simul::this_task::cancelling()) ...
//
// Time is the loop's: virtual under tests. A wait never ends early; zero or less gives way once.
#pragma once

#include <simul/base/time.hpp>
#include <simul/detail/promise_base.hpp>
#include <simul/detail/timer.hpp>

#include <chrono>
#include <concepts>
#include <coroutine>
#include <string>
#include <utility>

namespace simul {
namespace detail {

class [[nodiscard("nothing waits until it is awaited: co_await it")]] yield_awaiter final : public leaf {
public:
    yield_awaiter() = default;
    yield_awaiter(yield_awaiter&&) noexcept {} // unstarted, as when handed to `timeout`

    bool await_ready() const noexcept { return false; }
    template <std::derived_from<promise_base> Promise> void await_suspend(std::coroutine_handle<Promise> frame) noexcept
    {
        wait_in(frame.promise());
        settle();
        wake_here();
    }
    void await_resume() const { throw_if_cancelled(); }

    /// It stands in the ready queue already, and has received nothing that could be lost.
    bool cancel() noexcept override { return cancelled_ = true; }
};

class [[nodiscard("nothing waits until it is awaited: co_await it")]] sleep_awaiter final : public leaf, timer {
public:
    explicit sleep_awaiter(time_point until) noexcept { deadline = until; }
    explicit sleep_awaiter(duration wait) noexcept : relative_(true) { deadline = time_point(wait); }
    sleep_awaiter(sleep_awaiter&& unstarted) noexcept : relative_(unstarted.relative_) { deadline = unstarted.deadline; }
    ~sleep_awaiter()
    {
        if (armed()) [[unlikely]]
            disarm();
    }

    bool await_ready() const noexcept { return false; }
    template <std::derived_from<promise_base> Promise> void await_suspend(std::coroutine_handle<Promise> frame) noexcept
    {
        wait(frame.promise());
    }
    void await_resume() const { throw_if_cancelled(); }

    bool cancel() noexcept override;

private:
    void wait(promise_base& frame) noexcept;
    void disarm() noexcept;

    bool relative_ = false; ///< `deadline` holds a duration, until the wait begins
};

} // namespace detail

/// Lets everything that is ready now run first.
inline detail::yield_awaiter yield() noexcept { return {}; }

/// Waits so long. Zero or less gives way once. *Throws:* `error` for a duration that is not a number.
template <class Rep, class Period> detail::sleep_awaiter sleep(std::chrono::duration<Rep, Period> wait)
{
    return detail::sleep_awaiter(to_duration(wait));
}

/// Waits until the loop's clock reads `when`; a moment in the past gives way once.
inline detail::sleep_awaiter sleep_until(time_point when) noexcept { return detail::sleep_awaiter(when); }

/// The loop's clock; outside of a loop, the monotonic one.
time_point now() noexcept;

namespace this_task {

using simul::sleep;
using simul::sleep_until;
using simul::yield;

/// How many requests to cancel this task has got and not taken back. *Throws:* `invalid_state` outside of a task, as all here.
int cancelling();
/// Takes one request back, for code that catches `cancelled` and goes on. Returns what is left.
int uncancel();
/// Asks this very task to cancel: its next wait raises `cancelled`.
void cancel();

/// What dumps and reports call it; the place where it was spawned unless it was named.
std::string name();
void rename(std::string name);

} // namespace this_task
} // namespace simul
