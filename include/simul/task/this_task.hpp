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

namespace simul {
namespace detail {

class [[nodiscard("co_await it")]] yield_awaiter final : public leaf {
public:
    bool await_ready() const noexcept { return false; }
    template <std::derived_from<promise_base> Promise> void await_suspend(std::coroutine_handle<Promise> frame) noexcept
    {
        wait_in(frame.promise());
        settle();
        wake();
    }
    void await_resume() const { throw_if_cancelled(); }

    bool cancel() noexcept override
    {
        // It is in the ready queue and stays there; it has received nothing that could be lost.
        return !std::exchange(cancelled_, true);
    }
};

class [[nodiscard("co_await it")]] sleep_awaiter final : public leaf {
public:
    explicit sleep_awaiter(time_point until) noexcept : until_(until) {}
    explicit sleep_awaiter(duration wait) noexcept : wait_(wait), relative_(true) {}
    ~sleep_awaiter();
    sleep_awaiter(sleep_awaiter&& unstarted) noexcept
        : until_(unstarted.until_), wait_(unstarted.wait_), relative_(unstarted.relative_)
    {
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
};

} // namespace detail
} // namespace simul
