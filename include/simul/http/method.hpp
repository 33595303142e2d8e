// SPDX-License-Identifier: MIT
//
// The methods of HTTP.
//
//     simul::http::method_of("PUT") == simul::http::method::put;
//     simul::http::is_idempotent(simul::http::method::put);     // true: may be sent again when nobody answered
#pragma once

#include <cstdint>
#include <string_view>

namespace simul::http {

enum class method : std::uint8_t {
    get,
    head,
    post,
    put,
    delete_,
    connect,
    options,
    trace,
    patch,
    query,
    other, ///< any other token, such as PROPFIND; who has one keeps its text
};

/// As it is sent: "GET"; empty for `other`.
std::string_view to_string(method of) noexcept;
/// Names are case-sensitive: "get" is `other`.
method method_of(std::string_view name) noexcept;
/// Whether it may stand in a request: one or more of letters, digits and !#$%&'*+-.^_`|~
bool is_method_name(std::string_view name) noexcept;

/// Asks for nothing but an answer: GET, HEAD, OPTIONS, TRACE, QUERY.
bool is_safe(method of) noexcept;
/// Twice is as good as once: the safe ones, PUT, DELETE. `other` is neither.
bool is_idempotent(method of) noexcept;

} // namespace simul::http
