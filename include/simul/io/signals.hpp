// SPDX-License-Identifier: MIT
//
// Signals as something to wait for.
//
//     int which = co_await simul::next_signal({SIGTERM, SIGHUP});      // once
//
//     simul::signals asked({SIGHUP, SIGTERM});                         // again and again, none missed in between
//     while (co_await asked.next() == SIGHUP)
//         reload();
//
// While somebody waits or a `signals` lives, the process doesn't do what it otherwise does with these signals; after the
// last one, what was set before is set again. Any number may be interested in one signal: each of them gets it. A signal
// belongs to one loop at a time.
#pragma once

#include <simul/task/task.hpp>

#include <memory>
#include <string>
#include <vector>

namespace simul {
namespace detail {
class signal_interest;
}

class signals {
public:
    /// From now on. *Throws:* `error` when one of them can't be caught, or belongs to another loop.
    explicit signals(std::vector<int> numbers);
    signals(signals&&) noexcept;
    signals& operator=(signals&&) noexcept;
    /// Who still waits gets `invalid_state`.
    ~signals();

    /// The next one that arrives, or that arrived since the last call: several of one kind may count as one, of several
    /// kinds the lowest number comes first. Of several tasks that wait here, the first gets it.
    /// *Cancel:* no signal is lost. *Throws:* `closed_error` when the loop is closed.
    task<int> next();

private:
    std::unique_ptr<detail::signal_interest> interest_;
};

/// Waits for one of them, from the first wait on: what arrives before is done with as before. `signals` misses nothing.
task<int> next_signal(std::vector<int> numbers);

/// "SIGTERM"; "signal 40" of one that has no name.
std::string signal_name(int number);

} // namespace simul
