// SPDX-License-Identifier: MIT
//
// Looking for what comes soon before going to sleep: a wake-up costs ten times what most waits last.
#pragma once

#include <algorithm>
#include <chrono>
#include <thread>

namespace simul::detail {

inline void relax() noexcept
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

/// Looks for so long, without letting go of the core; true as soon as `ready()`.
template <class Ready> bool spin_for(std::chrono::steady_clock::duration limit, Ready&& ready) noexcept
{
    const auto until = std::chrono::steady_clock::now() + limit;
    do {
        if (ready())
            return true;
        relax();
    } while (std::chrono::steady_clock::now() < until);
    return ready();
}

/// Looks for as long as it has paid lately.
class patience {
public:
    /// True as soon as `ready()`; false when it is time to sleep.
    template <class Ready> bool spin_until(Ready&& ready) noexcept
    {
        const auto until = std::chrono::steady_clock::now() + limit_;
        do {
            if (spin_for(a_moment, ready)) {
                limit_ = std::min(2 * limit_, longest);
                return true;
            }
            std::this_thread::yield(); // who is waited for may need this very core
        } while (std::chrono::steady_clock::now() < until);
        limit_ = std::max(limit_ / 2, shortest);
        return false;
    }

private:
    using time = std::chrono::steady_clock::duration;
    static constexpr time a_moment = std::chrono::nanoseconds(100);
    static constexpr time longest = std::chrono::microseconds(50);
    static constexpr time shortest = std::chrono::microseconds(2);

    time limit_ = longest;
};

} // namespace simul::detail
