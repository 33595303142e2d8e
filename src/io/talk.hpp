// SPDX-License-Identifier: MIT
//
// What clients of protocols share that keep a connection open: a task that reads and one that writes, while the
// connection lasts; and what they leave behind.
#pragma once

#include <simul/io/stream.hpp>
#include <simul/task/task.hpp>

namespace simul::detail {

/// Runs both until one fails, and aborts the stream. *Throws:* why. *Lifetime:* the stream.
task<> talk(stream& over, task<> reading, task<> writing);

/// For what lives by a task of its own, which keeps it alive: whatever ends that task, nobody waits for ever. In the frame
/// of that task; `Living` has `task_ended()`.
template <class Living> class until_task_ends {
public:
    explicit until_task_ends(Living& of) noexcept : of_(of) {}
    until_task_ends(const until_task_ends&) = delete;
    until_task_ends& operator=(const until_task_ends&) = delete;
    ~until_task_ends() { of_.task_ended(); }

private:
    Living& of_;
};

} // namespace simul::detail
