// SPDX-License-Identifier: MIT
//
// The least that C++20 coroutines and a loop can be: no cancellation, no stack of awaits, no names, no timers, no other
// threads. What simul costs beyond this is what its features cost. Frames come from simul's pool, to compare the rest.
#pragma once

#include <simul/detail/frame_pool.hpp>

#include <coroutine>
#include <exception>
#include <utility>

namespace bare {

/// A lazy coroutine that gives an int.
class task {
public:
    struct promise_type : simul::detail::pooled {
        task get_return_object() { return task(std::coroutine_handle<promise_type>::from_promise(*this)); }
        std::suspend_always initial_suspend() noexcept { return {}; }
        auto final_suspend() noexcept
        {
            struct awaiter {
                bool await_ready() noexcept { return false; }
                void await_resume() noexcept {}
                std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> ended) noexcept
                {
                    return ended.promise().awaiter;
                }
            };
            return awaiter{};
        }
        void return_value(int given) { value = given; }
        void unhandled_exception() noexcept { error = std::current_exception(); }

        std::coroutine_handle<> awaiter = std::noop_coroutine();
        std::exception_ptr error;
        int value = 0;
    };

    task(task&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
    ~task()
    {
        if (frame_)
            frame_.destroy();
    }

    auto operator co_await() &&
    {
        struct awaiter {
            std::coroutine_handle<promise_type> child;
            bool await_ready() noexcept { return false; }
            std::coroutine_handle<> await_suspend(std::coroutine_handle<> parent) noexcept
            {
                child.promise().awaiter = parent;
                return child;
            }
            int await_resume()
            {
                if (child.promise().error)
                    std::rethrow_exception(child.promise().error);
                return child.promise().value;
            }
        };
        return awaiter{frame_};
    }

    std::coroutine_handle<promise_type> frame() const { return frame_; }

private:
    explicit task(std::coroutine_handle<promise_type> frame) : frame_(frame) {}

    std::coroutine_handle<promise_type> frame_;
};

/// First in, first out; what waits is linked through the awaiters.
class loop {
public:
    struct yield {
        loop& where;
        std::coroutine_handle<> waiting = nullptr;
        yield* next = nullptr;

        bool await_ready() noexcept { return false; }
        void await_suspend(std::coroutine_handle<> frame) noexcept
        {
            waiting = frame;
            where.push(*this);
        }
        void await_resume() noexcept {}
    };

    void push(yield& added) noexcept
    {
        (first_ ? last_->next : first_) = &added;
        last_ = &added;
    }
    void run()
    {
        while (yield* const taken = first_) {
            first_ = taken->next;
            taken->waiting.resume();
        }
    }

private:
    yield* first_ = nullptr;
    yield* last_ = nullptr;
};

/// Started through the ready queue, to be awaited later or not.
class spawned {
public:
    spawned(loop& where, task started) : task_(std::move(started)), turn_{where, task_.frame()} { where.push(turn_); }
    spawned(const spawned&) = delete;

    bool await_ready() noexcept { return task_.frame().done(); }
    void await_suspend(std::coroutine_handle<> awaiter) noexcept { task_.frame().promise().awaiter = awaiter; }
    int await_resume() noexcept { return task_.frame().promise().value; }

private:
    task task_;
    loop::yield turn_;
};

} // namespace bare
