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

#include <simul/detail/executor.hpp>
#include <simul/detail/task_local_value.hpp>
#include <simul/task/future.hpp>

#include <concepts>
#include <source_location>
#include <string>
#include <type_traits>
#include <utility>

namespace simul {
namespace detail {

/// Calls `context::cancel` on the context's own thread.
void cancel_from_outside(context& line, future_state_base& alive) noexcept;

/// A task in flight: its context, its result, and what starts it. Allocated once.
template <class T> class spawned final : public context, public future_state<T> {
public:
    spawned(executor& home, task<T> work, std::source_location at) noexcept
        : context(home, &home.top(), at), future_state<T>(2), task_(std::move(work))
    {
        // What the spawner's task_locals hold is inherited, though the tree's parent is the loop.
        if (context* const spawner = home.running(); spawner && spawner->locals && executor::current() == &home)
            locals = share(spawner->locals);
    }

    /// The first step.
    void run() noexcept override
    {
        if (this->cancel_pending()) { // before it began: it never does
            this->result_.fail(failure(std::make_exception_ptr(cancelled{})));
            end();
            return;
        }
        home().set_running(this);
        task_.start_in(*this).resume();
    }

    std::coroutine_handle<> finished() noexcept override
    {
        keep(task_.result());
        end();
        return std::noop_coroutine();
    }

    bool request_cancel() noexcept override
    {
        if (this->done())
            return false;
        if (executor::current() == &home())
            cancel();
        else
            cancel_from_outside(*this, *this);
        return true;
    }
    void destroy_unfinished() noexcept override
    {
        this->result_.fail(failure(std::make_exception_ptr(closed_error("the loop was closed before this task was done"))));
        this->observe(); // its loop has reported it
        end();
    }
    std::string name() const override { return context::name(); }
    void rename(std::string name) override { context::rename(std::move(name)); }

private:
    std::source_location origin() const noexcept override { return spawned_at(); }

    void keep(result_slot<T>& outcome) noexcept
    {
        try {
            this->result_ = std::move(outcome);
        } catch (...) {
            this->result_.fail(failure::capture(task_.where()));
        }
    }
    void end() noexcept
    {
        task_.discard();
        leave_tree();
        home().set_running(nullptr);
        this->complete();
        this->release();
    }

    task<T> task_;
};

template <class Fn, class... Args> using call_result = std::invoke_result_t<Fn&, Args&...>;

template <class Fn, class... Args>
concept task_function = std::invocable<Fn&, Args&...> && awaitable<call_result<Fn, Args...>>;

/// Calls `fn` and keeps it, and its arguments, for as long as what it returned runs.
template <class Fn, class... Args> task<result_of<call_result<Fn, Args...>>> call_and_keep(Fn fn, Args... args)
{
    co_return co_await as_task(fn(args...));
}

} // namespace detail

/// Starts `work` on the current loop. *Throws:* `invalid_state` outside of a loop.
template <detail::awaitable Awaitable>
auto spawn(Awaitable work, std::source_location at = std::source_location::current())
{
    using T = detail::result_of<Awaitable>;
    executor& home = executor::require("spawn");
    auto* const flight = new detail::spawned<T>(home, detail::as_task(std::move(work)), at);
    home.post(*flight);
    return future<T>(*flight);
}

/// Starts `fn(args...)`, which returns a task; function and arguments are kept until it has ended.
template <class Fn, class... Args>
    requires(!detail::awaitable<Fn>) && (sizeof...(Args) > 0) && detail::task_function<Fn, Args...>
auto spawn(Fn fn, Args... args)
{
    auto work = detail::call_and_keep(std::move(fn), std::move(args)...);
    const std::source_location at = work.where(); // a pack of arguments leaves no room for the caller's
    return spawn(std::move(work), at);
}
template <class Fn>
    requires(!detail::awaitable<Fn>) && detail::task_function<Fn>
auto spawn(Fn fn, std::source_location at = std::source_location::current())
{
    return spawn(detail::call_and_keep(std::move(fn)), at);
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
