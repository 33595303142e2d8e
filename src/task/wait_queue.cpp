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
    // Who serves on the waiter's own thread may destroy the primitive next, long before the waiter runs.
    if (executor::current() == &frame().line->home())
        queue_ = nullptr;
    wake();
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

void waiter::end_wait(const char* what)
{
    queue_ = nullptr;
    served_ = false;
    throw_if_cancelled();
    if (abandoned_) [[unlikely]]
        throw invalid_state(std::string("the ") + what + " was destroyed while a task waited for it");
}

wait_queue::~wait_queue()
{
    // Whom it served may destroy it at once, while the other thread is still about to let go of the lock.
    lock_.drain();
    while (waiter* const w = first_) {
        remove(*w);
        w->queue_ = nullptr;
        if (w->claim()) {
            w->abandoned_ = true;
            w->served();
        }
    }
}

void wait_queue::push(waiter& last) noexcept
{
    SIMUL_ASSERT(!last.queued_);
    last.next = nullptr;
    last.queue_ = this;
    last.queued_ = true;
    last.abandoned_ = false;
    if (first_) {
        last.previous_ = first_->previous_;
        first_->previous_->next = &last;
    } else {
        first_ = &last;
    }
    first_->previous_ = &last;
}

void wait_queue::remove(waiter& w) noexcept
{
    SIMUL_ASSERT(w.queued_ && w.queue_ == this);
    w.queued_ = false;
    waiter* const behind = w.behind();
    if (first_ == &w)
        first_ = behind;
    else
        w.previous_->next = behind;
    if (behind)
        behind->previous_ = w.previous_;
    else if (first_)
        first_->previous_ = w.previous_;
}

} // namespace simul::detail
