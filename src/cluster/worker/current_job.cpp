// SPDX-License-Identifier: MIT
#include "current_job.hpp"

#include <simul/base/error.hpp>
#include <simul/cluster/this_job.hpp>
#include <simul/task/task_local.hpp>

#include <utility>

namespace simul::cluster {
namespace detail {
namespace {

task_local<std::shared_ptr<current_job>> of_task;
current_job* of_process = nullptr;

current_job* current() noexcept
{
    current_job* const here = of_task.get().get();
    return here ? here : of_process;
}

const job_identity& identity() noexcept
{
    static const job_identity nobody;
    const current_job* const here = current();
    return here ? here->identity : nobody;
}

} // namespace

void set_current_job(std::shared_ptr<current_job> is)
{
    of_task.set(std::move(is));
}

void set_job_of_process(current_job* is) noexcept
{
    of_process = is;
}

} // namespace detail

namespace this_job {

bool running() noexcept
{
    return detail::current() != nullptr;
}
const std::string& id() noexcept
{
    return detail::identity().id;
}
const std::string& name() noexcept
{
    return detail::identity().name;
}
unsigned retries() noexcept
{
    return detail::identity().retries;
}

void progress(json::value state)
{
    if (detail::current_job* const here = detail::current())
        here->progress(std::move(state));
}

void retry(duration after)
{
    if (!running())
        throw invalid_state("this_job::retry: no worker runs this job, so nobody would begin it again");
    throw detail::retry_wanted{after};
}

} // namespace this_job
} // namespace simul::cluster
