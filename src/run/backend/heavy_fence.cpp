// SPDX-License-Identifier: MIT
#include "heavy_fence.hpp"

#include <atomic>

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace simul::detail {
namespace {

bool membarrier(int command) noexcept
{
    return ::syscall(SYS_membarrier, command, 0, 0) == 0;
}

} // namespace

// Where the kernel refuses, a push and a fall asleep that cross may miss each other: the pusher then does the work alone.
void heavy_fence() noexcept
{
    static const bool registered = membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);
    std::atomic_signal_fence(std::memory_order_seq_cst);
    if (registered)
        membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
    std::atomic_signal_fence(std::memory_order_seq_cst);
}

} // namespace simul::detail
