// SPDX-License-Identifier: MIT
//
// Times that machines tell each other.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace simul::cluster::detail {

using wall_time = std::chrono::system_clock::time_point;

/// "2026-11-21T01:57:46.956262", which is UTC.
std::string write_time(wall_time time);
/// The same, also with "+01:00" or "Z" behind it, and with any fraction or none. *Throws:* `error`.
wall_time read_time(std::string_view text);

} // namespace simul::cluster::detail
