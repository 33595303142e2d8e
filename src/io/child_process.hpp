// SPDX-License-Identifier: MIT
//
// A child process, from its start until it is reaped. Its loop polls its pidfd all the time, so it is reaped as soon as it
// has ended, whether somebody waits for it or not; it keeps itself alive until then.
//
//     running ──end──> ended            the loop reaps it
//        │ owner gone: killed ─end─────^
//        │ loop closes: killed, and reaped there and then
//        `─ loop closes, detached, or not ours to kill: left to the next start of a process, or to init
#pragma once

#include "run/backend/backend.hpp"
#include "run/loop_resource.hpp"
#include "run/process/start_process.hpp"

#include <simul/io/subprocess.hpp>
#include <simul/task/event.hpp>

#include <memory>
#include <optional>
#include <string>

namespace simul::detail {

class child_process final : loop_resource, operation {
    struct only_here {};

public:
    /// *Throws:* `error`: "start nosuch: No such file or directory".
    static std::shared_ptr<child_process> start(const process_setup& wanted);

    child_process(only_here, const process_setup& wanted);
    ~child_process();

    const std::string& name() const noexcept { return name_; }
    int pid() const noexcept { return pid_; }
    event& ended() noexcept { return ended_; }
    /// None before it was reaped.
    std::optional<exit_status> status() const noexcept;

    /// False when it has ended.
    bool send_signal(int number);
    bool signal_group(int number);

    /// Its owner goes.
    void abandon() noexcept;
    void detach() noexcept { detached_ = true; }

    /// *Throws:* `invalid_state` in another loop than its own.
    void check_loop(const char* operation) const;

private:
    void open_pidfd();
    void poll(std::shared_ptr<child_process> self) noexcept;
    void polled() noexcept;
    void poll_later(std::shared_ptr<child_process> self) noexcept;
    bool reap(bool wait) noexcept;
    int send(int number, unsigned flags) const noexcept;
    bool kill_now() noexcept;
    void loop_closes() noexcept override;

    std::string name_;
    int pid_ = 0;
    bool has_group_;
    bool detached_ = false;
    event ended_;
    exit_status status_;                  ///< once it has ended
    std::shared_ptr<child_process> self_; ///< while the backend has its operation
};

} // namespace simul::detail
