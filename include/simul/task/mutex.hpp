// SPDX-License-Identifier: MIT
//
// mutex: one task at a time.
//
//     simul::mutex accounts;
//     {
//         const auto held = co_await accounts.lock();
//         co_await transfer(from, to);                    // a lock may be held across an await
//     }                                                   // unlocked
//
// First come, first served: unlocking hands the mutex to the first that waits, so nobody can overtake it, not even who
// unlocks and locks again at once. Not recursive. It is not bound to a task: whoever has the scoped_lock may move it on.
// Costs a spin lock to lock and one to unlock; a wait allocates nothing and blocks no thread.
//
// | word     | meaning                                                    | who writes                  |
// |----------|------------------------------------------------------------|-----------------------------|
// | locked_  | somebody has it, or was handed it and has yet to run       | all, under the queue's lock |
// | heir_    | who was handed it and has yet to run                       | the same                    |
// | waiters_ | those who want it in order of arrival; none unless locked_ | the same                    |
#pragma once

#include <simul/detail/promise_base.hpp>
#include <simul/detail/wait_queue.hpp>

#include <concepts>
#include <coroutine>
#include <memory>
#include <utility>

namespace simul {

class condition;
class mutex;

namespace detail {
class condition_wait;
class mutex_wait;
} // namespace detail

/// Holds a mutex until the end of the scope.
class [[nodiscard("dropped at once, it unlocks at once: keep it in a variable")]] scoped_lock {
public:
    scoped_lock() noexcept = default; ///< holds nothing

    explicit operator bool() const noexcept { return mutex_ != nullptr; }
    bool holds(const mutex& m) const noexcept { return mutex_.get() == &m; }
    /// Unlocks before the end of the scope. *Throws:* `invalid_state` when it holds nothing (any more).
    void unlock();
    /// Leaves the mutex locked; somebody will call `mutex::unlock`.
    void detach() noexcept { static_cast<void>(mutex_.release()); }

private:
    friend mutex;
    friend detail::mutex_wait;
    struct unlocker {
        void operator()(mutex* held) const noexcept;
    };

    explicit scoped_lock(mutex& locked) noexcept : mutex_(&locked) {}

    std::unique_ptr<mutex, unlocker> mutex_;
};

namespace detail {

class [[nodiscard("nothing is locked until it is awaited: co_await it")]] mutex_wait final : public waiter {
public:
    explicit mutex_wait(mutex& wanted) noexcept : mutex_(wanted) {}
    mutex_wait(mutex_wait&& unstarted) noexcept : mutex_(unstarted.mutex_) {}
    ~mutex_wait();

    bool await_ready() noexcept;
    template <std::derived_from<promise_base> Promise> bool await_suspend(std::coroutine_handle<Promise> frame) noexcept
    {
        return wait(frame.promise());
    }
    scoped_lock await_resume();

private:
    bool wait(promise_base& frame) noexcept;

    mutex& mutex_;
    bool waited_ = false;
};

} // namespace detail

/// *Lifetime:* outlives who holds it; a task that still waits for it when it is destroyed gets `invalid_state`.
/// *Threads:* all of it, from any. The std guards (`std::lock_guard`, ...) don't fit: they can't await.
class mutex {
public:
    mutex() noexcept = default;
    ~mutex()
    {
        if (heir_) [[unlikely]]
            detail::wait_queue::disown(*heir_);
    }
    mutex(const mutex&) = delete;
    mutex& operator=(const mutex&) = delete;

    /// `co_await` it: a `scoped_lock`. *Cancel:* leaves the queue, holding nothing.
    detail::mutex_wait lock() noexcept { return detail::mutex_wait(*this); }
    /// A `scoped_lock` that is false when the mutex isn't free.
    scoped_lock try_lock() noexcept { return take() ? scoped_lock(*this) : scoped_lock(); }
    /// For a `scoped_lock` that was detached. *Throws:* `invalid_state` when it isn't locked.
    void unlock();
    bool locked() const noexcept
    {
        const detail::guard held(waiters_);
        return locked_;
    }

private:
    friend scoped_lock;
    friend condition;
    friend detail::mutex_wait;
    friend detail::condition_wait;

    bool take() noexcept
    {
        const detail::guard held(waiters_);
        return take_locked();
    }
    /// False when it wasn't locked.
    bool give_back() noexcept
    {
        const detail::guard held(waiters_);
        return give_back_locked();
    }
    bool take_locked() noexcept { return !std::exchange(locked_, true); }
    bool give_back_locked() noexcept
    {
        heir_ = waiters_.take();
        if (!heir_)
            return std::exchange(locked_, false);
        heir_->served();
        return true;
    }
    scoped_lock enter(const detail::waiter& heir) noexcept
    {
        const detail::guard held(waiters_);
        if (heir_ == &heir) // else it was unlocked by somebody else, and has another heir
            heir_ = nullptr;
        return scoped_lock(*this);
    }

    bool locked_ = false;
    detail::waiter* heir_ = nullptr;
    mutable detail::wait_queue waiters_;
};

inline void scoped_lock::unlocker::operator()(mutex* held) const noexcept
{
    held->give_back();
}

inline bool detail::mutex_wait::await_ready() noexcept
{
    return mutex_.take();
}

inline scoped_lock detail::mutex_wait::await_resume()
{
    if (!waited_)
        return scoped_lock(mutex_);
    finish_wait("mutex");
    return mutex_.enter(*this);
}

inline detail::mutex_wait::~mutex_wait()
{
    if (withdraw()) [[unlikely]]
        mutex_.give_back();
}

} // namespace simul
