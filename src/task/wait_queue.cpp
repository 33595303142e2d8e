// SPDX-License-Identifier: MIT
#include <simul/base/assert.hpp>
#include <simul/base/error.hpp>
#include <simul/detail/executor.hpp>
#include <simul/detail/promise_base.hpp>
#include <simul/detail/wait_queue.hpp>

#include <string>
#include <utility>

namespace simul::detail {

void waiter::served() noexcept
{
    served_ = !abandoned_;
    executor& home = frame().line->home();
    if (executor::current() == &home) {
        // Who serves on the waiter's own thread may destroy the primitive next, long before the waiter runs.
        queue_ = nullptr;
        home.post_here(*this);
    } else {
        home.post(*this);
    }
}

bool waiter::leave() noexcept
{
    if (queue_) {
        const guard held(*queue_);
        if (queued_) {
            queue_->remove(*this);
            left();
        }
    }
    queue_ = nullptr;
    return std::exchange(served_, false);
}

bool waiter::cancel() noexcept
{
    if (cancelled_)
        return true; // one `cancelled` will do for both
    if (!queue_)
        return false;
    {
        const guard held(*queue_);
        if (!queued_ || !claim())
            return false;
        queue_->remove(*this);
        left();
    }
    queue_ = nullptr;
    cancelled_ = true;
    wake();
    return true;
}

void waiter::fail_wait(const char* what)
{
    throw_if_cancelled();
    throw invalid_state(std::string("the ") + what + " was destroyed while a task waited for it");
}

void wait_queue::abandon_waiters() noexcept
{
    while (waiter* const w = first_) {
        remove(*w);
        w->queue_ = nullptr;
        if (w->claim()) {
            w->abandoned_ = true;
            w->served();
        }
    }
}

} // namespace simul::detail
