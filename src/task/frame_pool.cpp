// SPDX-License-Identifier: MIT
#include <simul/detail/frame_pool.hpp>

#include <cstdint>
#include <new>

namespace simul::detail {
namespace {

#if defined(__SANITIZE_ADDRESS__) || (defined(__has_feature) && __has_feature(address_sanitizer))
constexpr bool pooling = false;
#else
constexpr bool pooling = true;
#endif

constexpr std::size_t grain = 16;
constexpr std::size_t largest_pooled = 1024;
constexpr std::size_t classes = largest_pooled / grain;

// A thread that frees more than it allocates (the consumer of a pipeline) gives back what exceeds this to malloc.
constexpr std::uint32_t most_kept_bytes = 4u << 20;

struct free_block {
    free_block* next;
};

struct free_list {
    free_block* first;
    std::uint32_t bytes;
};

// Trivial, so that it can still be used while the thread's other objects are destroyed.
constinit thread_local free_list lists[classes] = {};
constinit thread_local bool thread_has_ended = false;

// Gives the blocks back when the thread ends.
struct returner {
    ~returner()
    {
        thread_has_ended = true;
        for (free_list& list : lists)
            while (free_block* block = list.first) {
                list.first = block->next;
                ::operator delete(block);
            }
    }
};
constinit thread_local bool returns_at_thread_end = false;

void return_at_thread_end()
{
    static thread_local const returner made_once;
    static_cast<void>(made_once);
    returns_at_thread_end = true;
}

constexpr std::size_t rounded(std::size_t size) { return (size + grain - 1) & ~(grain - 1); }

} // namespace

// noinline: an inlined copy could keep the address of the thread's list across a suspension that changes threads.
[[gnu::noinline]] void* allocate_frame(std::size_t size)
{
    if (!pooling || size > largest_pooled)
        return ::operator new(size);
    free_list& list = lists[(size - 1) / grain];
    if (free_block* block = list.first) {
        list.first = block->next;
        list.bytes -= static_cast<std::uint32_t>(rounded(size));
        return block;
    }
    return ::operator new(rounded(size));
}

[[gnu::noinline]] void free_frame(void* block, std::size_t size) noexcept
{
    if (!pooling || size > largest_pooled) {
        ::operator delete(block);
        return;
    }
    free_list& list = lists[(size - 1) / grain];
    if (list.bytes >= most_kept_bytes || thread_has_ended) {
        ::operator delete(block);
        return;
    }
    if (!returns_at_thread_end) [[unlikely]]
        return_at_thread_end();
    list.bytes += static_cast<std::uint32_t>(rounded(size));
    list.first = ::new (block) free_block{list.first};
}

} // namespace simul::detail
