// SPDX-License-Identifier: MIT
//
// What the client would like best of what there is: Accept-Encoding (RFC 9110, 12.5.3). For Accept see
// `preferred_type`.
#pragma once

#include "content_coding.hpp"

#include <optional>
#include <span>
#include <string_view>

namespace simul::http::detail {

/// The coding to send with: of those wanted most the one that is first in `offered`. `identity`, which need not be in
/// it, when the client wants none of them, or has no such field.
content_coding choose_coding(std::optional<std::string_view> accept_encoding, std::span<const content_coding> offered);

/// Whether content of that type gets smaller by it: text, and what is written as text.
bool is_compressible(std::string_view content_type);

} // namespace simul::http::detail
