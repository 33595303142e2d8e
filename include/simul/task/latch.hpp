// SPDX-License-Identifier: MIT
//
// latch: counts down once; who waits goes on at zero.
//
//     simul::latch started(3);
//     started.count_down();                   // in each of three tasks
//     co_await started.wait();                // until all three have
//
// | word     | meaning                                        | who writes                      |
// |----------|------------------------------------------------|---------------------------------|
// | left_    | what is to be counted down; at 0 for good      | `count_down`, under the lock    |
// | waiters_ | those who wait for 0                           | all, under its lock             |
#pragma once

#include <simul/detail/promise_base.hpp>
#include <simul/detail/wait_queue.hpp>

#include <atomic>
#include <concepts>
#include <coroutine>
#include <cstddef>

namespace simul {

class latch;

namespace detail {

class [[nodiscard("nothing waits until it is awaited: co_await it")]] latch_wait final : public waiter {
public:
    latch_wait(latch& awaited, bool arrives) noexcept : latch_(awaited), arrives_(arrives) {}
    latch_wait(latch_wait&& unstarted) noexcept : latch_(unstarted.latch_), arrives_(unstarted.arrives_) {}
    ~latch_wait() { withdraw(); } // while it is whole: another thread may be serving it

    bool await_ready() const;
    template <std::derived_from<promise_base> Promise> bool await_suspend(std::coroutine_handle<Promise> frame) noexcept
    {
        return wait(frame.promise());
    }
    void await_resume() { finish_wait("latch"); }

private:
    bool wait(promise_base& frame) noexcept;

    latch& latch_;
    const bool arrives_;
};

} // namespace detail

/// *Lifetime:* may be destroyed by whoever has waited for it. A task that still waits for it then gets `invalid_state`.
/// *Threads:* all of it, from any. What happened before a `count_down` is visible after `wait`.
class latch {
public:
    /// *Throws:* `error` when `count` is negative.
    explicit latch(std::ptrdiff_t count);
    latch(const latch&) = delete;
    latch& operator=(const latch&) = delete;

    /// *Throws:* `error` when `by` is negative, `invalid_state` when it is more than what is left.
    void count_down(std::ptrdiff_t by = 1);
    /// Whether it has reached zero.
    bool try_wait() const noexcept { return left() == 0; }
    /// What is left to be counted down.
    std::ptrdiff_t left() const noexcept
    {
        return left_.load(std::memory_order_acquire); // pairs with the store in count_down
    }

    /// `co_await` it: until zero.
    detail::latch_wait wait() noexcept { return {*this, false}; }
    /// `co_await` it: counts down by one, then waits. *Cancel:* the arrival counts all the same.
    detail::latch_wait arrive_and_wait() noexcept { return {*this, true}; }

private:
    friend detail::latch_wait;

    std::atomic<std::ptrdiff_t> left_;
    detail::wait_queue waiters_;
};

inline bool detail::latch_wait::await_ready() const
{
    if (arrives_)
        latch_.count_down();
    return latch_.try_wait();
}

} // namespace simul
