// SPDX-License-Identifier: MIT
//
// The rules of cookies that their sender, and the jar that gets them, have in common.
#pragma once

#include "field_syntax.hpp"

#include <string_view>

namespace simul::http::detail {

constexpr bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) noexcept
{
    return same_ignoring_case(text.substr(0, prefix.size()), prefix);
}

/// "__Secure-" and "__Host-" promise what a cookie's reader can't see: that it is secure, and not from another host or
/// path.
constexpr bool keeps_promise_of_prefix(std::string_view name, bool secure, bool host_only,
                                       std::string_view path) noexcept
{
    if (starts_with_ignoring_case(name, "__Host-"))
        return secure && host_only && path == "/";
    return secure || !starts_with_ignoring_case(name, "__Secure-");
}

} // namespace simul::http::detail
