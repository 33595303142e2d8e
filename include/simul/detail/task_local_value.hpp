// SPDX-License-Identifier: MIT
//
// One value of a `task_local`, in the list of a context. The lists of parent and child share their tails: inheriting
// copies a pointer, setting prepends, and nobody sees what others set.
#pragma once

#include <atomic>

namespace simul::detail {

struct task_local_value {
    const void* key;
    task_local_value* older;
    std::atomic<unsigned> owners = 1; ///< contexts and newer values

    task_local_value(const void* key_of, task_local_value* next) noexcept : key(key_of), older(next) {}
    virtual ~task_local_value() = default;
};

inline task_local_value* share(task_local_value* value) noexcept
{
    value->owners.fetch_add(1, std::memory_order_relaxed);
    return value;
}

inline void release(task_local_value* value) noexcept
{
    while (value && value->owners.fetch_sub(1, std::memory_order_acq_rel) == 1) {
        task_local_value* const older = value->older;
        delete value;
        value = older;
    }
}

} // namespace simul::detail
