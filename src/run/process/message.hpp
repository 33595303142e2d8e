// SPDX-License-Identifier: MIT
//
// What a pool, its server and its workers tell each other through sockets: rare things, and descriptors.
#pragma once

#include "run/backend/system.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <utility>

namespace simul::detail {

/// `hello`: pool to server, with the shared memory and the bell. `start`: pool to server, with the worker's socket.
/// `started`: server to pool, with a pidfd. `not_started`, `ended`: server to pool. `file`: between pool and worker.
/// `nothing_begun`: the last words of a worker that leaves between two jobs.
enum class message_kind : std::uint32_t { hello, stranger, start, started, not_started, ended, file, nothing_begun };

struct message {
    message_kind kind{};
    std::uint32_t seat = 0;
    std::uint32_t life = 0; ///< which of the workers that this seat has had
    std::int32_t pid = 0;
    std::int32_t number = 0;               ///< not_started: errno. ended: exit code or signal
    bool by_signal = false;                ///< ended
    bool spawns = false;                   ///< hello: workers are new programs, not forks
    std::uint64_t memory_limit = 0;        ///< hello
    std::array<unsigned char, 32> build{}; ///< hello: build id of the program
};

struct received {
    enum class result { message, nothing, closed } what;
    message content{};
    std::array<unique_fd, 2> files;
};

/// Two ends, each a descriptor of 3 or more. *Throws:* `error`.
std::pair<unique_fd, unique_fd> make_message_pair();

/// False when the other end is gone, or (if it may not wait) the socket is full.
bool send_message(int socket, const message& content, std::span<const int> files = {}, bool may_wait = true) noexcept;
received receive_message(int socket, bool may_wait) noexcept;

} // namespace simul::detail
