// SPDX-License-Identifier: MIT
//
// Which loop gets which signal. The handler only sets a bit and wakes the loop; the loop calls the callback.
#pragma once

#include <simul/run/loop.hpp>

namespace simul::detail {

/// Installs a handler that tells this loop. *Throws:* `error` when the signal can't be caught or has a loop already.
void route_signal(int number, loop::parts& to);
/// The next one goes to the loop, those after it do what they do by default; until it is routed again.
void handle_only_once(int number) noexcept;
/// Restores what was before.
void unroute_signal(int number) noexcept;

/// Whether this is the thread that the process began with.
bool in_main_thread() noexcept;

/// Whether the process does with this signal what it does by default.
bool has_default_action(int number) noexcept;
/// Does so now: for the default action of SIGINT, ends the process.
void take_default_action(int number) noexcept;

} // namespace simul::detail
