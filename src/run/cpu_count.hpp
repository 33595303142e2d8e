// SPDX-License-Identifier: MIT
//
// The CPU quota of this process's control groups, as far as it can be read below `root`: the real one, or a test's.
#pragma once

#include <string>

namespace simul::detail {

/// How many CPUs' time the smallest quota on the way from the process's groups up to the root allows; infinite without any.
double cpu_quota(const std::string& root);

} // namespace simul::detail
