// SPDX-License-Identifier: MIT
//
// For what lives by a task of its own, which keeps it alive: whatever ends that task, nobody waits for ever.
#pragma once

namespace simul::db::detail {

/// In the frame of that task. `Living` has `task_ended()`.
template <class Living> class until_task_ends {
public:
    explicit until_task_ends(Living& of) noexcept : of_(of) {}
    until_task_ends(const until_task_ends&) = delete;
    until_task_ends& operator=(const until_task_ends&) = delete;
    ~until_task_ends() { of_.task_ended(); }

private:
    Living& of_;
};

} // namespace simul::db::detail
