// SPDX-License-Identifier: MIT
//
// Timers in exact order of (deadline, arming): an intrusive pairing heap, so it allocates nothing and can't fail.
// Adding costs one comparison; taking the first, or any other, O(log n) amortised. What is added latest first (as the
// buckets of a timer_queue are emptied) comes out again in O(1).
#pragma once

#include <simul/detail/timer.hpp>

namespace simul::detail {

class timer_heap {
public:
    bool empty() const noexcept { return root_ == nullptr; }
    timer* first() const noexcept { return root_; }

    void add(timer& t) noexcept;
    void remove(timer& t) noexcept;

private:
    // A timer's children hang on `child` and are linked by `next`; `previous` is the sibling before or, for the first
    // child, the parent. The root has neither.
    timer* root_ = nullptr;
};

} // namespace simul::detail
