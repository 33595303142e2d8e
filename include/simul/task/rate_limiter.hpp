// SPDX-License-Identifier: MIT
//
// rate_limiter: so many in so much time.
//
//     simul::rate_limiter limit({.rate = 10, .per = 1s, .burst = 1});   // one every 100 ms
//
//     co_await limit.acquire();                                         // waits for its turn
//     co_await fetch(url);
//
// A bucket of tokens: it holds `burst` at most, is full at first, and gets `rate` tokens `per` so long, one after the
// other. `acquire(n)` takes n out. First come, first served: who wants few can't overtake who wants many.
//
// Counts in whole nanoseconds, without rounding: over any time, it lets through what it should and no more. Costs a spin
// lock and a look at the clock; only the first that waits has a timer, on its own loop.
#pragma once

#include <simul/base/time.hpp>
#include <simul/detail/executor.hpp>
#include <simul/detail/promise_base.hpp>
#include <simul/detail/timer.hpp>
#include <simul/detail/wait_queue.hpp>

#include <atomic>
#include <chrono>
#include <concepts>
#include <coroutine>
#include <cstdint>

namespace simul {

class rate_limiter;

struct rate_limit {
    std::uint32_t rate = 1;
    duration per = std::chrono::seconds(1);
    std::uint32_t burst = 0; ///< 0: as much as `rate`
};

namespace detail {

class [[nodiscard("nothing is acquired until it is awaited: co_await it")]] rate_wait final : public waiter, timer {
public:
    rate_wait(rate_limiter& from, std::uint32_t count) noexcept : limiter_(from), count_(count) {}
    rate_wait(rate_wait&& unstarted) noexcept : rate_wait(unstarted.limiter_, unstarted.count_) {}
    ~rate_wait();

    bool await_ready() const noexcept { return false; }
    template <std::derived_from<promise_base> Promise> bool await_suspend(std::coroutine_handle<Promise> frame) noexcept
    {
        return wait(frame.promise());
    }
    void await_resume();

    void left() noexcept override;

private:
    friend rate_limiter;
    class request;

    bool wait(promise_base& frame) noexcept;
    void become_first(time_point due) noexcept;
    void told() noexcept;
    void fired() noexcept;
    void look() noexcept; ///< under the lock
    void end_timer() noexcept;

    rate_limiter& limiter_;
    const std::uint32_t count_;
    std::atomic<bool> listed_{false}; ///< while false, the limiter need not exist any more
    request* request_ = nullptr;      ///< to arm the timer, from another thread; under the lock while queued
};

} // namespace detail

/// *Lifetime:* a task that still waits for it when it is destroyed gets `invalid_state`. *Threads:* all of it, from any.
class rate_limiter {
public:
    /// *Throws:* `error` for a rate of 0 or a time of 0 or less.
    explicit rate_limiter(rate_limit limit);
    ~rate_limiter();
    rate_limiter(const rate_limiter&) = delete;
    rate_limiter& operator=(const rate_limiter&) = delete;

    /// `co_await` it: until `count` tokens were there for it. *Cancel:* has taken nothing; those behind move up.
    /// *Throws:* `error` for more than `burst`, which would never come.
    detail::rate_wait acquire(std::uint32_t count = 1)
    {
        check_wanted(count);
        return {*this, count};
    }
    /// False when `acquire` would have to wait. *Throws:* as `acquire`.
    bool try_acquire(std::uint32_t count = 1);

    /// Whole tokens in the bucket.
    std::uint32_t available() noexcept;

private:
    friend detail::rate_wait;

    // Of a token's worth, a nanosecond adds `rate` parts of `per`: so all is counted in whole numbers.
    __extension__ using parts = unsigned __int128;

    void check_wanted(std::uint32_t count) const;

    // Under the lock.
    void refill(time_point now) noexcept;
    bool take(std::uint32_t count) noexcept;
    void serve(time_point now) noexcept;

    detail::wait_queue waiters_; ///< its lock guards all here
    const std::uint32_t rate_;
    const std::uint32_t burst_;
    const parts token_;
    parts filled_;
    time_point filled_at_ = time_point::min(); ///< until when `filled_` counts what came in
};

} // namespace simul
