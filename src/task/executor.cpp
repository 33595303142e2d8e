// SPDX-License-Identifier: MIT
#include <simul/base/error.hpp>
#include <simul/detail/executor.hpp>

#include <cstdio>
#include <utility>

namespace simul {
namespace {

constinit thread_local executor* executor_of_this_thread = nullptr;

std::string place(const std::source_location& at)
{
    return std::string(at.file_name()) + ":" + std::to_string(at.line());
}

} // namespace

executor::executor() noexcept : top_(*this, nullptr, std::source_location{}) {}
executor::~executor() = default;

// noinline: an inlined copy could keep the address of the thread's slot across a suspension that changes threads.
[[gnu::noinline]] executor* executor::current() noexcept
{
    return executor_of_this_thread;
}

[[gnu::noinline]] executor* executor::exchange_current(executor* now) noexcept
{
    return std::exchange(executor_of_this_thread, now);
}

std::coroutine_handle<> executor::next_shared() noexcept
{
    while (steps_left_ > 0) {
        detail::context* const newest = sharing_->pop();
        if (!newest)
            break;
        --steps_left_;
        if (const std::coroutine_handle<> begun = newest->taken_by(*this))
            return begun;
    }
    return std::noop_coroutine();
}

executor& executor::require(const char* operation)
{
    executor* const here = current();
    if (!here)
        throw invalid_state(std::string(operation) + " needs a running loop: call it from a task that simul::run runs");
    return *here;
}

std::string problem::text() const
{
    std::string lines = "simul: " + message;
    if (!task.empty())
        lines += "\n  task: " + task + (spawned_at.line() != 0 ? ", spawned at " + place(spawned_at) : "");
    if (error)
        lines += "\n  error: " + describe(error);
    for (const std::source_location& each : awaits)
        lines += std::string("\n    at ") + place(each) + " in " + each.function_name();
    return lines;
}

void detail::report(problem found) noexcept
{
    if (executor* const here = executor::current())
        here->report(std::move(found));
    else
        std::fprintf(stderr, "%s\n", found.text().c_str());
}

} // namespace simul
