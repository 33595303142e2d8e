// SPDX-License-Identifier: MIT
#include <simul/base/error.hpp>
#include <simul/task/mutex.hpp>

namespace simul {

void scoped_lock::unlock()
{
    if (!mutex_)
        throw invalid_state(
            "this scoped_lock holds no mutex: it was unlocked, detached or moved from, or try_lock failed");
    mutex_.reset();
}

void mutex::unlock()
{
    if (!give_back())
        throw invalid_state(
            "unlock: the mutex isn't locked; lock it first, with `auto held = co_await m.lock()`, and let "
            "`held` unlock it");
}

bool detail::mutex_wait::wait(promise_base& frame) noexcept
{
    {
        const guard held(mutex_.waiters_);
        if (mutex_.take_locked())
            return false;
        waited_ = true;
        wait_in(frame);
        mutex_.waiters_.push(*this);
    }
    settle();
    return true;
}

} // namespace simul
