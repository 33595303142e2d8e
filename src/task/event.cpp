// SPDX-License-Identifier: MIT
#include <simul/task/event.hpp>

namespace simul {

void event::set() noexcept
{
    const detail::guard held(waiters_);
    set_.store(true, std::memory_order_release); // pairs with the load in is_set
    waiters_.serve_all();
}

void event::clear() noexcept
{
    const detail::guard held(waiters_);
    set_.store(false, std::memory_order_relaxed);
}

bool detail::event_wait::wait(promise_base& frame) noexcept
{
    {
        const guard held(event_.waiters_);
        if (event_.set_.load(std::memory_order_relaxed))
            return false;
        wait_in(frame);
        event_.waiters_.push(*this);
    }
    settle();
    return true;
}

} // namespace simul
