// SPDX-License-Identifier: MIT
//
// workplace: what the parts of a worker share.
#pragma once

#include "../broker.hpp"
#include "../results.hpp"
#include "events.hpp"
#include "held_job.hpp"
#include "progress.hpp"
#include "revoked_ids.hpp"
#include "statistics.hpp"

#include <simul/cluster/worker.hpp>
#include <simul/run/process_pool.hpp>
#include <simul/task/event.hpp>
#include <simul/task/rate_limiter.hpp>
#include <simul/task/semaphore.hpp>

#include <cstddef>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace simul::cluster::detail {

/// In seconds.
struct time_limits {
    std::optional<double> hard, soft;
};

struct workplace {
    workplace(worker_options given, std::string called, broker& connected, results* kept);
    workplace(const workplace&) = delete;
    workplace& operator=(const workplace&) = delete;

    std::size_t count(phase at) const noexcept;
    worker_gauges gauges() const noexcept;
    /// So many jobs may be here: those that only wait for their time take no room.
    std::size_t prefetch() const noexcept;
    task<> adjust_prefetch();

    const worker_options options;
    const std::string node; ///< "name@host"
    const std::size_t concurrency;
    const std::size_t room; ///< for jobs, beside those that wait for their time
    broker& by;
    results* const to; ///< null: results are kept nowhere

    std::vector<std::string> queues;
    held_jobs jobs;
    event job_left; ///< one of them is done
    std::optional<process_pool> processes; ///< none where no job is a function
    semaphore seats;      ///< of processes
    semaphore coroutines;
    progress_notes notes;
    revoked_ids revoked;
    statistics numbers;
    event_sender events;

    // As `celery control` sets them, by the job's name.
    std::map<std::string, std::shared_ptr<rate_limiter>> rates;
    std::map<std::string, time_limits> limits;

    event stop;     ///< ends when what runs is done
    event stop_now; ///< ends, and gives back what runs
    std::exception_ptr broken; ///< why it can't go on
};

} // namespace simul::cluster::detail
