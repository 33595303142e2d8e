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

#include <simul/detail/ambient.hpp>
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

/// A task that belongs to its loop; one that was offered belongs to whoever takes it.
template <class T> class spawned : public flight<T, context> {
    using place = context::place;

public:
    explicit spawned(task<T> work) noexcept : flight<T, context>(std::move(work)) {}

    /// Into the tree of `home`; to be posted then. Without a place in the source it is named by that of its coroutine.
    void enter(executor& home, const std::source_location* at) noexcept
    {
        this->enter_tree(home, &home.top(), at ? *at : this->where());
        if (home.sharing()) [[unlikely]]
            home.sharing()->count_root(+1);
    }
    /// To be pushed where others can take it.
    void be_offered(shared_work& sharing, const std::source_location* at) noexcept
    {
        this->spawned_at(at ? *at : this->where());
        this->place_.store(place::offered, std::memory_order_relaxed); // published by the push
        sharing.count_root(+1);
    }
    /// What the spawner's task_locals hold is inherited, though the tree's parent is the loop.
    void inherit_from(const context* spawner) noexcept
    {
        if (spawner && spawner->locals)
            this->locals = share(spawner->locals);
    }

    std::coroutine_handle<> taken_by(executor& taker) noexcept override
    {
        if (taker.sharing()->refuses_roots()) [[unlikely]]
            request_cancel();
        this->move_to(taker); // before the exchange: who finds it begun asks this home
        if (this->place_.exchange(place::here, std::memory_order_acq_rel) == place::withdrawn) {
            this->let_go();
            uncount(taker);
            this->release();
            return nullptr;
        }
        this->enter_tree(taker.top());
        return this->first_step();
    }

    bool request_cancel() noexcept override
    {
        place expected = place::offered;
        if (this->place_.load(std::memory_order_acquire) == expected) [[unlikely]]
            if (this->place_.compare_exchange_strong(expected, place::withdrawn, std::memory_order_acq_rel)) {
                this->result_.fail(failure::cancellation());
                this->complete(); // whoever takes it has nothing left to do but to let go of it
                return true;
            }
        return flight<T, context>::request_cancel();
    }
    void destroy_unfinished() noexcept override
    {
        this->fail_as_closed();
        over();
    }

protected:
    std::coroutine_handle<> over() noexcept override
    {
        executor& home = this->home();
        this->let_go();
        this->leave_tree();
        home.set_running(nullptr);
        uncount(home);
        this->complete();
        this->release();
        return home.next();
    }

private:
    void cancel_elsewhere() noexcept override { request_cancel(); }
    static void uncount(executor& home) noexcept
    {
        if (home.sharing()) [[unlikely]]
            home.sharing()->count_root(-1);
    }
};

/// On the thread of `home`.
template <class T> future<T> start(spawned<T>& made, executor& home, const std::source_location* at)
{
    future<T> handle(made);
    made.inherit_from(home.running());
    if (shared_work* const sharing = home.sharing()) [[unlikely]] {
        made.be_offered(*sharing, at);
        home.offer(made);
    } else {
        made.enter(home, at);
        home.post_here(made);
    }
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

namespace detail {

/// On the ambient loop.
template <class T> future<T> start_in_background(task<T> work, const std::source_location& at)
{
    auto* const made = new ambient<spawned<T>>(std::move(work));
    future<T> handle(*made);
    made->enter_from_outside(at);
    return handle;
}
/// On the current loop; where none runs, on the ambient one.
template <class T> future<T> start_anywhere(task<T> work, std::source_location at = std::source_location::current())
{
    if (executor::current())
        return spawn(std::move(work), at);
    return start_in_background(std::move(work), at);
}

template <class T, class Fn> struct continuation {
    using returned = std::invoke_result_t<Fn&, T>;
};
template <class Fn> struct continuation<void, Fn> {
    using returned = std::invoke_result_t<Fn&>;
};
template <class R> struct awaited {
    using type = R;
};
template <awaitable R> struct awaited<R> {
    using type = result_of<R>;
};
template <class T, class Fn> using continued_result = typename awaited<typename continuation<T, Fn>::returned>::type;

template <class T, class Fn> task<continued_result<T, Fn>> continued(future<T> before, Fn fn)
{
    constexpr bool returns_awaitable = awaitable<typename continuation<T, Fn>::returned>;
    if constexpr (std::is_void_v<T>) {
        co_await std::move(before);
        if constexpr (returns_awaitable)
            co_return co_await as_task(fn());
        else
            co_return fn();
    } else {
        if constexpr (returns_awaitable)
            co_return co_await as_task(fn(co_await std::move(before)));
        else
            co_return fn(co_await std::move(before));
    }
}

} // namespace detail

template <class T> template <class Fn> auto future<T>::then(Fn fn) &&
{
    detail::refuse_null(fn);
    return detail::start_anywhere(detail::continued(std::move(*this), std::move(fn)));
}

} // namespace simul
