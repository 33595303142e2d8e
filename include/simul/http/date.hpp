// SPDX-License-Identifier: MIT
//
// Dates as HTTP writes them.
//
//     simul::http::to_date(std::chrono::sys_seconds(784111777s));            // "Sun, 06 Nov 1994 08:49:37 GMT"
//     simul::http::parse_date("Sunday, 06-Nov-94 08:49:37 GMT");           // the same time, in an optional
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace simul::http {

/// For fields like Last-Modified. Years before 0 and after 9999 become those.
std::string to_date(std::chrono::sys_seconds time);

/// Of any of the three forms that HTTP has had; an empty optional for what is no date. Years of two digits are from
/// 1970 to 2069. The name of the day has to be one, but not that day's.
std::optional<std::chrono::sys_seconds> parse_date(std::string_view text) noexcept;

/// What Retry-After says, a number of seconds or a date, as the wait from `now` on; an empty optional for what is
/// neither.
std::optional<std::chrono::seconds> parse_retry_after(std::string_view text, std::chrono::sys_seconds now) noexcept;

} // namespace simul::http
