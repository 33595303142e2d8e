// SPDX-License-Identifier: MIT
//
// What std::thread doesn't know about threads: their names, signals, and fork().
#pragma once

#include <string>
#include <thread>

namespace simul::detail {

/// What debuggers, `top -H` and /proc show: the first 15 bytes of it.
void name_this_thread(const std::string& name) noexcept;
void name_thread(std::thread& running, const std::string& name) noexcept;

/// A thread that handles no signals: those are for the program's own threads.
/// *Throws:* `std::system_error` when there can be no more threads.
std::thread start_without_signals(void (*run)(void*), void* with);

/// Calls it in every child of fork(), before that goes on.
void in_forked_children(void (*call)());

} // namespace simul::detail
