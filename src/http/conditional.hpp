// SPDX-License-Identifier: MIT
//
// Entity tags, and the fields that make a request conditional (RFC 9110, 8.8 and 13).
#pragma once

#include <simul/http/headers.hpp>
#include <simul/http/method.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace simul::http::detail {

struct entity_tag {
    std::string_view opaque; ///< without its quotes
    bool weak = false;

    friend bool operator==(const entity_tag&, const entity_tag&) = default;
};

/// `"x"` or `W/"x"`, as a view.
std::optional<entity_tag> parse_entity_tag(std::string_view text) noexcept;
std::string to_string(const entity_tag& of);

/// Both stand for the same bytes.
bool same_strongly(const entity_tag& a, const entity_tag& b) noexcept;
/// One is as good as the other.
bool same_weakly(const entity_tag& a, const entity_tag& b) noexcept;

/// What is known of what was asked for.
struct validators {
    std::optional<entity_tag> tag = {};
    std::optional<std::chrono::sys_seconds> modified = {};
    bool exists = true; ///< there is such a thing at all
};

enum class precondition : std::uint8_t {
    holds,
    not_modified, ///< 304
    failed,       ///< 412
};

/// If-Match, If-Unmodified-Since, If-None-Match, If-Modified-Since, in the order and with the precedence of RFC 9110,
/// 13.2.2.
precondition check_preconditions(method of, const headers& fields, const validators& against);

/// Whether a Range is to be looked at, as far as If-Range goes: there is none, or what the client has is what there is.
bool if_range_holds(const headers& fields, const validators& against);

} // namespace simul::http::detail
