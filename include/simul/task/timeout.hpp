// SPDX-License-Identifier: MIT
//
// timeout, deadline, move_on_after: a limit in time.
//
//     page p = co_await simul::timeout(2s, fetch(url));                     // or timeout_error
//     page q = co_await simul::deadline(simul::now() + 2s, fetch(url));
//     std::optional<page> r = co_await simul::move_on_after(2s, fetch(url)); // or nothing
//
// When time is up, the task is cancelled and waited for, clean-up and all. If it has its result all the same, or catches
// `cancelled` and returns one, that is what you get; if it fails on the way out, that error. A task that never waits is
// never late.
//
// *Cancel:* goes to the task, and wins over the timeout.
#pragma once

#include <simul/detail/join.hpp>
#include <simul/detail/timer.hpp>

#include <chrono>
#include <concepts>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

namespace simul {
namespace detail {

/// When time is up, in the form in which it was asked for.
struct time_limit {
    time_point at{};
    duration from_now{};
    bool relative = false;
};

class timed_join : public join, private timer {
public:
    explicit timed_join(time_limit limit) noexcept : limit_(limit) {}
    ~timed_join() { disarm(); }

    bool await_ready() const noexcept { return false; }

protected:
    void arm(promise_base& frame) noexcept;
    void on_end(branch_base&) noexcept override { disarm(); }
    /// Time was up, and nobody else asked the task to end.
    bool expired() const noexcept { return expired_ && !asked_to_end(); }

private:
    void expire() noexcept;
    void disarm() noexcept;

    time_limit limit_;
    bool expired_ = false;
};

template <class T, bool MovesOn> class timeout_awaiter final : public timed_join {
    using optional_result = std::conditional_t<std::is_void_v<T>, bool, std::optional<contained<T>>>;

public:
    timeout_awaiter(task<T>&& work, time_limit limit) noexcept : timed_join(limit), branch_(std::move(work)) {}

    template <std::derived_from<promise_base> Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> frame) noexcept
    {
        wait_in(frame.promise());
        const std::coroutine_handle<> begun = branch_.begin(*this, 0);
        arm(frame.promise());
        settle();
        return begun;
    }
    auto await_resume() -> std::conditional_t<MovesOn, optional_result, T>
    {
        const failure* const error = branch_.error();
        if (error && error->is_cancellation() && expired()) {
            if constexpr (MovesOn)
                return {};
            else
                throw timeout_error();
        }
        pass_on_request();
        if constexpr (!MovesOn) {
            return branch_.take();
        } else if constexpr (std::is_void_v<T>) {
            branch_.take();
            return true;
        } else if constexpr (std::is_reference_v<T>) {
            return &branch_.take();
        } else {
            return branch_.take();
        }
    }

private:
    branch<T> branch_;
};

template <class T, bool MovesOn> class [[nodiscard("nothing starts until it is awaited: co_await it")]] timed_call {
public:
    timed_call(task<T> work, time_limit limit) noexcept : work_(std::move(work)), limit_(limit) {}
    timeout_awaiter<T, MovesOn> operator co_await() && { return {std::move(work_), limit_}; }

private:
    task<T> work_;
    time_limit limit_;
};

template <bool MovesOn, class T> timed_call<T, MovesOn> limited(task<T> work, time_limit limit)
{
    return {std::move(work), limit};
}

} // namespace detail

/// The result of `work`, or `timeout_error` when it takes longer than `limit`.
template <class Rep, class Period, detail::awaitable Awaitable>
auto timeout(std::chrono::duration<Rep, Period> limit, Awaitable&& work)
{
    return detail::limited<false>(detail::as_task(std::forward<Awaitable>(work)), {.from_now = to_duration(limit), .relative = true});
}

/// The same, with a point in time.
template <detail::awaitable Awaitable> auto deadline(time_point limit, Awaitable&& work)
{
    return detail::limited<false>(detail::as_task(std::forward<Awaitable>(work)), {.at = limit});
}

/// The result of `work`, or nothing: an optional, which for a void task is a bool and for a reference holds a pointer.
template <class Rep, class Period, detail::awaitable Awaitable>
auto move_on_after(std::chrono::duration<Rep, Period> limit, Awaitable&& work)
{
    return detail::limited<true>(detail::as_task(std::forward<Awaitable>(work)), {.from_now = to_duration(limit), .relative = true});
}

} // namespace simul
