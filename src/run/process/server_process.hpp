// SPDX-License-Identifier: MIT
//
// The fork server, as the pool holds it.
#pragma once

#include "run/process/message.hpp"

#include <simul/run/process_pool.hpp>

namespace simul::detail {

class server_process {
public:
    /// *Throws:* `error` when it can't be started.
    server_process(start_method method, int memory, int bell, std::uint64_t memory_limit);
    /// Ends it with its workers, and waits until they have ended.
    ~server_process();
    server_process(const server_process&) = delete;
    server_process& operator=(const server_process&) = delete;

    /// To wait for its messages.
    int socket() const noexcept { return socket_.get(); }
    received next_message() noexcept { return receive_message(socket_.get(), false); }

    /// The answer comes as a message. Nothing happens when the server is gone: that comes as a message too.
    void start_worker(unsigned seat, unsigned life, int workers_socket) noexcept;

private:
    unique_fd socket_;
    pid_t pid_ = 0;
    unique_fd pidfd_;
};

/// Kills the process behind a pidfd; of one that has ended already, nothing is left to kill.
void kill_process(int pidfd) noexcept;
/// False when it has not ended in time.
bool wait_for_end(int pidfd, duration limit) noexcept;

} // namespace simul::detail
