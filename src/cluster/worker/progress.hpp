// SPDX-License-Identifier: MIT
//
// How a job in another process tells the worker how far it is: by a connection to a Unix socket for each message. The
// address travels with the call, with a word that only the worker's own processes know: others may find the socket.
#pragma once

#include "current_job.hpp"

#include <simul/io/listener.hpp>
#include <simul/task/queue.hpp>
#include <simul/task/task.hpp>
#include <simul/text/json.hpp>

#include <optional>
#include <string>

namespace simul::cluster::detail {

struct progress_note {
    std::string id; ///< of the job
    json::value state;
};

/// The worker's side. Notes of coroutines, which are in its own process, are put into the same queue.
class progress_notes {
public:
    /// Listens; in virtual time nobody would hear it, and no process does.
    progress_notes();

    const std::string& address() const noexcept { return address_; }
    void add(progress_note note) { notes_.try_put(std::move(note)); }
    task<progress_note> next();
    /// Until it is cancelled.
    task<> receive();

private:
    task<> receive_one(stream peer);

    std::string address_;
    std::string word_;
    listener door_;
    queue<progress_note> notes_;
};

/// The process's side: while it lives, this job runs here.
class running_in_process final : current_job {
public:
    running_in_process(job_identity whose, std::string progress_to) : current_job(std::move(whose)), to_(std::move(progress_to))
    {
        set_job_of_process(this);
    }
    ~running_in_process() override { set_job_of_process(nullptr); }

    void progress(json::value state) override;

private:
    std::string to_;
};

} // namespace simul::cluster::detail
