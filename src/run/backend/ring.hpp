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

} // namespace simul::detail
