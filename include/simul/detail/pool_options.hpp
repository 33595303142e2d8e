// SPDX-License-Identifier: MIT
//
// What is said to pools, of threads and of processes alike.
#pragma once

#include <cstddef>

namespace simul {

struct shutdown_options {
    bool cancel_pending = false; ///< what has not begun ends as cancelled
};

struct map_options {
    std::size_t chunk = 0; ///< so many elements are one piece of work; 0: four pieces for each worker
};

} // namespace simul
