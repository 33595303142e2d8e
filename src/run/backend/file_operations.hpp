// SPDX-License-Identifier: MIT
//
// What `perform` and `attempt` do for files.
#pragma once

#include "run/backend/backend.hpp"

namespace simul::detail {

/// Does a file's operation now, however long it takes. Returns its result.
std::int32_t perform_on_file(operation& op) noexcept;

/// A `status` or an `open`, if that is possible from what the kernel has in memory. Else, and for all other kinds, -EAGAIN.
std::int32_t attempt_status(const operation& op) noexcept;
std::int32_t attempt_open(const operation& op) noexcept;

/// A transfer that takes so long, even from memory, that it had better be made by another thread than the loop's.
bool takes_long(const operation& op) noexcept;

} // namespace simul::detail
