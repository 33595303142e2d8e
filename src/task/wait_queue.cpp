// SPDX-License-Identifier: MIT
#include <simul/base/assert.hpp>
#include <simul/base/error.hpp>
#include <simul/detail/wait_queue.hpp>

#include <string>

namespace simul::detail {

waiter::~waiter()
{
    if (!queue_)
        return;
    // Its frame is destroyed in the middle of the wait: a loop was closed under it.
    const guard held(*queue_);
    if (queued_) {
        queue_->remove(*this);
        left();
    }
}

bool waiter::cancel() noexcept
{
    if (!queue_)
        return false;
    const guard held(*queue_);
    if (!queued_ || !claim())
        return false;
    queue_->remove(*this);
    left();
    cancelled_ = true;
    wake();
    return true;
}

void waiter::finish_wait(const char* what)
{
    queue_ = nullptr;
    throw_if_cancelled();
    if (abandoned_) [[unlikely]]
        throw invalid_state(std::string("the ") + what + " was destroyed while a task waited for it");
}

wait_queue::~wait_queue()
{
    if (!first_) [[likely]]
        return;
    const guard held(lock_);
    while (waiter* const w = take()) {
        w->abandoned_ = true;
        w->queue_ = nullptr;
        w->served();
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
    waiter* const behind = w.after();
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
