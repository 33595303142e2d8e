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
constexpr std::size_t largest_pooled = 4096;
constexpr std::size_t classes = largest_pooled / grain;

// A thread that frees more than it allocates (the consumer of a pipeline) gives back what exceeds this to malloc.
constexpr std::size_t most_kept_bytes = 4u << 20;

struct free_block {
    free_block* next;
};

struct free_list {
    free_block* first;
    std::uint32_t room; ///< for so many more blocks; 0 also before the first and after the thread's end
};

enum class stage : std::uint8_t { fresh, in_use, ended };

// Trivial, so that it can still be used while the thread's other objects are destroyed.
constinit thread_local free_list lists[classes] = {};
constinit thread_local stage thread_is = stage::fresh;

// Gives the blocks back when the thread ends.
struct returner {
    ~returner()
    {
        thread_is = stage::ended;
        for (free_list& list : lists) {
            list.room = 0;
            while (free_block* block = list.first) {
                list.first = block->next;
                ::operator delete(block);
            }
        }
    }
};

void begin_in_this_thread()
{
    static thread_local const returner made_once;
    static_cast<void>(made_once);
    thread_is = stage::in_use;
    for (std::size_t each = 0; each < classes; ++each)
        lists[each].room = static_cast<std::uint32_t>(most_kept_bytes / ((each + 1) * grain));
}

constexpr std::size_t class_of(std::size_t size) { return (size - 1) / grain; }

// Out of line, so that the path that counts saves no registers.
[[gnu::noinline]] void* allocate_from_malloc(std::size_t size)
{
    return ::operator new(size > largest_pooled ? size : (class_of(size) + 1) * grain);
}

[[gnu::noinline]] void free_without_room(void* block, std::size_t size) noexcept
{
    if (pooling && size <= largest_pooled && thread_is == stage::fresh) {
        begin_in_this_thread();
        free_frame(block, size);
    } else {
        ::operator delete(block);
    }
}

} // namespace

// noinline: an inlined copy could keep the address of the thread's list across a suspension that changes threads.
[[gnu::noinline]] void* allocate_frame(std::size_t size)
{
    if (!pooling || size > largest_pooled)
        return allocate_from_malloc(size);
    free_list& list = lists[class_of(size)];
    free_block* const block = list.first;
    if (!block) [[unlikely]]
        return allocate_from_malloc(size);
    list.first = block->next;
    ++list.room;
    return block;
}

[[gnu::noinline]] void free_frame(void* block, std::size_t size) noexcept
{
    if (!pooling || size > largest_pooled)
        return free_without_room(block, size);
    free_list& list = lists[class_of(size)];
    if (list.room == 0) [[unlikely]]
        return free_without_room(block, size);
    --list.room;
    list.first = ::new (block) free_block{list.first};
}

} // namespace simul::detail
