// SPDX-License-Identifier: MIT
//
// What html needs of charsets beside simul/text/charset.hpp.
#pragma once

#include <string>
#include <string_view>

namespace simul::detail {

/// Takes off a byte order mark and returns the charset that it means; empty when there is none.
std::string_view take_byte_order_mark(std::string_view& text);

/// Appends `text` in UTF-8; false, and nothing appended, when there is no such charset.
bool append_as_utf8(std::string& to, std::string_view text, std::string_view charset);

} // namespace simul::detail
