// SPDX-License-Identifier: MIT
//
// condition: wait until something that a mutex guards has changed.
//
//     simul::mutex m;
//     simul::condition changed(m);
//
//     auto held = co_await m.lock();
//     co_await changed.wait(held, [&] { return !jobs.empty(); });     // unlocks while it waits
//     use(jobs.front());                                              // holds the mutex again
//
//     auto held = co_await m.lock();                                  // elsewhere
//     jobs.push_back(job);
//     changed.notify_one();
//
// First come, first served. A notified task is put straight into the mutex's queue, so `notify_all` wakes nobody in vain.
// Whatever ends a wait, cancellation too, it ends with the mutex held again. A task that is cancelled between being
// notified and having the mutex passes the notification on to the next.
//
// | a waiter's stage | stands in             | next                                                                    |
// |------------------|-----------------------|-------------------------------------------------------------------------|
// | asleep           | the condition's queue | notify: notified; cancel, or the condition is destroyed: leaving        |
// | notified         | the mutex's queue     | handed the mutex: wait returns; cancel: leaving, and the next is notified |
// | leaving          | the mutex's queue     | handed the mutex: wait throws                                           |
//
// All of it is guarded by the lock of the mutex's queue.
#pragma once

#include <simul/detail/refuse_null.hpp>
#include <simul/task/mutex.hpp>
#include <simul/task/task.hpp>

#include <concepts>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace simul {

class condition;

namespace detail {

class [[nodiscard("nothing waits until it is awaited: co_await it")]] condition_wait final : public waiter {
public:
    condition_wait(condition& awaited, scoped_lock& held) noexcept;
    condition_wait(condition_wait&& unstarted) noexcept : condition_wait(unstarted.condition_, unstarted.held_) {}
    ~condition_wait();

    bool await_ready() const;
    template <std::derived_from<promise_base> Promise> void await_suspend(std::coroutine_handle<Promise> frame) noexcept
    {
        wait(frame.promise());
    }
    void await_resume();

    bool cancel() noexcept override;

private:
    friend condition;
    enum class stage : std::uint8_t { asleep, notified, leaving };

    void wait(promise_base& frame) noexcept;
    void leave_condition() noexcept;

    condition& condition_;
    mutex& mutex_;
    scoped_lock& held_;
    bool waits_ = false; ///< this thread's own
    stage stage_ = stage::asleep;
};

} // namespace detail

/// *Lifetime:* the mutex outlives it, and it outlives the tasks it has notified until they have the mutex. A task that
/// still waits for it when it is destroyed gets `invalid_state`.
/// *Threads:* all of it, from any.
class condition {
public:
    /// Several conditions may share a mutex.
    explicit condition(mutex& guards) noexcept : mutex_(guards) {}
    condition(const condition&) = delete;
    condition& operator=(const condition&) = delete;
    ~condition();

    /// `co_await` it: unlocks, waits to be notified, locks again. What is waited for may have changed again meanwhile.
    /// *Cancel:* first locks again. *Throws:* `invalid_state` when `held` isn't a lock of this condition's mutex.
    detail::condition_wait wait(scoped_lock& held) noexcept { return {*this, held}; }

    /// As above, until `until()` is true, which is asked with the mutex held; gives what it returned.
    template <std::invocable Predicate>
    task<std::decay_t<std::invoke_result_t<Predicate&>>> wait(scoped_lock& held, Predicate until)
    {
        detail::refuse_null(until);
        check(held);
        for (;;) {
            if (auto wanted = until())
                co_return wanted;
            co_await wait(held);
        }
    }

    /// Lets the first that wait go on, as soon as the mutex is unlocked. *Throws:* `invalid_state` when the mutex isn't
    /// locked, `error` when `count` is negative.
    void notify(std::ptrdiff_t count);
    void notify_one() { notify(1); }
    void notify_all();

private:
    friend detail::condition_wait;

    void check(const scoped_lock& held) const;
    void pass_on() noexcept;

    mutex& mutex_;
    detail::wait_queue asleep_; ///< its own lock isn't used
};

} // namespace simul
