// SPDX-License-Identifier: MIT
//
// Starting a program. Costs the same whatever the size of this process, and touches nothing of it.
#pragma once

#include <cstdint>
#include <span>
#include <sys/types.h>

namespace simul::detail {

enum class new_group : std::uint8_t { none, group, session };

/// In `files`: no file is behind it, as with /dev/null.
inline constexpr int no_file = -1;

struct process_setup {
    const char* program; ///< a path, or a name that is looked for in PATH
    char* const* arguments;
    char* const* environment;
    std::span<const int> files; ///< its descriptors from 0 on; it gets no others
    const char* directory = nullptr;
    new_group group = new_group::none;
};

/// With default actions for all signals, and none blocked. A pid, or minus an errno.
pid_t start_process(const process_setup& wanted);

} // namespace simul::detail
