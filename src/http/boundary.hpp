// SPDX-License-Identifier: MIT
//
// The line between the parts of a multipart body.
#pragma once

#include <string>

namespace simul::http::detail {

/// 128 random bits in hexadecimal: no content has it, not even one that was made to.
std::string make_boundary();

} // namespace simul::http::detail
