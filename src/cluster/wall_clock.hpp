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
/// The same with "+00:00" behind it, for who doesn't know that.
std::string write_utc(wall_time time);
/// Either of them, also with another offset or "Z", and with any fraction or none. *Throws:* `error`.
wall_time read_time(std::string_view text);

/// Since 1970.
double seconds_of(wall_time time);
/// 30 years at most.
wall_time seconds_from_now(double seconds);

} // namespace simul::cluster::detail
