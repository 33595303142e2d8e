// SPDX-License-Identifier: MIT
#include "fiber_stack.hpp"

#include <simul/base/error.hpp>

#include <algorithm>
#include <cerrno>
#include <sys/mman.h>
#include <unistd.h>

namespace simul::detail {
namespace {

// More than a page, as a function with a large array steps over one.
constexpr std::size_t guard_size = 64u << 10;
constexpr std::size_t smallest = 16u << 10;

// A thread keeps so many of its last ones: making one costs two system calls, and a page fault for each page used.
constexpr std::size_t most_kept = 64;

// Trivial, so that it can still be used while the thread's other objects are destroyed.
struct kept_stacks {
    fiber_stack stacks[most_kept];
    std::size_t count;
    bool thread_has_ended;
};
constinit thread_local kept_stacks kept = {};

void unmap(const fiber_stack& stack) noexcept
{
    ::munmap(stack.lowest - guard_size, stack.size + guard_size);
}

void unmap_at_thread_end()
{
    struct unmapper {
        ~unmapper()
        {
            kept.thread_has_ended = true;
            while (kept.count > 0)
                unmap(kept.stacks[--kept.count]);
        }
    };
    static thread_local const unmapper made_once;
    static_cast<void>(made_once);
}

} // namespace

fiber_stack take_stack(std::size_t size)
{
    static const std::size_t page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    if (size > std::size_t{1} << 40) // before it can overflow
        throw error::from_errno(ENOMEM, "a fiber's stack");
    size = (std::max(size, smallest) + page - 1) / page * page;
    for (std::size_t i = kept.count; i > 0; --i) {
        fiber_stack& found = kept.stacks[i - 1];
        if (found.size == size) {
            const fiber_stack taken = found;
            found = kept.stacks[--kept.count];
            return taken;
        }
    }
    void* const memory =
        ::mmap(nullptr, size + guard_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (memory == MAP_FAILED)
        throw error::from_errno(errno, "a fiber's stack");
    std::byte* const lowest = static_cast<std::byte*>(memory) + guard_size;
    if (::mprotect(lowest, size, PROT_READ | PROT_WRITE) != 0) {
        const int reason = errno;
        ::munmap(memory, size + guard_size);
        throw error::from_errno(reason, "a fiber's stack");
    }
    return {lowest, size};
}

void give_back(fiber_stack stack) noexcept
{
    if (kept.count == most_kept || kept.thread_has_ended) {
        unmap(stack);
        return;
    }
    unmap_at_thread_end();
    kept.stacks[kept.count++] = stack;
}

} // namespace simul::detail
