// SPDX-License-Identifier: MIT
//
// The memory that a fiber runs on. What lies below it can't be touched, so an overflow ends the process with SIGSEGV where
// it happens and destroys nothing. The system gives a stack its memory page by page, as it is used.
#pragma once

#include <cstddef>

namespace simul::detail {

struct fiber_stack {
    std::byte* lowest = nullptr;
    std::size_t size = 0;
};

/// Of so many bytes at least; from those that this thread has given back, where one fits.
/// *Throws:* `error` when there is no room for it.
fiber_stack take_stack(std::size_t size);
void give_back(fiber_stack stack) noexcept;

} // namespace simul::detail
