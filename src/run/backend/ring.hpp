// SPDX-License-Identifier: MIT
//
// One io_uring: made disabled, enabled in the thread it will belong to, closed from any. The only file that includes
// liburing.
#pragma once

#include "run/backend/system.hpp"

#include <liburing.h>

namespace simul::detail {

class ring {
public:
    /// *Throws:* `error` when the kernel refuses, lacks what we need, or has no descriptor left.
    ring();
    ring(const ring&) = delete;
    ~ring();

    io_uring* get() noexcept { return &ring_; }

    /// Ties it to this thread.
    void enable();

    /// Closes it, from any thread, and returns when the kernel has let go of all its operations.
    void close_and_wait() noexcept;

private:
    bool sufficient();
    int plant_canary();

    io_uring ring_{};
    unique_fd canary_; ///< see plant_canary
    bool open_ = true;
};

/// Memory that the kernel fills with what arrives at sockets, wherever it arrives first. Made, used and destroyed in the
/// ring's thread, before the ring itself.
class receive_buffers {
public:
    static constexpr unsigned short group = 1;

    /// *Throws:* `error` when the kernel refuses.
    explicit receive_buffers(ring& of);
    receive_buffers(const receive_buffers&) = delete;
    ~receive_buffers();

    char* at(unsigned index) noexcept { return memory_ + offset + index * each; }
    /// Gives one back, to be filled again.
    void release(unsigned index) noexcept;

private:
    static constexpr unsigned count = 128;
    static constexpr std::size_t each = 8 * 1024;
    static constexpr std::size_t offset = 4096; ///< behind the list that is shared with the kernel
    static_assert(count * sizeof(io_uring_buf) <= offset);

    io_uring_buf_ring* list() noexcept { return reinterpret_cast<io_uring_buf_ring*>(memory_); }

    char* memory_; ///< pages that are touched only when they are used
};

} // namespace simul::detail
