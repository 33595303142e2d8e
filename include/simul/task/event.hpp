// SPDX-License-Identifier: MIT
//
// event: has it happened yet?
//
//     simul::event ready;
//     co_await ready.wait();          // in any number of tasks
//     ready.set();                    // lets all of them go on, and all that come later
//
// `set` followed by `clear` at once still lets everybody go on who waited at the time: a pulse. Looking costs a load,
// setting a spin lock.
//
// | word     | meaning                                   | who writes                    |
// |----------|-------------------------------------------|-------------------------------|
// | set_     | it has happened; `waiters_` is empty      | `set`, `clear`, under the lock |
// | waiters_ | those who wait for it                     | all, under its lock           |
#pragma once

#include <simul/detail/promise_base.hpp>
#include <simul/detail/wait_queue.hpp>

#include <atomic>
#include <concepts>
#include <coroutine>

namespace simul {

class event;

namespace detail {

class [[nodiscard("nothing waits until it is awaited: co_await it")]] event_wait final : public waiter {
public:
    explicit event_wait(event& awaited) noexcept : event_(awaited) {}
    event_wait(event_wait&& unstarted) noexcept : event_(unstarted.event_) {}
    ~event_wait() { withdraw(); } // while it is whole: another thread may be serving it

    bool await_ready() const noexcept;
    template <std::derived_from<promise_base> Promise> bool await_suspend(std::coroutine_handle<Promise> frame) noexcept
    {
        return wait(frame.promise());
    }
    void await_resume() { finish_wait("event"); }

private:
    bool wait(promise_base& frame) noexcept;

    event& event_;
};

} // namespace detail

/// *Lifetime:* may be destroyed by whoever has waited for it, and right after `set` where all its waiters are on the same
/// loop. A task that still waits for it then gets `invalid_state`.
/// *Threads:* all of it, from any. What happened before `set` is visible after `wait`.
class event {
public:
    event() noexcept = default;
    event(const event&) = delete;
    event& operator=(const event&) = delete;

    void set() noexcept;
    void clear() noexcept;
    bool is_set() const noexcept { return set_.load(std::memory_order_acquire); } // pairs with the store in set

    /// `co_await` it: returns at once when the event is set, else when it is set next.
    detail::event_wait wait() noexcept { return detail::event_wait(*this); }

private:
    friend detail::event_wait;

    std::atomic<bool> set_{false};
    detail::wait_queue waiters_;
};

inline bool detail::event_wait::await_ready() const noexcept
{
    return event_.is_set();
}

} // namespace simul
