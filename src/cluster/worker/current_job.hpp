// SPDX-License-Identifier: MIT
//
// current_job: what simul/cluster/this_job.hpp tells, in a process of the pool and in a coroutine of the worker.
#pragma once

#include <simul/base/time.hpp>
#include <simul/text/json.hpp>

#include <memory>
#include <string>

namespace simul::cluster::detail {

struct job_identity {
    std::string id = {};
    std::string name = {};
    unsigned retries = 0;
};

class current_job {
public:
    explicit current_job(job_identity whose) : identity(std::move(whose)) {}
    current_job(const current_job&) = delete;
    current_job& operator=(const current_job&) = delete;
    virtual ~current_job() = default;

    virtual void progress(json::value state) = 0;

    const job_identity identity;
};

/// From here on, and in all that is started from here, this is the job. Shared, since what a job starts may outlive it.
void set_current_job(std::shared_ptr<current_job> is);
/// Outside of tasks: it is the only one of this process.
void set_job_of_process(current_job* is) noexcept;

/// What `this_job::retry` throws.
struct retry_wanted {
    duration after;
};

} // namespace simul::cluster::detail
