// SPDX-License-Identifier: MIT
#include <simul/base/error.hpp>
#include <simul/task/condition.hpp>

#include <limits>
#include <string>

namespace simul {

condition::~condition()
{
    const detail::guard held(mutex_.waiters_);
    while (detail::waiter* const each = asleep_.front())
        static_cast<detail::condition_wait*>(each)->leave_condition();
}

void condition::notify(std::ptrdiff_t count)
{
    if (count < 0)
        throw error(std::errc::invalid_argument,
                    "notify: can't wake " + std::to_string(count) + " tasks; give 0 or more");
    {
        const detail::guard held(mutex_.waiters_);
        if (mutex_.locked_) {
            for (; count > 0 && !asleep_.empty(); --count)
                pass_on();
            return;
        }
    }
    throw invalid_state(
        "notify: the condition's mutex isn't locked; change what it guards, and notify, while you hold it");
}

void condition::notify_all()
{
    notify(std::numeric_limits<std::ptrdiff_t>::max());
}

void condition::check(const scoped_lock& held) const
{
    if (!held.holds(mutex_))
        throw invalid_state(
            "wait: the scoped_lock doesn't hold the condition's mutex; lock it first, with `auto held = "
            "co_await m.lock()`");
}

/// Notifies the next. Under the lock, and with the mutex locked.
void condition::pass_on() noexcept
{
    if (asleep_.empty())
        return;
    auto& next = static_cast<detail::condition_wait&>(*asleep_.take());
    next.stage_ = detail::condition_wait::stage::notified;
    mutex_.waiters_.push(next);
}

namespace detail {

condition_wait::condition_wait(condition& awaited, scoped_lock& held) noexcept
    : condition_(awaited), mutex_(awaited.mutex_), held_(held)
{
}

condition_wait::~condition_wait()
{
    if (!waits_ || abandoned_)
        return;
    // Its frame is destroyed in the middle of the wait: a loop was closed under it.
    {
        const guard held(mutex_.waiters_);
        if (wait_queue::holds(*this))
            (stage_ == stage::asleep ? condition_.asleep_ : mutex_.waiters_).remove(*this);
        if (stage_ == stage::notified)
            condition_.pass_on();
    }
    forget_queue();
    if (withdraw())
        mutex_.give_back();
}

bool condition_wait::await_ready() const
{
    condition_.check(held_);
    return false;
}

void condition_wait::wait(promise_base& frame) noexcept
{
    waits_ = true;
    held_.detach();
    {
        const guard held(mutex_.waiters_);
        wait_in(frame);
        condition_.asleep_.push(*this);
        mutex_.give_back_locked();
    }
    settle();
}

bool condition_wait::cancel() noexcept
{
    if (cancelled_)
        return true; // one `cancelled` will do for both
    const guard held(mutex_.waiters_);
    if (!wait_queue::holds(*this))
        return false; // it was notified and has the mutex
    cancelled_ = true;
    if (stage_ == stage::asleep) {
        leave_condition();
    } else if (stage_ == stage::notified) {
        stage_ = stage::leaving;
        condition_.pass_on();
    }
    return true;
}

/// Goes without a notification, but not without the mutex. Under the lock.
void condition_wait::leave_condition() noexcept
{
    condition_.asleep_.remove(*this);
    forget_queue();
    stage_ = stage::leaving;
    if (mutex_.take_locked()) {
        mutex_.heir_ = this;
        served();
    } else {
        mutex_.waiters_.push(*this);
    }
}

void condition_wait::await_resume()
{
    waits_ = false;
    if (!abandoned_)
        held_ = mutex_.enter(*this);
    finish_wait("mutex");
    if (stage_ == stage::leaving) [[unlikely]]
        throw invalid_state("the condition was destroyed while a task waited for it");
}

} // namespace detail
} // namespace simul
