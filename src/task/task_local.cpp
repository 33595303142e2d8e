// SPDX-License-Identifier: MIT
#include <simul/base/error.hpp>
#include <simul/detail/executor.hpp>
#include <simul/detail/job_locals.hpp>
#include <simul/task/task_local.hpp>

namespace simul::detail {
namespace {

constinit thread_local task_local_value** job_of_this_thread = nullptr;

/// The list that belongs here; null in callbacks and in threads that do no job.
task_local_value** locals_here() noexcept
{
    if (const executor* const here = executor::current())
        return here->running() ? &here->running()->locals : nullptr;
    return locals_of_job();
}

} // namespace

// noinline: an inlined copy could keep the address of the thread's slot across a suspension that changes threads.
[[gnu::noinline]] task_local_value**& locals_of_job() noexcept
{
    return job_of_this_thread;
}

task_local_value* inherited_locals() noexcept
{
    task_local_value** const list = locals_here();
    return list && *list ? share(*list) : nullptr;
}

const task_local_value* find_task_local(const void* key) noexcept
{
    task_local_value** const list = locals_here();
    for (const task_local_value* each = list ? *list : nullptr; each; each = each->older)
        if (each->key == key)
            return each;
    return nullptr;
}

task_local_value*& task_locals_to_set()
{
    task_local_value** const list = locals_here();
    if (!list)
        throw invalid_state("task_local::set was called outside of a task");
    return *list;
}

} // namespace simul::detail
