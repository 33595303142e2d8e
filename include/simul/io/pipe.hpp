// SPDX-License-Identifier: MIT
//
// Pipes, and streams over descriptors that somebody else opened.
//
//     auto [reader, writer] = simul::make_pipe();
//     co_await writer.write("hello\n");
//     fmt::print("{}\n", *co_await reader.read_line());
//
//     simul::stream to_parent = simul::stream_from(3); // which has opened it for us
#pragma once

#include <simul/io/stream.hpp>

namespace simul {

/// What comes out of `reader` was written to `writer`. Closing or shutting down the writer ends the reader's input; once
/// the reader is closed, writing throws `broken_pipe` (and raises no signal).
struct pipe_ends {
    stream reader;
    stream writer;
};

/// On the current loop; in virtual time, in memory. *Throws:* `error` when the process has no descriptors left.
pipe_ends make_pipe();

/// Takes over a connected socket, one end of a pipe, or a terminal: closes it in the end. Its O_NONBLOCK stays as it is.
/// *Throws:* `error` for anything else (files are for `fs::open`); then it is still yours. Not in virtual time.
stream stream_from(int fd);

} // namespace simul
