// SPDX-License-Identifier: MIT
//
// The version, said once: the build, the packages and the command all read it from here.
#pragma once

#include <string_view>

namespace simul {

/// major.minor.patch; before 1.0 a new minor may change the interface.
inline constexpr std::string_view version = "0.1.0";

} // namespace simul
