// SPDX-License-Identifier: MIT
//
// task<T>: work described, not started.
//
//     simul::task<int> answer() { co_return 42; }
//     simul::task<> use() { int x = co_await answer(); }      // runs here and now, in this line of work
//
// A task is a lazy coroutine: nothing happens until it is awaited, spawned or handed to something that does (gather,
// timeout, ...). It is awaited once. Values, references, move-only values, void and exceptions travel.
//
// A coroutine keeps its arguments as they were passed: take by value what must outlive the call expression. A lambda
// coroutine's captures live in the lambda, not in the task: hand the lambda itself to what starts it (`spawn`, `group`,
// `with`, ...), which keeps it as long as the task runs.
//
// Costs about 10 ns when the frame comes from the pool, and less where clang places it in the caller's.
#pragma once

#include <simul/base/assert.hpp>
#include <simul/base/error.hpp>
#include <simul/detail/promise_base.hpp>
#include <simul/detail/result_slot.hpp>

#include <concepts>
#include <coroutine>
#include <source_location>
#include <type_traits>
#include <utility>

namespace simul {

template <class T = void> class task;

namespace detail {

template <class T> class task_promise_base : public promise_base {
public:
    void unhandled_exception() noexcept { result.fail(failure::capture(where)); }

    template <class Yielded> std::suspend_never yield_value(Yielded&&)
    {
        static_assert(std::is_void_v<Yielded>, // never
                      "simul: a task has one result and no co_yield: make it a generator<T> or an async_generator<T>");
        return {};
    }

    result_slot<T> result;

protected:
    using promise_base::promise_base;
};

template <class T> class task_promise final : public task_promise_base<T> {
public:
    explicit task_promise(std::source_location self = std::source_location::current()) noexcept
        : task_promise_base<T>(self)
    {
    }
    task<T> get_return_object() noexcept;

    template <std::convertible_to<T> From = T> void return_value(From&& value)
    {
        this->result.emplace(std::forward<From>(value));
    }
};

template <> class task_promise<void> final : public task_promise_base<void> {
public:
    explicit task_promise(std::source_location self = std::source_location::current()) noexcept
        : task_promise_base<void>(self)
    {
    }
    inline task<void> get_return_object() noexcept;

    void return_void() noexcept { result.emplace(); }
};

/// Tells debug mode about a task that was made and dropped without ever having been awaited.
void report_never_awaited(const std::source_location& function) noexcept;

} // namespace detail

template <class T> class [[nodiscard("a task does nothing until it is awaited: co_await it, or spawn it")]] task {
public:
    using promise_type = detail::task_promise<T>;
    using value_type = T;

    task(const task&) = delete; // awaited once: hand it on with std::move(it)
    task(task&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
    task& operator=(task&& other) noexcept
    {
        std::swap(frame_, other.frame_);
        return *this;
    }
    ~task()
    {
        if (!frame_)
            return;
        if (!frame_.promise().line) [[unlikely]]
            detail::report_never_awaited(frame_.promise().where);
        frame_.destroy();
    }

    /// False once moved from.
    bool valid() const noexcept { return frame_ != nullptr; }

    struct awaiter {
        std::coroutine_handle<promise_type> child;

        bool await_ready() const
        {
            check_unused(child);
            return false;
        }
        template <std::derived_from<detail::promise_base> Promise>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> parent) noexcept
        {
            child.promise().awaiter = &parent.promise();
            child.promise().line = parent.promise().line;
            return child;
        }
        T await_resume() { return child.promise().result.take(); }
    };

    /// Runs it here and now, and gives its result. *Throws:* what the task throws.
    awaiter operator co_await() && noexcept { return {frame_}; }
    void operator co_await() & = delete; // awaited once: co_await std::move(it)

    // For what runs a task as the root of a context of its own.
    std::coroutine_handle<> start_in(detail::context& line) noexcept
    {
        SIMUL_ASSERT(frame_ && !frame_.promise().line);
        frame_.promise().line = &line;
        return frame_;
    }
    detail::result_slot<T>& result() const noexcept { return frame_.promise().result; }
    bool started() const noexcept { return frame_ && frame_.promise().line; }
    /// *Throws:* `invalid_state` when it can't be started any more.
    void check_unused() const { check_unused(frame_); }
    const std::source_location& where() const noexcept { return frame_.promise().where; }
    /// Destroys the frame without a word about its never having been awaited.
    void discard() noexcept
    {
        if (frame_)
            std::exchange(frame_, nullptr).destroy();
    }

private:
    friend promise_type;
    explicit task(std::coroutine_handle<promise_type> frame) noexcept : frame_(frame) {}

    static void check_unused(std::coroutine_handle<promise_type> frame)
    {
        if (!frame || frame.promise().line) [[unlikely]]
            throw invalid_state("this task was awaited before, or moved from");
    }

    std::coroutine_handle<promise_type> frame_;
};

namespace detail {

template <class T> task<T> task_promise<T>::get_return_object() noexcept
{
    return task<T>(std::coroutine_handle<task_promise>::from_promise(*this));
}
inline task<void> task_promise<void>::get_return_object() noexcept
{
    return task<void>(std::coroutine_handle<task_promise>::from_promise(*this));
}

} // namespace detail
} // namespace simul
