// SPDX-License-Identifier: MIT
#include <simul/detail/spin_lock.hpp>

#include <thread>

namespace simul::detail {

void spin_lock::lock_slowly() noexcept
{
    // The holder needs some nanoseconds, unless it lost its core: then spinning longer only keeps it from coming back.
    constexpr int patience = 64;
    for (int spins = 0;; ++spins) {
        if (!held_.load(std::memory_order_relaxed) && !held_.exchange(true, std::memory_order_acquire))
            return;
        if (spins >= patience)
            std::this_thread::yield();
    }
}

void spin_lock::wait_until_free() noexcept
{
    lock_slowly();
    unlock();
}

} // namespace simul::detail
