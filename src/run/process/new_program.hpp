// SPDX-License-Identifier: MIT
//
// Starting this very program again, in another role.
#pragma once

#include <span>
#include <string>
#include <sys/types.h>

namespace simul::detail {

/// With `files` as its descriptors from 3 on and no others but stdout and stderr; stdin is empty. Costs the same
/// whatever the size of this process. A `group` of 0 stays in ours, 1 makes its own. Returns its pid, or minus an
/// errno.
pid_t start_program(const std::string& role, std::span<const int> files, int own_group) noexcept;

} // namespace simul::detail
