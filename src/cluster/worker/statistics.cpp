// SPDX-License-Identifier: MIT
#include "statistics.hpp"

#include <simul/task/this_task.hpp>

#include <chrono>
#include <fmt/format.h>
#include <iterator>

namespace simul::cluster::detail {
namespace {

template <class T> void add_number(std::string& to, std::string_view name, std::string_view kind, std::string_view help, T value)
{
    fmt::format_to(std::back_inserter(to), "# HELP simul_worker_{0} {1}\n# TYPE simul_worker_{0} {2}\nsimul_worker_{0} {3}\n",
                   name, help, kind, value);
}

} // namespace

statistics::statistics() : began_(now())
{
}

void statistics::ended(std::string_view state, duration took)
{
    ++by_state_.try_emplace(std::string(state)).first->second;
    if (took == duration::zero())
        return;
    const double seconds = std::chrono::duration<double>(took).count();
    for (std::size_t i = 0; i < limits.size(); ++i)
        up_to_[i] += seconds <= limits[i];
    ++timed_;
    seconds_ += seconds;
}

duration statistics::uptime() const
{
    return now() - began_;
}

std::string statistics::text(const worker_gauges& now) const
{
    std::string made = "# HELP simul_worker_jobs_total Jobs that ended, by state.\n# TYPE simul_worker_jobs_total counter\n";
    const auto out = std::back_inserter(made);
    for (const auto& [state, count] : by_state_)
        fmt::format_to(out, "simul_worker_jobs_total{{state=\"{}\"}} {}\n", state, count);
    add_number(made, "running", "gauge", "Jobs that run.", now.running);
    add_number(made, "reserved", "gauge", "Jobs that wait for a process, or for their turn.", now.reserved);
    add_number(made, "scheduled", "gauge", "Jobs that wait for their time.", now.scheduled);
    add_number(made, "reconnects_total", "counter", "How often the broker was connected to again.", now.reconnects);
    made += "# HELP simul_worker_job_seconds How long jobs took.\n# TYPE simul_worker_job_seconds histogram\n";
    for (std::size_t i = 0; i < limits.size(); ++i)
        fmt::format_to(out, "simul_worker_job_seconds_bucket{{le=\"{}\"}} {}\n", limits[i], up_to_[i]);
    fmt::format_to(out,
                   "simul_worker_job_seconds_bucket{{le=\"+Inf\"}} {0}\nsimul_worker_job_seconds_sum {1}\n"
                   "simul_worker_job_seconds_count {0}\n",
                   timed_, seconds_);
    return made;
}

} // namespace simul::cluster::detail
