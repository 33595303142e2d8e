// SPDX-License-Identifier: MIT
//
// Text in the encodings of the web, as UTF-8.
//
//     std::string page = simul::to_utf8(body, "windows-1252");
//
// Labels are those of the WHATWG Encoding Standard, whatever their case: "latin1" means windows-1252 there, and "gb2312" GBK.
#pragma once

#include <simul/base/bytes.hpp>

#include <string>
#include <string_view>

namespace simul {

/// The usual name of the encoding that `label` means: "latin1" is "windows-1252". Empty for a label that means none.
std::string_view charset_name(std::string_view label);

/// `text`, whose encoding is `charset`, as UTF-8. What is no character becomes U+FFFD. A byte order mark is taken off, and knows
/// better than `charset`. *Throws:* `error` when there is no such encoding.
std::string to_utf8(bytes_view text, std::string_view charset);

bool is_utf8(bytes_view text) noexcept;

} // namespace simul
