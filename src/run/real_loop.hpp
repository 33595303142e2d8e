// SPDX-License-Identifier: MIT
//
// Loops of threads that others wait for.
#pragma once

#include <simul/run/loop.hpp>

#include <memory>

namespace simul::detail {

/// In real time, also where SIMUL_BACKEND=sim: who waits for it, and what it waits for, are in other threads, of which virtual
/// time knows nothing.
inline std::unique_ptr<loop> make_real_loop(loop_options options = {})
{
    auto made = std::make_unique<loop>(options);
    if (made->backend_name() == "sim") {
        options.backend = simul::backend::epoll;
        made = std::make_unique<loop>(options);
    }
    return made;
}

} // namespace simul::detail
