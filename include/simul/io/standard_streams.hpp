// SPDX-License-Identifier: MIT
//
// The process's own input and output, as streams.
//
//     while (auto line = co_await simul::stdin_().read_line())
//         co_await simul::stdout_().write("> " + *line + "\n");
//
// Each loop has one of each, made at the first call. Closing them leaves the process's descriptors open, and O_NONBLOCK is
// left as it is, for other processes share them. A terminal, a pipe, a socket, a file, /dev/null: it doesn't matter which.
#pragma once

#include <simul/io/stream.hpp>

namespace simul {

/// All *throw* `error` when the descriptor is closed, and in virtual time.

/// Reads ahead, up to 16 KiB: what was fetched and not read is seen by no child process that shares the input.
stream& stdin_();
/// What was written is sent before the loop is closed, which waits for it. Not in step with `printf` and `std::cout`, whose
/// buffers are theirs.
stream& stdout_();
stream& stderr_();

} // namespace simul
