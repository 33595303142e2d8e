// SPDX-License-Identifier: MIT
//
// Walks over JSON as text, for error messages: simdjson says that something is wrong, this says what, and where.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace simul::json::detail {

struct problem {
    const char* what = nullptr; // null: none
    std::size_t offset = 0;
};

/// What is wrong with `text`.
problem find_problem(std::string_view text, unsigned max_depth);

/// Where the value begins that is the `ordinals[0]`th in the outermost, the `ordinals[1]`th in that one, and so on. `text` is
/// valid.
std::size_t find_value(std::string_view text, std::span<const std::size_t> ordinals);

/// `text` where integers of more than 64 bits end in ".0".
std::string large_integers_as_real(std::string_view text);

} // namespace simul::json::detail
