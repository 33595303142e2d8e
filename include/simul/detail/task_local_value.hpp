// SPDX-License-Identifier: MIT
//
// One value of a `task_local`, in the list of a context. The lists of parent and child share their tails: inheriting
// copies a pointer, setting prepends, and nobody sees what others set.
#pragma once

namespace simul::detail {

struct task_local_value {
    const void* key;
    task_local_value* older;
    unsigned owners = 1; ///< contexts and newer values; of one executor, so not atomic

    task_local_value(const void* key_of, task_local_value* next) noexcept : key(key_of), older(next) {}
    virtual ~task_local_value() = default;
};

inline task_local_value* share(task_local_value* value) noexcept
{
    ++value->owners;
    return value;
}

inline void release(task_local_value* value) noexcept
{
    while (value && --value->owners == 0) {
        task_local_value* const older = value->older;
        delete value;
        value = older;
    }
}

} // namespace simul::detail
