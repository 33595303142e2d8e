// SPDX-License-Identifier: MIT
//
// What most sources of the library read; see SIMUL_PRECOMPILE in CMakeLists.txt.
#include <simul/simul.hpp>

#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <map>
#include <memory>
#include <string>
#include <vector>
