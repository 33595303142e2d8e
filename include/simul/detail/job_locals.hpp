// SPDX-License-Identifier: MIT
//
// The values of `task_local`s in a plain thread that does a job for a task.
#pragma once

#include <simul/detail/task_local_value.hpp>

#include <utility>

namespace simul::detail {

/// The list of the job that runs in this thread; null where none does.
task_local_value**& locals_of_job() noexcept;

/// A share of what the task, or the job, that runs here hands on to what it starts; null for nothing.
task_local_value* inherited_locals() noexcept;

/// Makes `list` that of this thread, for a scope.
class job_locals {
public:
    explicit job_locals(task_local_value*& list) noexcept : outer_(std::exchange(locals_of_job(), &list)) {}
    ~job_locals() { locals_of_job() = outer_; }
    job_locals(const job_locals&) = delete;
    job_locals& operator=(const job_locals&) = delete;

private:
    task_local_value** outer_;
};

} // namespace simul::detail
