// SPDX-License-Identifier: MIT
//
// The memory that a pool shares with its workers: a page for all that only the pool writes, and for each worker such a
// page of its own, and an area that it may write too. A worker can reach nothing of another's, and the pool believes
// nothing that it reads here.
//
// | word          | meaning                                                  | who writes                      |
// |---------------|----------------------------------------------------------|---------------------------------|
// | watch         | odd: nobody looks for answers; ring once for this number | who watches, with watching_     |
// | request_tail  | end of the requests                                      | the pool, with its mutex        |
// | taken_back    | how many requests were taken back, at most               | the pool, with its mutex        |
// | answers_taken | end of the answers that were read and may be overwritten | who watches, with watching_     |
// | requests_read | end of the requests that the worker is done with         | the worker                      |
// | asleep        | 1: the worker sleeps on this futex, or is about to       | the worker; who wakes it clears |
// | answer_tail   | end of the answers                                       | the worker                      |
// | frame.state   | of a request: queued, then either begun or taken back    | both, by compare-exchange       |
//
// Positions count bytes since the worker began. Both tails hold the number of frames up to there too (`ring_end`), so
// that who reads them sees when somebody has overwritten a ring: every request is answered, or its worker is not
// trusted any more.
#pragma once

#include "run/backend/system.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

namespace simul::detail {

inline constexpr std::size_t cache_line = 64;
inline constexpr std::size_t ring_size = 256 * 1024;
inline constexpr std::size_t largest_in_ring = 64 * 1024; ///< what is larger travels in a file in memory

struct watch_page {
    std::atomic<std::uint32_t> watch;
};

enum class frame_kind : std::uint8_t { none, pad, job, initialize, leave, value, error, ready };
enum class frame_state : std::uint32_t { queued, begun, taken_back };

/// Head of a request or an answer; its bytes follow. Frames begin at multiples of a cache line.
struct alignas(16) frame {
    std::atomic<frame_state> state{frame_state::queued};
    frame_kind kind = frame_kind::none;
    std::uint8_t in_file = 0; ///< 1: the bytes are in a file, which was sent through the worker's socket
    std::uint64_t job = 0;
    std::uint64_t size = 0; ///< of the bytes, wherever they are

    std::byte* bytes() noexcept { return reinterpret_cast<std::byte*>(this + 1); }
};
static_assert(sizeof(frame) == 32 && std::atomic<frame_state>::is_always_lock_free);

constexpr std::uint64_t frame_length(std::uint64_t bytes_in_ring)
{
    return (sizeof(frame) + bytes_in_ring + cache_line - 1) / cache_line * cache_line;
}

/// How far a ring is filled, and by how many frames.
class ring_end {
public:
    constexpr ring_end() noexcept = default;
    explicit constexpr ring_end(std::uint64_t word) noexcept : word_(word) {}

    constexpr std::uint64_t word() const noexcept { return word_; }
    constexpr std::uint64_t position() const noexcept { return word_ % (std::uint64_t{1} << position_bits); }
    /// After one more frame, that ends at `position`.
    constexpr ring_end after_frame(std::uint64_t position) const noexcept
    {
        return ring_end((((word_ >> position_bits) + 1) << position_bits) + position);
    }
    bool operator==(const ring_end&) const noexcept = default;

private:
    static constexpr int position_bits = 48;
    std::uint64_t word_ = 0;
};

/// Bytes of a ring; frames don't wrap around its end.
struct ring_bytes {
    alignas(cache_line) std::byte bytes[ring_size];

    frame& at(std::uint64_t position) noexcept { return *reinterpret_cast<frame*>(bytes + position % ring_size); }

    /// Where a frame of `length` goes that is written at `tail`; what is skipped becomes padding. Whether there is room
    /// up to its end is for the caller to know.
    static std::uint64_t place(std::uint64_t tail, std::uint64_t length) noexcept
    {
        const std::uint64_t to_end = ring_size - tail % ring_size;
        return length <= to_end ? tail : tail + to_end;
    }
    /// Fills up to `to`; returns the end then.
    ring_end pad(ring_end from, std::uint64_t to) noexcept;
};

/// Read-only for the worker.
struct orders {
    alignas(cache_line) std::atomic<std::uint64_t> request_tail;
    alignas(cache_line) std::atomic<std::uint64_t> answers_taken;
    std::atomic<std::uint64_t> taken_back;
};

struct worker_area {
    alignas(cache_line) std::atomic<std::uint32_t> asleep;
    alignas(cache_line) std::atomic<std::uint64_t> requests_read;
    std::atomic<std::uint64_t> answer_tail;
    ring_bytes requests;
    ring_bytes answers;
};

/// Wakes the worker if it sleeps, after something was published for it.
void wake_worker(worker_area& area) noexcept;
/// Sleeps until woken, unless `ready()` by then.
template <class Ready> void sleep_in(worker_area& area, Ready&& ready) noexcept;

/// A mapping of shared memory, by any of the processes.
class mapping {
public:
    enum class access : std::uint8_t { read, write, read_at_once };

    mapping() noexcept = default;
    /// *Throws:* `error`.
    mapping(int file, std::size_t offset, std::size_t size, access wanted);
    mapping(mapping&& other) noexcept
        : address_(std::exchange(other.address_, nullptr)), size_(std::exchange(other.size_, 0))
    {
    }
    mapping& operator=(mapping&& other) noexcept
    {
        std::swap(address_, other.address_);
        std::swap(size_, other.size_);
        return *this;
    }
    ~mapping();

    std::byte* address() const noexcept { return address_; }
    std::span<const std::byte> bytes() const noexcept { return {address_, size_}; }

private:
    std::byte* address_ = nullptr;
    std::size_t size_ = 0;
};

// The page for all, then of each seat its page and its area.
inline constexpr std::size_t page_size = 4096;
inline constexpr std::size_t area_size = (sizeof(worker_area) + page_size - 1) / page_size * page_size;
constexpr std::size_t orders_offset(std::size_t seat) noexcept
{
    return page_size + seat * (page_size + area_size);
}
constexpr std::size_t area_offset(std::size_t seat) noexcept
{
    return orders_offset(seat) + page_size;
}

/// Futexes between processes.
void futex_wait(std::atomic<std::uint32_t>& word, std::uint32_t while_it_is) noexcept;
void futex_wake(std::atomic<std::uint32_t>& word) noexcept;

template <class Ready> void sleep_in(worker_area& area, Ready&& ready) noexcept
{
    // seq_cst, with wake_worker: either it sees us asleep, or we see what it has published.
    area.asleep.store(1, std::memory_order_seq_cst);
    if (!ready())
        futex_wait(area.asleep, 1);
    area.asleep.store(0, std::memory_order_relaxed);
}

} // namespace simul::detail
