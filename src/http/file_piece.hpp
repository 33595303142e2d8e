// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

namespace simul::http::detail {

/// How much of a file is read at once while it is sent: glibc's allocator gives larger blocks back to the system, and gets them
/// again, for each piece.
inline constexpr std::size_t file_piece = 32 * 1024;

} // namespace simul::http::detail
