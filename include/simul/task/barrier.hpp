// SPDX-License-Identifier: MIT
//
// barrier: nobody goes on until all have arrived; again and again.
//
//     simul::barrier round(4);
//     for (;;) {
//         work();
//         if (co_await round.wait() == 0)         // its place in the order of arrival: 0..3
//             fmt::print("all are here\n");
//     }
//
// The last to arrive lets the others go on and goes on itself at once; whoever comes next belongs to the next generation.
// A task that is cancelled while it waits leaves: the others wait for another one in its place.
//
// | word     | meaning                                         | invariant                              |
// |----------|-------------------------------------------------|----------------------------------------|
// | here_    | how many wait                                   | below parties_; under the queue's lock |
// | broken_  | aborted, and not reset since                    | here_ is 0 then                        |
// | waiters_ | those who wait, in order of arrival             | here_ of them                          |
#pragma once

#include <simul/base/error.hpp>
#include <simul/detail/promise_base.hpp>
#include <simul/detail/wait_queue.hpp>

#include <concepts>
#include <coroutine>
#include <cstddef>
#include <optional>

namespace simul {

class barrier;

/// The barrier was reset while this task waited, or aborted and not reset since.
class broken_barrier : public invalid_state {
public:
    using invalid_state::invalid_state;
};

namespace detail {

class [[nodiscard("nothing waits until it is awaited: co_await it")]] barrier_wait final : public waiter {
public:
    explicit barrier_wait(barrier& awaited) noexcept : barrier_(awaited) {}
    barrier_wait(barrier_wait&& unstarted) noexcept : barrier_(unstarted.barrier_) {}
    ~barrier_wait() { withdraw(); }

    bool await_ready() noexcept;
    template <std::derived_from<promise_base> Promise> bool await_suspend(std::coroutine_handle<Promise> frame) noexcept
    {
        return wait(frame.promise());
    }
    std::size_t await_resume()
    {
        finish_wait("barrier");
        if (!passes_) [[unlikely]]
            refuse();
        return place_;
    }

    void left() noexcept override;

private:
    friend barrier;
    bool wait(promise_base& frame) noexcept;
    [[noreturn]] void refuse() const;

    barrier& barrier_;
    std::size_t place_ = 0;
    bool passes_ = false;
    bool was_reset_ = false;
};

} // namespace detail

/// *Lifetime:* may be destroyed by whoever has passed it last. A task that still waits for it then gets `invalid_state`.
/// *Threads:* all of it, from any. What happened before anybody's `wait` is visible after everybody's.
class barrier {
public:
    /// *Throws:* `error` when `parties` is below 1.
    explicit barrier(std::ptrdiff_t parties);
    barrier(const barrier&) = delete;
    barrier& operator=(const barrier&) = delete;

    /// `co_await` it: arrives and waits for the others; gives its place in the order of arrival, from 0.
    /// *Cancel:* leaves, as if it had not arrived. *Throws:* `broken_barrier`.
    detail::barrier_wait wait() noexcept { return detail::barrier_wait(*this); }
    /// Arrives only if it is the last to, and so need not wait. *Throws:* `broken_barrier`.
    std::optional<std::size_t> try_wait();

    /// Sends away those who wait, with `broken_barrier`, and begins anew; heals a barrier that was aborted.
    void reset() noexcept;
    /// Sends away those who wait, and all who come, with `broken_barrier`, until it is reset: one of the parties has failed.
    void abort() noexcept;

    std::size_t parties() const noexcept { return parties_; }
    /// How many wait.
    std::size_t waiting() const noexcept
    {
        const detail::guard held(waiters_);
        return here_;
    }
    bool broken() const noexcept
    {
        const detail::guard held(waiters_);
        return broken_;
    }

private:
    friend detail::barrier_wait;

    // Under the lock.
    bool complete() const noexcept { return here_ + 1 == parties_; }
    bool arrive(detail::barrier_wait& comes) noexcept;
    void let_through() noexcept;
    void send_away(bool by_reset) noexcept;

    const std::size_t parties_;
    std::size_t here_ = 0;
    bool broken_ = false;
    mutable detail::wait_queue waiters_;
};

} // namespace simul
