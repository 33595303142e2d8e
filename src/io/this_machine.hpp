// SPDX-License-Identifier: MIT
//
// How this process is told from others, here and on other machines.
#pragma once

#include <string>

namespace simul::detail {

/// As others call this machine; "localhost" where it has no name.
std::string host_name();
int process_id() noexcept;

/// Since this process began.
struct resource_usage {
    double user_seconds = 0;
    double system_seconds = 0;
    long most_kilobytes = 0; ///< of memory
};
resource_usage usage_of_process() noexcept;

} // namespace simul::detail
