// SPDX-License-Identifier: MIT
#include <simul/base/error.hpp>
#include <simul/task/shared_mutex.hpp>

namespace simul {

void shared_mutex::unlock()
{
    if (!give_back(detail::access::exclusive))
        throw invalid_state("unlock: nobody holds this shared_mutex alone; lock it first, with `auto held = co_await "
                            "m.lock()`, and let `held` unlock it");
}

void shared_mutex::unlock_shared()
{
    if (!give_back(detail::access::shared))
        throw invalid_state("unlock_shared: nobody holds this shared_mutex shared; lock it first, with `auto held = "
                            "co_await m.lock_shared()`, and let `held` unlock it");
}

bool shared_mutex::give_back(detail::access how) noexcept
{
    const detail::guard held(waiters_);
    if (how == detail::access::exclusive) {
        if (!writing_)
            return false;
        writing_ = false;
    } else {
        if (readers_ == 0)
            return false;
        --readers_;
    }
    serve();
    return true;
}

void shared_mutex::grant(detail::access how) noexcept
{
    if (how == detail::access::exclusive)
        writing_ = true;
    else
        ++readers_;
}

bool shared_mutex::take_locked(detail::access how) noexcept
{
    if (!waiters_.empty() || !grantable(how))
        return false;
    grant(how);
    return true;
}

void shared_mutex::serve() noexcept
{
    while (detail::waiter* const first = waiters_.front()) {
        const detail::access how = static_cast<detail::shared_mutex_waiter*>(first)->how_;
        if (!grantable(how))
            return;
        grant(how);
        waiters_.take()->served();
    }
}

namespace detail {

void refuse_unlock_of_nothing()
{
    throw invalid_state("this lock holds no shared_mutex: it was unlocked, detached or moved from, or try_lock failed");
}

bool shared_mutex_waiter::wait(promise_base& frame) noexcept
{
    {
        const guard held(mutex_.waiters_);
        if (mutex_.take_locked(how_))
            return false;
        wait_in(frame);
        mutex_.waiters_.push(*this);
    }
    settle();
    return true;
}

void shared_mutex_waiter::left() noexcept
{
    mutex_.serve(); // a writer that leaves lets the readers behind it go in
}

void shared_mutex_waiter::give_back() noexcept
{
    mutex_.give_back(how_);
}

} // namespace detail
} // namespace simul
