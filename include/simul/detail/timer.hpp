// SPDX-License-Identifier: MIT
//
// A timer, as its owner (an awaiter, a callback's node) embeds it. The queue that holds it is the loop's.
#pragma once

#include <simul/base/time.hpp>

#include <cstdint>

namespace simul::detail {

/// Lives in its owner, allocates nothing. Must be out of its queue before it is destroyed.
struct timer {
    time_point deadline{};
    void (*fire)(timer&) noexcept = nullptr; ///< called by the loop once the clock has reached `deadline`

    bool armed() const noexcept { return place != idle; }

    // The queue's own:
    static constexpr std::uint32_t idle = ~std::uint32_t{0};
    timer* next = nullptr;
    timer* previous = nullptr;
    timer* child = nullptr;
    std::uint64_t sequence = 0; ///< order of arming: FIFO among equal deadlines
    std::uint32_t place = idle;
};

} // namespace simul::detail
