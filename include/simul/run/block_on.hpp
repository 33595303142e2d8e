// SPDX-License-Identifier: MIT
//
// block_on: wait for anything that can be awaited, from a plain thread.
//
//     simul::queue<job> jobs;                              // filled by tasks
//     std::thread worker([&] {
//         while (auto next = simul::block_on(simul::move_on_after(1s, jobs.get())))
//             work_at(*next);
//     });
//
// So every lock, queue and channel has a form that blocks, and all that can be made of awaitables (`timeout`, `race`,
// `select`) has one too. What is there already is had without a detour; else the thread runs a loop of its own, which it
// makes the first time and keeps: 0.1 µs a call beyond the wait.
#pragma once

#include <simul/detail/had_at_once.hpp>
#include <simul/run/loop.hpp>

#include <concepts>
#include <source_location>
#include <type_traits>
#include <utility>

namespace simul {
namespace detail {

/// *Throws:* `deadlock_error` inside a loop.
void check_may_block(const char* operation);

/// The loop on which this plain thread waits.
class blocking_loop {
public:
    template <class T> static T run(task<T> work, const std::source_location& at)
    {
        loop& here = of_this_thread();
        future<T> flight = here.launch(std::move(work), at);
        finish(here, flight.shared_state());
        return std::move(flight).result();
    }

private:
    static loop& of_this_thread();
    static void finish(loop& here, future_state_base& work);
};

} // namespace detail

/// Runs `work` to its end and gives its result; tasks that it started and left are cancelled and waited for.
/// *Throws:* what the work throws; `deadlock_error` inside a loop, which would stand still: `co_await` there.
template <detail::awaitable Awaitable>
detail::result_of<Awaitable> block_on(Awaitable&& work, std::source_location at = std::source_location::current())
{
    detail::check_may_block("block_on");
    if constexpr (detail::has_awaiter_functions<std::remove_cvref_t<Awaitable>>)
        if (detail::had_at_once(work))
            return work.await_resume();
    return detail::blocking_loop::run(detail::as_task(std::forward<Awaitable>(work)), at);
}

/// As `result()` of it.
template <class T> decltype(auto) block_on(future<T>& work)
{
    return work.result();
}
template <class T> decltype(auto) block_on(future<T>&& work)
{
    return std::move(work).result();
}

/// Calls `fn`, which returns a task, and keeps it as long as that runs.
template <class Fn>
    requires(!detail::awaitable<Fn>) && detail::task_function<Fn>
auto block_on(Fn fn, std::source_location at = std::source_location::current())
{
    detail::check_may_block("block_on");
    return detail::blocking_loop::run(detail::call_and_keep(std::move(fn)), at);
}

} // namespace simul
