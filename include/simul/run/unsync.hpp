// SPDX-License-Identifier: MIT
//
// unsync: functions whose calls run in the background, whatever they are, and give futures.
//
//     const auto fetch = simul::unsync([](std::string url) -> simul::task<page> { ... });   // on the ambient loop
//     const auto query = simul::unsync(legacy_query);                                       // in a thread, as by to_thread
//     const auto crunch = simul::unsync(raise, simul::in_processes);                        // in a process
//
//     auto a = fetch("https://example.org"), b = fetch("https://example.com");              // both are under way
//     use(a.result(), co_await b);
//
// For plain code that wants some concurrency without `main` being a coroutine. A call begins at once; its future is awaited
// on any loop, or asked for its `.result()` in any plain thread.
//
// The ambient loop is one loop in a thread of its own (`simul-ambient`), made by the first task that needs it. The end of the
// process cancels what runs there, and waits for it. The process pool is made likewise, and waits for its jobs.
//
// *Cancel:* of tasks as always; of plain functions as of `to_thread`; of jobs as of `process_pool`.
// *Threads:* one wrapped function may be called from all at once.
#pragma once

#include <simul/detail/refuse_null.hpp>
#include <simul/run/process_pool.hpp>
#include <simul/run/to_thread.hpp>
#include <simul/task/spawn.hpp>

#include <concepts>
#include <memory>
#include <source_location>
#include <tuple>
#include <type_traits>
#include <utility>

namespace simul {

/// For `unsync`: its calls are jobs of a process pool.
struct in_processes_tag {
    explicit in_processes_tag() = default;
};
inline constexpr in_processes_tag in_processes{};

namespace detail {

/// The process pool of `unsync`, made at the first call. *Throws:* `closed_error` when the process ends.
std::shared_ptr<process_pool> ambient_processes();

/// A pointer to a member function, called like a function.
template <class Member> struct method {
    Member member;
    template <class... Args>
        requires std::invocable<Member, Args...>
    decltype(auto) operator()(Args&&... args) const
    {
        return std::apply(member, std::forward_as_tuple(std::forward<Args>(args)...));
    }
};

template <class Fn, class... Args> task<result_of<std::invoke_result_t<Fn, Args...>>> call_there(Fn fn, Args... args)
{
    co_return co_await as_task(static_cast<Fn&&>(fn)(static_cast<Args&&>(args)...));
}

template <class Fn> class unsynced {
public:
    unsynced(Fn fn, const std::source_location& at) : function(std::move(fn)), at_(at) {}

    /// Begins `function(args...)`, with copies of it and of what it is given. *Throws:* what keeps it from beginning.
    template <class... Args>
        requires std::invocable<Fn, Args...>
    auto operator()(Args... args) const
    {
        if constexpr (awaitable<std::invoke_result_t<Fn, Args...>>)
            return start_in_background(call_there(Fn(function), std::move(args)...), at_);
        else
            return start_thread_job(at_, Fn(function), std::move(args)...);
    }

    Fn function; ///< what was wrapped, with all that it has

private:
    std::source_location at_;
};

template <class Fn> class unsynced_in_processes {
public:
    explicit unsynced_in_processes(Fn fn) : function(std::move(fn)) {}

    template <class... Args> auto operator()(Args&&... args) const
    {
        static_assert(!task_function<Fn, Args...>,
                      "simul: a process computes, and a task waits: unsync(fn) without in_processes runs it on the ambient loop");
        return ambient_processes()->submit(function, std::forward<Args>(args)...);
    }

    Fn function;
};

} // namespace detail

/// A function object that begins a call of `fn` in the background, and gives its future. A member function takes its object
/// as the first argument: by pointer, or a copy. The calls are named by the place in the source where it was wrapped.
template <class Fn> auto unsync(Fn fn, std::source_location at = std::source_location::current())
{
    detail::refuse_null(fn);
    if constexpr (std::is_member_pointer_v<Fn>)
        return detail::unsynced(detail::method<Fn>{fn}, at);
    else
        return detail::unsynced(std::move(fn), at);
}

/// The same in processes, for functions and lambdas without captures that compute, and don't give tasks.
template <class Fn> auto unsync(Fn fn, in_processes_tag)
{
    detail::refuse_null(fn);
    return detail::unsynced_in_processes<Fn>(std::move(fn));
}

} // namespace simul
