// SPDX-License-Identifier: MIT
//
// Memory of coroutine frames and of tasks in flight: a free list per thread and size, so that `co_await` costs no malloc.
// A block may be freed by another thread than allocated it. Under AddressSanitizer it is malloc, so that a use of a dead
// frame is seen.
#pragma once

#include <cstddef>

namespace simul::detail {

void* allocate_frame(std::size_t size);
void free_frame(void* block, std::size_t size) noexcept;

/// Base of what is allocated like a frame.
struct pooled {
    static void* operator new(std::size_t size) { return allocate_frame(size); }
    static void operator delete(void* block, std::size_t size) noexcept { free_frame(block, size); }
};

} // namespace simul::detail
