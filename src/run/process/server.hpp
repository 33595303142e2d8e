// SPDX-License-Identifier: MIT
//
// The fork server: a small process of the same program that has one thread and whose main never runs. It starts workers
// when the pool asks, tells the pool how they ended, and ends them all when the pool's process is gone.
//
//     pool's process ──── socket ──── server ──┬── worker     its children, which die with it
//            └────────── a socket and shared memory each ──────┴── worker
#pragma once

#include "run/backend/system.hpp"

#include <sys/types.h>

namespace simul::detail {

/// Until the pool's process closes the socket, or ends.
[[noreturn]] void run_server(unique_fd socket, pid_t pool) noexcept;

/// By this variable of its environment a new program of ours knows that it is a server or a worker, and what for.
inline constexpr const char* role_variable = "SIMUL_PROCESS_ROLE";

/// Descriptors of a new program of ours: all there are but for the standard ones.
inline constexpr int role_socket = 3;
inline constexpr int role_memory = 4;
inline constexpr int role_bell = 5;

/// This process began as a server or a worker, or was forked from one: pools that are made with its global objects
/// sleep until they are used.
bool has_role() noexcept;

/// Whether new programs of ours can find their role before main: not when simul came into the program by dlopen.
bool can_take_role() noexcept;

} // namespace simul::detail
