// SPDX-License-Identifier: MIT
//
// worker: runs jobs for others, who ask for them by name through a broker.
//
//     inline simul::cluster::job<&area> area_job{"img.area", {"image", "factor"}};
//
//     int main() { simul::run(simul::cluster::run_worker("redis://localhost", {.queues = {"images"}})); }
//
// It does what this program has as jobs (simul/cluster/job.hpp): functions in the processes of a pool, coroutines on its
// loop. A job is acknowledged when its result is stored, so one whose worker dies is done by another; one that kills
// whoever takes it is given up after some deaths. Clients, monitors and `celery inspect` see a Celery worker.
//
// The first SIGTERM or Ctrl-C ends it when what runs is done; the second gives that back to the broker, too.
#pragma once

#include <simul/base/time.hpp>
#include <simul/io/tls.hpp>
#include <simul/task/task.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace simul::cluster {

/// What became of a job, for a log.
struct job_report {
    std::string_view id, name;
    std::string_view state; ///< SUCCESS, FAILURE, RETRY, REVOKED
    std::string_view error; ///< "ValueError: too large"; empty: none
    duration took{};        ///< from its begin; zero if it never began
};

struct worker_options {
    std::string name = {};                       ///< "mine@host", as no other has it; empty: made of the process id
    std::vector<std::string> queues = {"celery"};
    std::string default_queue = "celery";        ///< of jobs that follow another and don't say which
    std::size_t concurrency = 0;                 ///< processes for functions; 0: `cpu_count()`
    std::size_t coroutines = 100;                ///< jobs at once that are coroutines
    std::size_t prefetch = 4;                    ///< for each process, so many jobs are taken ahead
    bool events = false;                         ///< tells monitors of each job, not only when one asks for it
    std::string metrics = {};                    ///< where Prometheus finds numbers: "127.0.0.1:9540"; empty: nowhere
    duration grace = duration::max();            ///< for what runs, when it is asked to end; then it is given back

    std::string results = {};                    ///< URL; empty: where the broker is; "none": nowhere
    duration result_expires = std::chrono::hours(24);

    // Of the broker.
    duration visibility_timeout = std::chrono::hours(1); ///< Redis: after so long without a word from it, a worker is dead
    unsigned delivery_cap = 5;                   ///< so often a job may kill its worker; 0: for ever
    std::string key_prefix = {};                 ///< Redis: before each key, Celery's `global_keyprefix`
    bool quorum_queues = false;                  ///< RabbitMQ: its queues are declared so
    std::optional<int> max_priority = {};        ///< RabbitMQ: of its queues
    tls::client_options tls = {};

    // Of the processes.
    unsigned max_jobs_per_process = 0;           ///< then it is replaced; 0: never
    std::size_t memory_limit = 0;                ///< bytes that a process may have, then it gets `bad_alloc`; 0: no limit
    void (*initializer)() = nullptr;             ///< called first in each process

    void (*on_ready)(std::string_view name) = nullptr; ///< it takes jobs from now on
    void (*on_done)(const job_report& done) = nullptr; ///< in the loop: it must not block
};

/// Works until it is asked to end: by SIGTERM in the main thread, by `celery control shutdown`, or cancelled: then
/// `cancelled` is raised in the end. Asked a second time, it waits for no job. It outlives the broker's restarts.
/// *Throws:* `error` for a URL that is wrong or a broker that isn't there; when there are no jobs to do.
task<> run_worker(std::string broker, worker_options options = {});

} // namespace simul::cluster
