// SPDX-License-Identifier: MIT
//
// Base 64 (RFC 4648): with "+", "/" and padding.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace simul::detail {

std::string base64(std::string_view data);
/// None when it is no base 64: another letter, white space, or padding that is missing or wrong.
std::optional<std::string> from_base64(std::string_view text);

} // namespace simul::detail
