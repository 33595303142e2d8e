// SPDX-License-Identifier: MIT
//
// fiber: plain functions that wait. A fiber has a stack of its own, so anything called in it, however deep, may wait for
// anything that can be awaited, with `await` in place of `co_await`.
//
//     int lookup(const std::string& key) { return simul::await(database.query(key)); }   // no coroutine
//
//     int answer = co_await simul::fiber(lookup, "six times nine");
//     auto flight = simul::spawn(simul::fiber([&] { return lookup("seven"); }));
//
// `fiber` gives a task, so all that is said of tasks holds: nothing happens until it is awaited, spawned, gathered, put
// into a group; while it waits, others run; it can be cancelled, named and looked at. For callbacks of libraries that know
// nothing of coroutines, and for code that isn't worth turning into them; a coroutine costs less.
//
// A fiber that begins takes a stack: 256 KiB of addresses, and 4 KiB of memory or more. A wait costs about 60 ns
// more than a coroutine's.
#pragma once

#include <simul/detail/awaitable.hpp>
#include <simul/detail/had_at_once.hpp>
#include <simul/detail/promise_base.hpp>
#include <simul/detail/refuse_null.hpp>
#include <simul/detail/result_slot.hpp>
#include <simul/task/task.hpp>

#include <concepts>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <memory>
#include <source_location>
#include <tuple>
#include <type_traits>
#include <utility>

namespace simul {

struct fiber_options {
    std::size_t stack_size = 256 * 1024; ///< bytes; overflowing it ends the process with SIGSEGV
};

namespace detail {

/// What a fiber waits for; lives on its stack.
struct fiber_wish {
    void* awaiter;
    /// Calls its `await_suspend` for the coroutine that drives the fiber; returns what to resume.
    std::coroutine_handle<> (*suspend)(void* awaiter, promise_base::handle driver);
    std::source_location at;
    std::exception_ptr refused; ///< what that threw
};

/// A function on a stack of its own, driven by a coroutine: `while (run.resume()) co_await run;`.
class fiber_run {
public:
    fiber_run(void (*function)(void*), void* with, const fiber_options& options);
    /// One that waits is unwound: what is on its stack is destroyed.
    ~fiber_run();
    fiber_run(const fiber_run&) = delete;
    fiber_run& operator=(const fiber_run&) = delete;

    /// Runs it until it has to wait, or has ended: then false. *Throws:* what its function threw.
    bool resume();

    bool await_ready() const noexcept { return false; }
    template <std::derived_from<promise_base> Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> driver) noexcept
    {
        return await_for_it(driver.promise());
    }
    void await_resume() const noexcept {}

    /// The one that runs in this thread. *Throws:* `invalid_state` where none does.
    static fiber_run& current();

    /// In the fiber: waits.
    template <class Awaiter> void wait(Awaiter& awaiter, const std::source_location& at)
    {
        fiber_wish wish{std::addressof(awaiter), suspend<Awaiter>, at, {}};
        wait(wish);
    }

private:
    struct machine;

    template <class Awaiter> static std::coroutine_handle<> suspend(void* awaiter, promise_base::handle driver)
    {
        Awaiter& waits = *static_cast<Awaiter*>(awaiter);
        using result = decltype(waits.await_suspend(driver));
        if constexpr (std::is_void_v<result>) {
            waits.await_suspend(driver);
            return std::noop_coroutine();
        } else if constexpr (std::same_as<result, bool>) {
            return waits.await_suspend(driver) ? std::coroutine_handle<>(std::noop_coroutine()) : driver;
        } else {
            return waits.await_suspend(driver);
        }
    }
    void enter() noexcept;
    std::coroutine_handle<> await_for_it(promise_base& driver) noexcept;
    void wait(fiber_wish& wish);

    machine* machine_; ///< at the top of its stack
};

template <class Fn, class... Args> using fiber_result = std::invoke_result_t<Fn, Args...>;

template <class Fn, class... Args>
task<fiber_result<Fn, Args...>> drive_fiber(fiber_options options, Fn fn, Args... args)
{
    using T = fiber_result<Fn, Args...>;
    result_slot<T> result;
    auto body = [&] {
        const auto call = [&]() -> T { return std::apply(std::move(fn), std::forward_as_tuple(std::move(args)...)); };
        if constexpr (std::is_void_v<T>) {
            call();
            result.emplace();
        } else {
            result.emplace(call());
        }
    };
    fiber_run run([](void* with) { (*static_cast<decltype(body)*>(with))(); }, &body, options);
    while (run.resume())
        co_await run;
    if constexpr (std::is_void_v<T>)
        co_return;
    else
        co_return result.take();
}

} // namespace detail

/// A task that runs `fn(args...)`, which are kept for it, as a fiber.
template <class Fn, class... Args>
    requires std::invocable<Fn, Args...>
task<detail::fiber_result<Fn, Args...>> fiber(fiber_options options, Fn fn, Args... args)
{
    static_assert(
        !detail::awaitable<detail::fiber_result<Fn, Args...>>,
        "simul: a fiber runs a plain function; a coroutine is awaited as it is, or in a fiber: await(the_task)");
    detail::refuse_null(fn);
    return detail::drive_fiber(options, std::move(fn), std::move(args)...);
}
template <class Fn, class... Args>
    requires std::invocable<Fn, Args...>
task<detail::fiber_result<Fn, Args...>> fiber(Fn fn, Args... args)
{
    return fiber(fiber_options{}, std::move(fn), std::move(args)...);
}

/// Waits, in a fiber, and gives the result; what is there already is had without a wait.
/// *Cancel:* as `co_await`. *Throws:* what awaiting it throws; `invalid_state` outside of a fiber.
///
/// When the fiber's loop is closed under it, this raises an exception of a private type, so that what the stack holds is
/// destroyed: not a `std::exception`. Who catches all (`catch (...)`) and goes on, gets it again at each further wait.
template <detail::awaitable Awaitable>
detail::await_result<Awaitable> await(Awaitable&& awaited, std::source_location at = std::source_location::current())
{
    detail::fiber_run& here = detail::fiber_run::current();
    auto&& awaiter = detail::get_awaiter(std::forward<Awaitable>(awaited));
    if (!detail::had_at_once(awaiter))
        here.wait(awaiter, at);
    return awaiter.await_resume();
}
template <class T> void await(task<T>&)
{
    static_assert(sizeof(T*) == 0,
                  "simul: a task is awaited once: write await(std::move(the_task)), or spawn it and await the future");
}

} // namespace simul
