// SPDX-License-Identifier: MIT
//
// process_pool: functions, in other processes.
//
//     simul::process_pool processes;                                    // one worker per usable CPU
//     auto power = processes.submit(raise, 2, 1000);                    // future<bigint>
//     auto slow = processes.submit({.timeout = 2s}, crunch, block);     // its worker is ended after 2 s
//     auto pages = co_await processes.map(parse, files, {.chunk = 16}); // vector, in order
//
// A job is a function or a captureless lambda. Arguments and results are copied: they are what `codec` knows, and large
// ones cross as memory, without a copy on the way. A job that crashes, leaves or is killed takes only its own worker
// with it: its future gets `worker_died`, another worker takes the seat, and nobody else notices.
//
// Workers are forked from a small server, which is this program again, but with one thread and without `main`: what
// they know is what global objects are initialised to. They print to where this process prints, read nothing, and end
// with it, however it ends.
//
// Costs: the server, about 1 ms to start; a thread; half a megabyte of shared memory a worker; per job about a microsecond,
// or ten when everybody sleeps. Idle workers use no CPU.
#pragma once

#include <simul/detail/pool_options.hpp>
#include <simul/detail/process_call.hpp>
#include <simul/detail/refuse_null.hpp>
#include <simul/task/future.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iterator>
#include <memory>
#include <ranges>
#include <type_traits>
#include <utility>
#include <vector>

namespace simul {

/// Where workers come from. `fork_server`: forks of a small clean process. `spawn`: each begins as a new program, so
/// nothing is shared; some ms each. `fork`: copies of this process as it is when the pool is made, with all its data;
/// only safe while no other thread runs.
enum class start_method : std::uint8_t { fork_server, spawn, fork };

struct process_pool_options {
    std::size_t workers = 0; ///< 0: `cpu_count()`
    start_method start = start_method::fork_server;
    void (*initializer)() = nullptr;   ///< called first in each worker
    unsigned max_tasks_per_worker = 0; ///< then it is replaced; 0: never
    std::size_t memory_limit = 0;      ///< bytes of data a worker may have, then it gets `bad_alloc`; 0: no limit
    unsigned retry = 0;                ///< how often a job is begun again whose worker died
};

struct job_options {
    /// From when it begins; then its worker is ended, and it fails with `timeout_error`.
    duration timeout = duration::max();
};

/// Worker processes, and the jobs given to them. *Threads:* usable from all at once, in and outside of loops.
class process_pool {
public:
    /// *Throws:* `error` when the server can't be started.
    explicit process_pool(process_pool_options options = {});
    /// Waits for all jobs, then for the processes to end.
    ~process_pool();
    process_pool(const process_pool&) = delete;
    process_pool& operator=(const process_pool&) = delete;

    /// Calls `fn(args...)` in a worker. An argument that can't be encoded fails the future, not this call.
    /// *Cancel:* a job that has not begun never does; of one that has, the worker is ended.
    /// *Throws:* `closed_error` after `shutdown`; `broken_pool`; `invalid_state` in a forked child of the pool's
    /// process.
    template <class Fn, class... Args>
        requires(!std::same_as<std::decay_t<Fn>, job_options>)
    auto submit(Fn&& fn, Args&&... args)
    {
        return submit(job_options{}, std::forward<Fn>(fn), std::forward<Args>(args)...);
    }
    template <class Fn, class... Args> auto submit(job_options options, Fn&& fn, Args&&... args)
    {
        using F = std::decay_t<Fn>;
        detail::check_function<F>();
        using signature = detail::signature_of<F, Args...>;
        detail::check_arguments<signature>();
        static_assert(signature::size == sizeof...(Args), "simul: the function takes another number of arguments");
        using R = typename signature::result;
        detail::refuse_null(fn);

        constexpr detail::remote_call call = detail::run_call<F, signature>;
        auto* const job = new detail::process_call<R>(*core_, detail::name_of_call<F>(fn, call));
        future<R> flight(*job);
        job->timeout = options.timeout;
        try {
            encoder out(job->arguments.small());
            detail::put_call<F>(out, fn, call);
            // What has to be converted is kept until it is encoded; what has not stays where it is.
            const detail::converted_arguments<typename signature::arguments, Args...> converted{{args...}};
            out.put_lasting(converted.values);
            job->arguments.keep(out);
        } catch (...) {
            job->fail(std::current_exception());
            return flight;
        }
        job->start(*core_);
        return flight;
    }

    /// `fn(element)` for each of `inputs`, several to a job; the results in order. The first error cancels what is left
    /// of it.
    template <class Fn, std::ranges::input_range Range> auto map(Fn&& fn, Range&& inputs, map_options options = {})
    {
        using F = std::decay_t<Fn>;
        detail::check_function<F>();
        using signature = detail::signature_of<F, std::ranges::range_reference_t<Range>>;
        detail::check_arguments<signature>();
        static_assert(signature::size == 1, "simul: the function that maps takes one argument");
        using arguments = typename signature::arguments;
        detail::refuse_null(fn);

        constexpr detail::remote_call call = detail::run_chunk<F, signature>;
        auto* const job =
            new detail::process_map<typename signature::result>(*core_, detail::name_of_call<F>(fn, call));
        future<typename std::remove_pointer_t<decltype(job)>::value_type> flight(*job);
        try {
            const std::size_t chunk = options.chunk > 0 ? options.chunk : chunk_of(inputs);
            std::vector<arguments> waiting;
            const auto pack = [&] {
                detail::process_job& packed = job->add();
                encoder out(packed.arguments.small());
                detail::put_call<F>(out, fn, call);
                out.put_lasting(waiting);
                packed.arguments.keep(out);
                waiting.clear();
            };
            for (auto&& each : inputs) {
                waiting.emplace_back(std::forward<decltype(each)>(each));
                if (waiting.size() == chunk)
                    pack();
            }
            if (!waiting.empty())
                pack();
        } catch (...) {
            job->refuse(std::current_exception());
            return flight;
        }
        job->start(*core_);
        return flight;
    }

    std::size_t size() const noexcept; ///< workers
    /// Of the workers that are there now, for monitors; one that begins or ends may be missing.
    std::vector<int> pids() const;

    /// Takes no more jobs; done when all jobs, and then the processes, have ended. Await it, or ask for its
    /// `.result()`.
    future<> shutdown(shutdown_options options = {});

private:
    template <class Range> std::size_t chunk_of(Range& inputs) const
    {
        if constexpr (std::ranges::forward_range<Range>) {
            const std::size_t jobs = std::size_t{4} * size();
            return std::max<std::size_t>(1,
                                         (static_cast<std::size_t>(std::ranges::distance(inputs)) + jobs - 1) / jobs);
        } else {
            return 1;
        }
    }

    std::unique_ptr<detail::pool_core> core_;
};

} // namespace simul
