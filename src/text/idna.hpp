// SPDX-License-Identifier: MIT
//
// Names of hosts in any script as what DNS knows.
#pragma once

#include <string>
#include <string_view>

namespace simul::detail {

/// "Bücher.example" as "xn--bcher-kva.example": mapped by UTS 46, not transitionally. Returns null and appends to `ascii`, or says
/// what is wrong with `domain`.
const char* domain_to_ascii(std::string_view domain, std::string& ascii);

} // namespace simul::detail
