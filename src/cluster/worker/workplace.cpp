// SPDX-License-Identifier: MIT
#include "workplace.hpp"

#include <simul/cluster/job.hpp>
#include <simul/run/cpu_count.hpp>

#include <algorithm>
#include <utility>

namespace simul::cluster::detail {
namespace {

constexpr unsigned runs_after_death = 2; // of a job whose process died: it need not have been the job's fault

bool has_functions()
{
    return !std::ranges::all_of(any_job::all(), &any_job::is_coroutine);
}

/// For jobs of both kinds, where there are some: those that run, and for functions those that are taken ahead.
std::size_t room_of(const worker_options& options, std::size_t concurrency)
{
    std::size_t room = has_functions() ? concurrency * std::max<std::size_t>(1, options.prefetch) : 0;
    if (std::ranges::any_of(any_job::all(), &any_job::is_coroutine))
        room += options.coroutines;
    return room;
}

} // namespace

workplace::workplace(worker_options given, std::string called, broker& connected, results* kept)
    : options(std::move(given)), node(std::move(called)),
      concurrency(options.concurrency > 0 ? options.concurrency : cpu_count()),
      room(room_of(options, concurrency)), by(connected), to(kept),
      queues(options.queues), seats(static_cast<std::ptrdiff_t>(concurrency)),
      coroutines(static_cast<std::ptrdiff_t>(std::max<std::size_t>(1, options.coroutines))),
      events(by, node, options.events)
{
    if (has_functions())
        processes.emplace(process_pool_options{.workers = concurrency,
                                               .initializer = options.initializer,
                                               .max_tasks_per_worker = options.max_jobs_per_process,
                                               .memory_limit = options.memory_limit,
                                               .retry = runs_after_death});
}

std::size_t workplace::count(phase at) const noexcept
{
    return static_cast<std::size_t>(std::ranges::count(jobs, at, &held_job::at));
}

worker_gauges workplace::gauges() const noexcept
{
    return {.running = count(phase::active),
            .reserved = count(phase::reserved),
            .scheduled = count(phase::scheduled),
            .reconnects = by.reconnects()};
}

std::size_t workplace::prefetch() const noexcept
{
    return room + count(phase::scheduled);
}

task<> workplace::adjust_prefetch()
{
    co_await by.consume({}, prefetch());
}

} // namespace simul::cluster::detail
