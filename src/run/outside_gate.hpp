// SPDX-License-Identifier: MIT
//
// Through which jobs outside reach a loop in virtual time, for as long as it is there.
#pragma once

#include "backend/backend.hpp"

#include <mutex>

namespace simul::detail {

class outside_gate {
public:
    explicit outside_gate(backend& io) noexcept : io_(&io) {}

    void change(int jobs) noexcept
    {
        const std::lock_guard held(mutex_);
        if (io_)
            io_->expect_outside(jobs);
    }
    /// The loop goes.
    void close() noexcept
    {
        const std::lock_guard held(mutex_);
        io_ = nullptr;
    }

private:
    std::mutex mutex_;
    backend* io_;
};

} // namespace simul::detail
