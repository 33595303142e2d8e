// SPDX-License-Identifier: MIT
//
// spawn: start a task now, and hold its future.
//
//     auto flight = simul::spawn(fetch(url));
//     auto other = simul::spawn([&](int n) -> simul::task<int> { ... }, 7);   // keeps the lambda as long as it runs
//
// The task's first step runs when the caller next waits. It belongs to the current loop until it has ended; what becomes
// of it is the future's business: await it, or it is cancelled when the future is dropped, or `detach` it.
#pragma once

#include <simul/detail/flight.hpp>
#include <simul/detail/refuse_null.hpp>
#include <simul/detail/task_local_value.hpp>
#include <simul/task/future.hpp>

#include <coroutine>
#include <source_location>
#include <type_traits>
#include <utility>

namespace simul {
namespace detail {

/// A task that belongs to its loop.
template <class T> class spawned : public flight<T, context> {
public:
    explicit spawned(task<T> work) noexcept : flight<T, context>(std::move(work)) {}

    /// Into the tree of `home`; to be posted then. Without a place it is named by that of its coroutine.
    void enter(executor& home, const std::source_location* at) noexcept
    {
        this->enter_tree(home, &home.top(), at ? *at : this->where());
        // What the spawner's task_locals hold is inherited, though the tree's parent is the loop.
        if (context* const spawner = home.running(); spawner && spawner->locals && executor::current() == &home)
            this->locals = share(spawner->locals);
    }

    void destroy_unfinished() noexcept override
    {
        this->result_.fail(failure(std::make_exception_ptr(closed_error("the loop was closed before this task was done"))));
        this->observe(); // its loop has reported it
        over();
    }

private:
    std::coroutine_handle<> over() noexcept override
    {
        this->let_go();
        this->leave_tree();
        this->home().set_running(nullptr);
        this->complete();
        this->release();
        return std::noop_coroutine();
    }
};

template <class T> future<T> start(spawned<T>& made, executor& home, const std::source_location* at)
{
    future<T> handle(made);
    made.enter(home, at);
    home.post_here(made);
    return handle;
}

} // namespace detail

/// Starts `work` on the current loop. *Throws:* `invalid_state` outside of a loop.
template <detail::awaitable Awaitable>
auto spawn(Awaitable work, std::source_location at = std::source_location::current())
{
    using T = detail::result_of<Awaitable>;
    executor& home = executor::require("spawn");
    return detail::start(*new detail::spawned<T>(detail::as_task(std::move(work))), home, &at);
}

/// Starts `fn(args...)`, which returns a task; function and arguments are kept until it has ended. What `fn` throws
/// before it returns the task comes out here.
template <class Fn, class... Args>
    requires(!detail::awaitable<Fn>) && detail::task_function<Fn, Args...>
auto spawn(Fn fn, Args... args)
{
    using T = detail::result_of<detail::call_result<Fn, Args...>>;
    executor& home = executor::require("spawn");
    detail::refuse_null(fn);
    using flight = detail::flight_of_call<detail::spawned<T>, Fn, Args...>;
    return detail::start<T>(*new flight(std::move(fn), std::move(args)...), home, nullptr);
}

template <class T> template <class Fn> auto future<T>::then(Fn fn) &&
{
    return spawn(
        [](future<T> before, Fn next) {
            constexpr auto call = []<class... Value>(Fn& f, Value&&... value) { return f(std::forward<Value>(value)...); };
            if constexpr (std::is_void_v<T>) {
                using R = decltype(call(next));
                if constexpr (detail::awaitable<R>)
                    return [](future<T> b, Fn f) -> task<detail::result_of<R>> {
                        co_await std::move(b);
                        co_return co_await detail::as_task(f());
                    }(std::move(before), std::move(next));
                else
                    return [](future<T> b, Fn f) -> task<R> {
                        co_await std::move(b);
                        co_return f();
                    }(std::move(before), std::move(next));
            } else {
                using R = decltype(call(next, std::declval<T>()));
                if constexpr (detail::awaitable<R>)
                    return [](future<T> b, Fn f) -> task<detail::result_of<R>> {
                        co_return co_await detail::as_task(f(co_await std::move(b)));
                    }(std::move(before), std::move(next));
                else
                    return [](future<T> b, Fn f) -> task<R> {
                        co_return f(co_await std::move(b));
                    }(std::move(before), std::move(next));
            }
        }(std::move(*this), std::move(fn)));
}

} // namespace simul
