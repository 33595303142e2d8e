// SPDX-License-Identifier: MIT
//
// thread_pool: many threads that share tasks and jobs by stealing; each is a loop too.
//
//     simul::thread_pool pool;                                       // one worker per usable CPU
//     simul::future<int> one = pool.submit(crunch, block);           // any function; arguments are moved in
//     simul::future<int> two = pool.submit(tree_sum(root));          // a task: its gathers run in parallel there
//     std::vector<image> small = co_await pool.map(shrink, images, {.chunk = 16});
//
// Whatever has not begun may be taken by any worker: jobs, spawned tasks, the branches of a `gather`. What has begun stays
// where it is: a task runs on one thread from its first step to its last, so it may wait for timers and I/O as on any
// loop, and never finds itself in another thread after a `co_await`. Workers without work sleep.
//
// A job (a plain function) may block, also in `.result()`; its worker goes on with the tasks that it has begun meanwhile,
// and takes new work when every other worker is blocked too. A job that waits for itself gets `deadlock_error`.
//
// *Cancel:* what has not begun is dropped; a task gets `cancelled` at its wait; a job that runs can't be stopped.
// *Threads:* all of it may be used from any thread, also from the pool's own.
// *Lifetime:* the destructor waits until everything submitted has ended.
#pragma once

#include <simul/detail/newcomer.hpp>
#include <simul/detail/pool_options.hpp>
#include <simul/run/loop.hpp>
#include <simul/task/gather.hpp>
#include <simul/task/spawn.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <iterator>
#include <memory>
#include <source_location>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace simul {

struct thread_pool_options {
    std::size_t threads = 0;                       ///< 0: cpu_count()
    std::string name = "pool";                     ///< the threads are called "pool-1", ...
    simul::backend backend = backend::automatic;   ///< not sim: threads can't share virtual time
    bool debug = false;
};

namespace detail {

/// While a job runs in a pool: it may block.
class job_scope {
public:
    job_scope() noexcept;
    ~job_scope();
    job_scope(const job_scope&) = delete;
    job_scope& operator=(const job_scope&) = delete;

private:
    executor* pool_; ///< null elsewhere
};

template <class Fn, class... Args> using job_result = std::remove_cv_t<std::invoke_result_t<Fn, Args...>>;

template <class Fn, class... Args>
concept job_function = std::invocable<Fn, Args...> && !awaitable<std::invoke_result_t<Fn, Args...>>;

template <class Fn, class... Args> task<job_result<Fn, Args...>> run_job(Fn fn, Args... args)
{
    const job_scope scope;
    co_return static_cast<Fn&&>(fn)(static_cast<Args&&>(args)...);
}

} // namespace detail

class thread_pool {
public:
    /// *Throws:* `error` when the system has no room for another thread.
    explicit thread_pool(thread_pool_options options = {}) : thread_pool(std::move(options), [] {}) {}
    /// Each thread calls `initializer()` before its first work. *Throws:* what that throws, and no pool is made.
    template <std::invocable Fn>
    thread_pool(thread_pool_options options, Fn initializer)
        : parts_(begin(std::move(options), [](void* fn) { (*static_cast<Fn*>(fn))(); }, &initializer))
    {
    }
    thread_pool(const thread_pool&) = delete;
    thread_pool& operator=(const thread_pool&) = delete;

    /// Runs `fn(args...)` on a worker. *Throws:* `closed_error` after `shutdown`.
    template <class Fn, class... Args>
        requires(!detail::awaitable<Fn>) && detail::job_function<Fn, Args...>
    auto submit(Fn fn, Args... args) -> future<detail::job_result<Fn, Args...>>
    {
        detail::refuse_null(fn);
        return submit(detail::run_job<Fn, Args...>(std::move(fn), std::move(args)...));
    }
    /// Runs a task there. *Throws:* `closed_error` after `shutdown`.
    template <class T> future<T> submit(task<T> work, std::source_location at = std::source_location::current())
    {
        return enter(*new detail::newcomer<detail::spawned<T>>(std::move(work)), &at);
    }
    /// Runs the task that `fn(args...)` returns; function and arguments are kept until it has ended.
    template <class Fn, class... Args>
        requires(!detail::awaitable<Fn>) && detail::task_function<Fn, Args...>
    auto submit(Fn fn, Args... args) -> future<detail::result_of<detail::call_result<Fn, Args...>>>
    {
        using T = detail::result_of<detail::call_result<Fn, Args...>>;
        detail::refuse_null(fn);
        using flight = detail::flight_of_call<detail::newcomer<detail::spawned<T>>, Fn, Args...>;
        return enter<T>(*new flight(std::move(fn), std::move(args)...), nullptr);
    }

