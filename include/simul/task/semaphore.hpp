// SPDX-License-Identifier: MIT
//
// semaphore: so many at a time.
//
//     simul::semaphore slots(8);
//     {
//         const auto slot = co_await slots.acquire();     // one of 8
//         co_await fetch(url);
//     }                                                   // given back
//
// First come, first served: released permits go to the first that waits, and a newcomer can't take them away, nor can one
// that wants few overtake one that wants many. Costs a spin lock to acquire and one to release.
//
// | word     | meaning                                    | invariant                                |
// |----------|--------------------------------------------|------------------------------------------|
// | free_    | permits nobody has                         | 0..limit_; under the queue's lock        |
// | waiters_ | those who want some, in order of arrival   | the first wants more than free_          |
#pragma once

#include <simul/detail/promise_base.hpp>
#include <simul/detail/wait_queue.hpp>

#include <concepts>
#include <coroutine>
#include <cstddef>
#include <limits>
#include <memory>

namespace simul {

class semaphore;

namespace detail {
class semaphore_wait;
}

/// One or more permits of a semaphore, given back at the end of the scope.
class [[nodiscard("dropped at once, it is given back at once: keep it in a variable")]] permit {
public:
    permit() noexcept = default; ///< holds nothing

    explicit operator bool() const noexcept { return from_ != nullptr; }
    /// How many; 0 when it holds nothing.
    std::ptrdiff_t count() const noexcept { return from_ ? from_.get_deleter().count : 0; }
    /// Gives back before the end of the scope. *Throws:* `invalid_state` when it holds nothing (any more).
    void release();
    /// Keeps them taken; somebody will call `semaphore::release`.
    void detach() noexcept { static_cast<void>(from_.release()); }

private:
    friend semaphore;
    friend detail::semaphore_wait;
    struct giver {
        std::ptrdiff_t count;
        void operator()(semaphore* to) const noexcept;
    };

    permit(semaphore& from, std::ptrdiff_t count) noexcept : from_(&from, giver{count}) {}

    std::unique_ptr<semaphore, giver> from_;
};

namespace detail {

class [[nodiscard("nothing is acquired until it is awaited: co_await it")]] semaphore_wait final : public waiter {
public:
    semaphore_wait(semaphore& from, std::ptrdiff_t count) noexcept : from_(from), count_(count) {}
    semaphore_wait(semaphore_wait&& unstarted) noexcept : from_(unstarted.from_), count_(unstarted.count_) {}
    ~semaphore_wait();

    bool await_ready() noexcept;
    template <std::derived_from<promise_base> Promise> bool await_suspend(std::coroutine_handle<Promise> frame) noexcept
    {
        return wait(frame.promise());
    }
    permit await_resume();

    void left() noexcept override;

private:
    friend semaphore;
    bool wait(promise_base& frame) noexcept;

    semaphore& from_;
    std::ptrdiff_t count_;
};

} // namespace detail

struct semaphore_options {
    /// There are never more permits than this: to release one too many is an error.
    std::ptrdiff_t limit = std::numeric_limits<std::ptrdiff_t>::max();
};

/// *Lifetime:* outlives its permits; a task that still waits for it when it is destroyed gets `invalid_state`.
/// *Threads:* all of it, from any.
class semaphore {
public:
    /// *Throws:* `error` when `permits` is negative or above the limit.
    explicit semaphore(std::ptrdiff_t permits, semaphore_options options = {});
    semaphore(const semaphore&) = delete;
    semaphore& operator=(const semaphore&) = delete;

    /// `co_await` it: a `permit` for `count`, all at once. *Cancel:* leaves the queue, holding nothing.
    /// *Throws:* `error` for a count below 1 or above the limit.
    detail::semaphore_wait acquire(std::ptrdiff_t count = 1)
    {
        check_wanted(count);
        return {*this, count};
    }
    /// A `permit` that is false when `acquire` would have to wait.
    permit try_acquire(std::ptrdiff_t count = 1)
    {
        check_wanted(count);
        return take(count) ? permit(*this, count) : permit();
    }
    /// Adds permits; those of a `permit` come back by themselves. *Throws:* `invalid_state` above the limit.
    void release(std::ptrdiff_t count = 1);

    /// How many nobody has.
    std::ptrdiff_t available() const noexcept
    {
        const detail::guard held(waiters_);
        return free_;
    }
    /// Whether `acquire` would have to wait.
    bool locked() const noexcept
    {
        const detail::guard held(waiters_);
        return !grantable(1);
    }

private:
    friend permit;
    friend detail::semaphore_wait;

    void check_wanted(std::ptrdiff_t count) const
    {
        if (count < 1 || count > limit_) [[unlikely]]
            refuse_wanted(count);
    }
    [[noreturn]] void refuse_wanted(std::ptrdiff_t count) const;

    bool take(std::ptrdiff_t count) noexcept
    {
        const detail::guard held(waiters_);
        return take_locked(count);
    }
    void give_back(std::ptrdiff_t count) noexcept
    {
        const detail::guard held(waiters_);
        free_ += count;
        serve();
    }

    // Under the lock.
    bool grantable(std::ptrdiff_t count) const noexcept { return waiters_.empty() && free_ >= count; }
    bool take_locked(std::ptrdiff_t count) noexcept
    {
        if (!grantable(count))
            return false;
        free_ -= count;
        return true;
    }
    void serve() noexcept
    {
        if (!waiters_.empty())
            serve_waiters();
    }
    void serve_waiters() noexcept;

    std::ptrdiff_t free_;
    const std::ptrdiff_t limit_;
    mutable detail::wait_queue waiters_;
};

inline void permit::giver::operator()(semaphore* to) const noexcept
{
    to->give_back(count);
}

inline bool detail::semaphore_wait::await_ready() noexcept
{
    return from_.take(count_);
}

inline permit detail::semaphore_wait::await_resume()
{
    finish_wait("semaphore");
    return {from_, count_};
}

inline detail::semaphore_wait::~semaphore_wait()
{
    if (withdraw()) [[unlikely]]
        from_.give_back(count_);
}

} // namespace simul
