// SPDX-License-Identifier: MIT
//
// A worker process, from its first step to its last.
#pragma once

#include "run/backend/system.hpp"

#include <cstdint>
#include <sys/types.h>

namespace simul::detail {

struct worker_setup {
    unique_fd socket; ///< to the pool
    unique_fd memory;
    unique_fd bell;
    unsigned seat = 0;
    pid_t server = 0;
    std::uint64_t memory_limit = 0;
};

/// Does one job after the other, until it is told to leave or killed.
[[noreturn]] void run_worker(worker_setup setup) noexcept;

} // namespace simul::detail