    /// `fn` of each element, in their order; the first error cancels the rest. The range is walked in a worker, and kept
    /// there: a reference for a named one.
    template <class Fn, class Range> auto map(Fn fn, Range&& elements, map_options options = {});

    std::size_t size() const noexcept; ///< workers
    /// Tasks and jobs that were submitted or spawned here and have not ended.
    std::size_t unfinished() const noexcept;

    /// Takes nothing more; done when all that was submitted has ended. Await it, or ask for its `.result()`.
    future<> shutdown(shutdown_options options = {});

private:
    struct parts;

    template <class T> future<T> enter(detail::newcomer<detail::spawned<T>>& made, const std::source_location* at)
    {
        future<T> handle(made);
        made.set_out();
        made.be_offered(counter(), at);
        if (!offer(made)) {
            counter().count_root(-1);
            made.turn_back(detail::failure::cancellation());
            throw closed_error("thread_pool::submit: the pool is shut down");
        }
        return handle;
    }
    static std::shared_ptr<parts> begin(thread_pool_options options, void (*initialize)(void*), void* with);
    bool offer(detail::context& work) noexcept;
    detail::shared_work& counter() noexcept;

    const std::shared_ptr<parts> parts_; ///< only ours; shared_ptr, as its type is private to the source
};

// ---- map

namespace detail {

template <class Fn, class Range>
using returned_for_element = std::invoke_result_t<Fn&, decltype(*std::begin(std::declval<std::remove_reference_t<Range>&>()))>;
template <class Fn, class Range>
using mapped = std::conditional_t<std::is_void_v<returned_for_element<Fn, Range>>, void,
                                  std::vector<std::decay_t<returned_for_element<Fn, Range>>>>;

template <class Results, class Fn, class Iterator> task<Results> map_piece(Fn& fn, Iterator from, std::size_t count)
{
    const job_scope scope;
    if constexpr (std::is_void_v<Results>) {
        for (; count > 0; --count, ++from)
            static_cast<void>(fn(*from));
        co_return;
    } else {
        Results results;
        results.reserve(count);
        for (; count > 0; --count, ++from)
            results.push_back(fn(*from));
        co_return results;
    }
}

template <class Fn, class Range>
task<mapped<Fn, Range>> map_all(Fn fn, Range elements, std::size_t chunk, std::size_t workers)
{
    using results = mapped<Fn, Range>;
    auto from = std::begin(elements);
    const auto size = static_cast<std::size_t>(std::distance(from, std::end(elements)));
    if (chunk == 0)
        chunk = size / (4 * workers) + 1;
    std::vector<task<results>> pieces;
    for (std::size_t begun = 0; begun < size; begun += chunk) {
        const std::size_t count = std::min(chunk, size - begun);
        pieces.push_back(map_piece<results>(fn, from, count));
        std::advance(from, static_cast<std::ptrdiff_t>(count));
    }
    if constexpr (std::is_void_v<results>) {
        co_await gather(std::move(pieces));
    } else {
        results all;
        all.reserve(size);
        for (results& each : co_await gather(std::move(pieces)))
            std::move(each.begin(), each.end(), std::back_inserter(all));
        co_return all;
    }
}

} // namespace detail

template <class Fn, class Range> auto thread_pool::map(Fn fn, Range&& elements, map_options options)
{
    detail::refuse_null(fn);
    return submit(detail::map_all<Fn, Range>(std::move(fn), std::forward<Range>(elements), options.chunk, size()));
}

} // namespace simul
