// SPDX-License-Identifier: MIT
//
// dump_tasks: who is there, and where does each wait?
//
//     fmt::print("{}", simul::dump_tasks());
//
//     ├── main.cpp:12  waits
//     │   │ at main.cpp:7 in amain
//     │   ├── main.cpp:7  waits
//     │   │     at main.cpp:4 in fetch
//     ...
//
// The bookkeeping behind it is always on and costs about a nanosecond per await.
#pragma once

#include <string>

namespace simul {

/// The tree of this loop's tasks: name, state, and the chain of awaits of each. *Throws:* `invalid_state` outside a loop.
std::string dump_tasks();

} // namespace simul
