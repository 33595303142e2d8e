// SPDX-License-Identifier: MIT
//
// job_call: a job's arguments on their way to where it runs, and what comes back: the same for functions, in a process of
// the pool, and for coroutines, in the worker's loop.
#pragma once

#include "../request.hpp"
#include "current_job.hpp"

#include <simul/cluster/job.hpp>
#include <simul/task/task.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace simul::cluster::detail {

/// Celery's own jobs call others for many arguments: each of `it` is the one argument (map), or a list of them (starmap).
enum class call_shape : std::uint8_t { once, map, starmap, chunks };

/// What a request calls.
struct job_target {
    const any_job* job = nullptr; ///< null: there is none of this name
    call_shape shape = call_shape::once;
};
/// *Throws:* `error` when two jobs have the name.
job_target find_target(const request& asked);

/// All of it can travel to another process, where the job is found by its name.
struct job_call {
    std::string job;
    call_shape shape = call_shape::once;
    std::string args;   ///< JSON
    std::string kwargs; ///< JSON
    job_identity identity;
    std::string progress_to; ///< see progress.hpp
};
job_call make_call(const job_target& target, const request& asked, std::string_view progress_to);

enum class job_end : std::uint8_t {
    returned,
    failed,
    refused,   ///< its arguments don't fit: they never will
    again,     ///< it wants to be begun again
    timed_out, ///< at its time limit, which ended it
    lost,      ///< its process died, more than once
};

struct job_reply {
    job_end end = job_end::returned;
    std::string result = {}; ///< JSON: what it returned; else {exc_type, exc_message, exc_module}
    std::string traceback = {};
    duration after{}; ///< of `again`
};

/// Of a function, in a process.
job_reply run_job(const job_call& call);
/// Of a coroutine, in the loop.
task<job_reply> start_job(job_call call, std::shared_ptr<current_job> as);

/// An error of the job, or of who runs it.
job_reply reply_of(const std::exception_ptr& error);

} // namespace simul::cluster::detail
