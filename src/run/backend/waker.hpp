// SPDX-License-Identifier: MIT
//
// How other threads and signal handlers end a wait: a word that says whether the loop sleeps, so that a wake of a loop
// that is awake (or was woken already) costs one atomic exchange and no system call.
//
//     word       meaning                                   written by
//     awake      the loop runs, nobody woke it             the loop
//     asleep     the loop is in, or about to enter, sleep  the loop, when it was `awake`
//     woken      a wake the loop has not seen yet          anybody; the loop takes it back to `awake`
//
// Every write is an exchange with acquire and release, so what was done before `wake()` is seen after the wait it ends.
#pragma once

#include <atomic>

namespace simul::detail {

class waker {
public:
    /// For anybody: leaves a wake. True when the loop sleeps and must be roused by the caller.
    bool wake() noexcept { return word_.exchange(woken, std::memory_order_acq_rel) == asleep; }

    /// For the loop, before it sleeps: false when it was woken and must not.
    bool fall_asleep() noexcept
    {
        int expected = awake;
        return word_.compare_exchange_strong(expected, asleep, std::memory_order_acq_rel);
    }

    /// For the loop, after a sleep or instead of one: takes the wake, if there is one.
    bool take() noexcept
    {
        if (word_.load(std::memory_order_relaxed) == awake)
            return false;
        return word_.exchange(awake, std::memory_order_acq_rel) == woken;
    }

    /// For a loop that has nothing else to sleep on: returns when the word is no longer `asleep`.
    void sleep() noexcept { word_.wait(asleep, std::memory_order_acquire); }
    void rouse() noexcept { word_.notify_one(); }

private:
    enum : int { awake, asleep, woken };
    std::atomic<int> word_ = awake;
};

} // namespace simul::detail
