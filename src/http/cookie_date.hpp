// SPDX-License-Identifier: MIT
//
// The dates in Set-Cookie, which servers write in any way that Netscape's browser once read (RFC 6265bis, 5.1.1).
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace simul::http::detail {

std::optional<std::chrono::sys_seconds> parse_cookie_date(std::string_view text) noexcept;

} // namespace simul::http::detail
