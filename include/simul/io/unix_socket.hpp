// SPDX-License-Identifier: MIT
//
// unix_: connections within this machine, as streams; the address is a path in the file system, or "@name" (Linux's
// abstract names, which are in none). The underscore is there because GNU compilers define `unix`.
//
//     auto door = simul::unix_::listen("/run/mine.sock", {.mode = 0660});
//     simul::stream peer = co_await simul::unix_::connect("/run/mine.sock");
#pragma once

#include <simul/io/listener.hpp>
#include <simul/io/stream.hpp>
#include <simul/task/task.hpp>

#include <string>
#include <utility>

namespace simul::unix_ {

/// *Throws:* `error`: "connect to unix:/run/mine.sock: No such file or directory".
task<stream> connect(std::string path);

struct listen_options {
    int backlog = 1024;
    unsigned mode = 0; ///< permissions of the path: who may connect. 0: as the umask says
};

/// A path where a socket was left that nobody listens at is taken over; it is removed when the listener is closed, if it is
/// still ours. *Throws:* `error` when somebody listens there, or something else than a socket lies there.
listener listen(const std::string& path, listen_options options = {});

/// Two streams that are connected to each other.
std::pair<stream, stream> pair();

} // namespace simul::unix_
