// SPDX-License-Identifier: MIT
//
// All timers of one loop: a hierarchical wheel with exact deadlines, first in first out among equal ones.
//
// Time is counted in ticks of 2^10 ns (1 us), a tick in nine digits of six bits: all of a time_point. A timer waits
// in the bucket [level][slot] where `level` is the highest digit in which its tick differs from the current one, and
// `slot` that digit. So what stands on a lower level is due earlier, two bit scans find the first bucket, and a timer
// moves down at most once per level. Only timers of the current tick are ordered among themselves, in a small heap.
//
// Adding and removing cost a few ns however many timers there are, and a jump over years no more than the timers met
// on the way.
#pragma once

#include "timer_heap.hpp"

#include <simul/detail/timer.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace simul::detail {

class timer_queue {
public:
    timer_queue() = default;
    timer_queue(const timer_queue&) = delete;
    timer_queue& operator=(const timer_queue&) = delete;

    /// Arms `t` for `t.deadline` (the past is allowed: due at once).
    void add(timer& t) noexcept;
    /// Disarms an armed timer; releases at once.
    void remove(timer& t) noexcept;

    bool empty() const noexcept { return size_ == 0; }
    std::size_t size() const noexcept { return size_; }

    /// No timer is due before this; exact enough that a loop which sleeps until then wakes at most once for nothing per
    /// timer. `never` when empty.
    time_point next_deadline() const noexcept;

    /// Takes out, in order of (deadline, arming), the next timer due at `now`; null when there is none.
    timer* take_due(time_point now) noexcept;

private:
    static constexpr unsigned tick_bits = 10;
    static constexpr unsigned digit_bits = 6;
    static constexpr unsigned slots = 1u << digit_bits;
    static constexpr unsigned levels = (64 - tick_bits) / digit_bits;
    static constexpr std::uint32_t in_heap = levels * slots;

    struct bucket {
        timer* newest = nullptr;
        timer* oldest = nullptr;
        time_point earliest{}; ///< no timer here is due before; not raised when the earliest is removed

        bool empty() const noexcept { return newest == nullptr; }
        void push_newest(timer& t) noexcept;
        void push_oldest(timer& t) noexcept;
        void remove(timer& t) noexcept;
    };

    static std::uint64_t tick_of(time_point when) noexcept;
    std::uint32_t place_of(std::uint64_t tick) const noexcept;
    std::uint32_t first_occupied() const noexcept;
    bucket* enter(timer& t) noexcept;
    void mark_empty(std::uint32_t place) noexcept;
    void open(std::uint32_t place) noexcept;

    std::uint64_t current_ = 0; ///< the tick: later ones are in buckets, this and earlier ones in the heap
    std::uint64_t next_sequence_ = 0;
    std::size_t size_ = 0;
    timer_heap due_;
    std::uint32_t occupied_levels_ = 0;
    std::array<std::uint64_t, levels> occupied_slots_{};
    std::array<bucket, levels * slots> buckets_{};
};

} // namespace simul::detail
