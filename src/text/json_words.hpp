// SPDX-License-Identifier: MIT
//
// JSON in sentences: what an error says about values.
#pragma once

#include <simul/text/json_value.hpp>

namespace simul::json::detail {

/// "the number 5", "null", "the string \"abc\"", "an array of 3".
std::string in_words(const value& value);

/// ".name", or "["a name"]".
void append_name(std::string& path, std::string_view name);
void append_index(std::string& path, std::size_t index);

} // namespace simul::json::detail
