// SPDX-License-Identifier: MIT
#pragma once

#include <simul/base/time.hpp>

#include <chrono>

namespace cli {

/// As people write it: 1.5.
inline double seconds(simul::duration time)
{
    return std::chrono::duration<double>(time).count();
}

} // namespace cli
