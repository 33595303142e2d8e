// SPDX-License-Identifier: MIT
//
// All timers of one loop: a hierarchical wheel with exact deadlines, first in first out among equal ones.
#pragma once

#include <simul/detail/timer.hpp>

#include <cstddef>

namespace simul::detail {

class timer_queue {
public:
    /// Arms `t` for `t.deadline` (the past is allowed: due at once).
    void add(timer& t) noexcept;
    /// Disarms an armed timer; releases at once.
    void remove(timer& t) noexcept;

    bool empty() const noexcept;
    std::size_t size() const noexcept;

    /// No timer is due before this; exact enough that a loop which sleeps until then wakes at most once for nothing per
    /// timer. `never` when empty.
    time_point next_deadline() noexcept;

    /// Takes out, in order of (deadline, arming), the next timer due at `now`; null when there is none.
    timer* take_due(time_point now) noexcept;
};

} // namespace simul::detail
