// SPDX-License-Identifier: MIT
//
// The lock inside a primitive that may be shared across threads: held for a few instructions, never across user code.
// In a process that has only one thread it costs a plain store, so one loop touches no atomic read-modify-write.
#pragma once

#include <atomic>
#include <ext/atomicity.h>

namespace simul::detail {

/// False once a second thread was ever started; libstdc++'s shared_ptr relies on the same flag.
inline bool only_thread() noexcept { return __gnu_cxx::__is_single_threaded(); }

class spin_lock {
public:
    void lock() noexcept
    {
        if (only_thread())
            held_.store(true, std::memory_order_relaxed);
        else if (held_.exchange(true, std::memory_order_acquire)) // pairs with the release in unlock
            lock_slowly();
    }
    void unlock() noexcept { held_.store(false, std::memory_order_release); }

    /// Lets the present holder get out, before what the lock is part of is destroyed by somebody whom it served.
    void drain() noexcept
    {
        if (held_.load(std::memory_order_acquire)) [[unlikely]] // pairs with the release in unlock
            wait_until_free();
    }

private:
    void lock_slowly() noexcept;
    void wait_until_free() noexcept;

    std::atomic<bool> held_{false};
};

/// Holds a lock (or anything with `lock` and `unlock`) for a scope.
template <class Lock> class [[nodiscard]] guard {
public:
    explicit guard(Lock& lock) noexcept : lock_(lock) { lock_.lock(); }
    ~guard() { lock_.unlock(); }
    guard(const guard&) = delete;
    guard& operator=(const guard&) = delete;

private:
    Lock& lock_;
};

} // namespace simul::detail
