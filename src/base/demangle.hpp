// SPDX-License-Identifier: MIT
//
// Names of types and functions, as people write them.
#pragma once

#include <string>

namespace simul::detail {

/// "std::invalid_argument" for "St16invalid_argument"; what is no such name stays as it is.
std::string demangle(const char* name);

} // namespace simul::detail
