// SPDX-License-Identifier: MIT
//
// Through which jobs outside reach the loop that gave them, for as long as it is there.
#pragma once

#include "backend/backend.hpp"

#include <simul/detail/future_state.hpp>
#include <simul/run/loop.hpp>

#include <mutex>

namespace simul::detail {

class outside_gate {
public:
    outside_gate(loop& of, backend& io) noexcept : loop_(&of), io_(io), counts_(io.name() == "sim") {}

    /// Whether the loop wants to know how many jobs there are.
    bool counts() const noexcept { return counts_; }
    void change(int jobs) noexcept
    {
        const std::lock_guard held(mutex_);
        if (loop_)
            io_.expect_outside(jobs);
    }
    /// The loop gives back that share of `of`.
    void release(future_state_base& of) noexcept;
    /// The loop goes.
    void close() noexcept
    {
        const std::lock_guard held(mutex_);
        loop_ = nullptr;
    }

private:
    std::mutex mutex_;
    loop* loop_;
    backend& io_;
    const bool counts_;
};

} // namespace simul::detail
