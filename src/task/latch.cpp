// SPDX-License-Identifier: MIT
#include <simul/base/error.hpp>
#include <simul/task/latch.hpp>

#include <string>

namespace simul {

latch::latch(std::ptrdiff_t count) : left_(count)
{
    if (count < 0)
        throw error(std::errc::invalid_argument,
                    "latch: can't count down from " + std::to_string(count) + "; give 0 or more");
}

void latch::count_down(std::ptrdiff_t by)
{
    if (by < 0)
        throw error(std::errc::invalid_argument,
                    "count_down: can't count down by " + std::to_string(by) + "; give 0 or more");
    std::ptrdiff_t before;
    {
        const detail::guard held(waiters_);
        before = left_.load(std::memory_order_relaxed);
        if (by <= before) {
            left_.store(before - by, std::memory_order_release); // pairs with the load in left
            if (by == before)
                waiters_.serve_all();
            return;
        }
    }
    throw invalid_state("count_down: by " + std::to_string(by) + ", but only " + std::to_string(before) +
                        " is left: the latch was made with too small a count, or somebody arrived twice");
}

bool detail::latch_wait::wait(promise_base& frame) noexcept
{
    {
        const guard held(latch_.waiters_);
        if (latch_.left_.load(std::memory_order_relaxed) == 0)
            return false;
        wait_in(frame);
        latch_.waiters_.push(*this);
    }
    settle();
    return true;
}

} // namespace simul
