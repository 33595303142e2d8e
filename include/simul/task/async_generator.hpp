// SPDX-License-Identifier: MIT
//
// async_generator<T>: values one after another, with waiting in between.
//
//     simul::async_generator<page> pages(url first) {
//         for (auto at = first; at; ) { page p = co_await fetch(*at); at = p.next; co_yield std::move(p); }
//     }
//     auto all = pages(start);
//     while (auto p = co_await all.next()) use(*p);
//     co_await all.close();
//
// `next` gives an optional: empty at the end. The body runs in the line of work of whoever asks, so cancelling that
// cancels the body's wait. `close` ends a generator before its end: the body is resumed with `cancelled` at its co_yield
// and may await its clean-up. `simul::with(pages(start), body)` closes it on every way out. One that is destroyed while
// open is cut short: its locals are destroyed, in order, but its handlers don't run; debug mode reports it.
#pragma once

#include <simul/base/error.hpp>
#include <simul/detail/awaitable.hpp>
#include <simul/detail/promise_base.hpp>
#include <simul/detail/result_slot.hpp>

#include <concepts>
#include <coroutine>
#include <memory>
#include <optional>
#include <source_location>
#include <type_traits>
#include <utility>

namespace simul {
namespace detail {

/// Hands control between a generator's body and who asks it. The body's frame is resumed like an awaited task's, and
/// gives control back at each co_yield as a task does at its end.
class generator_promise : public promise_base {
public:
    enum class phase : unsigned char { unstarted, between, running, ended };

    /// At a co_yield: control goes to who asked; coming back, the body goes on or is told to end.
    struct yield_point {
        generator_promise& promise;
        bool await_ready() const noexcept { return false; }
        template <class Promise> std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise>) noexcept
        {
            promise.state = phase::between;
            return std::exchange(promise.awaiter, nullptr)->frame();
        }
        void await_resume() const
        {
            if (promise.closing)
                throw cancelled{};
        }
    };
    struct final_point {
        bool await_ready() const noexcept { return false; }
        void await_resume() const noexcept {}
        template <class Promise> std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> ended) noexcept
        {
            ended.promise().state = phase::ended;
            return std::exchange(ended.promise().awaiter, nullptr)->frame();
        }
    };

    final_point final_suspend() const noexcept { return {}; }
    void return_void() noexcept { error = {}; }
    void unhandled_exception() noexcept { error = failure::capture(where); }

    phase state = phase::unstarted;
    bool closing = false;
    std::optional<failure> error;

protected:
    using promise_base::promise_base;
};

/// Tells debug mode about a generator that was destroyed before its end without having been closed.
void report_left_open(const std::source_location& at) noexcept;

} // namespace detail

template <class T> class [[nodiscard("a generator does nothing until its next() is awaited")]] async_generator {
    static_assert(!std::is_reference_v<T>, "simul: yield values or pointers from an async_generator");
    using phase = detail::generator_promise::phase;

public:
    class promise_type final : public detail::generator_promise {
    public:
        explicit promise_type(std::source_location self = std::source_location::current()) noexcept
            : generator_promise(self)
        {
        }
        async_generator get_return_object() noexcept
        {
            return async_generator(std::coroutine_handle<promise_type>::from_promise(*this));
        }
        template <std::convertible_to<T> From = T> yield_point yield_value(From&& value)
        {
            if (closing)
                throw invalid_state("an async_generator must not yield while it is being closed");
            yielded.emplace(std::forward<From>(value));
            return {*this};
        }

        std::optional<T> yielded;
    };

    async_generator(async_generator&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
    async_generator& operator=(async_generator&& other) noexcept
    {
        std::swap(frame_, other.frame_);
        return *this;
    }
    ~async_generator()
    {
        if (!frame_)
            return;
        if (frame_.promise().state == phase::between) [[unlikely]]
            detail::report_left_open(frame_.promise().where);
        frame_.destroy();
    }

    class [[nodiscard("co_await it")]] step {
    public:
        step(std::coroutine_handle<promise_type> body, bool closes) noexcept : body_(body), closes_(closes) {}

        bool await_ready() const
        {
            if (!body_ || body_.promise().state == phase::ended)
                return true;
            if (body_.promise().state == phase::running)
                throw invalid_state("this async_generator is running already: another task awaits its next value");
            if (closes_ && body_.promise().state == phase::unstarted)
                return true;
            return false;
        }
        template <std::derived_from<detail::promise_base> Promise>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> asking) noexcept
        {
            promise_type& promise = body_.promise();
            promise.awaiter = &asking.promise();
            promise.line = asking.promise().line;
            promise.state = phase::running;
            promise.closing = closes_;
            promise.yielded.reset();
            return body_;
        }

    protected:
        std::coroutine_handle<promise_type> body_;
        bool closes_;
    };

    class [[nodiscard("co_await it")]] next_step final : public step {
    public:
        using step::step;
        std::optional<T> await_resume()
        {
            if (!this->body_)
                return std::nullopt;
            promise_type& promise = this->body_.promise();
            if (auto error = std::exchange(promise.error, std::nullopt); error && error->error())
                error->rethrow();
            return std::exchange(promise.yielded, std::nullopt);
        }
    };
    class [[nodiscard("co_await it")]] close_step final : public step {
    public:
        using step::step;
        void await_resume()
        {
            if (!this->body_)
                return;
            promise_type& promise = this->body_.promise();
            promise.state = phase::ended;
            if (auto error = std::exchange(promise.error, std::nullopt);
                error && error->error() && !error->is_cancellation())
                error->rethrow();
        }
    };

    /// The next value, or nothing at the end. *Throws:* what the body throws; after that it has ended.
    next_step next() noexcept { return {frame_, false}; }
    /// Ends the body: raises `cancelled` at its co_yield and waits for its clean-up. Again, or at the end: does nothing.
    close_step close() noexcept { return {frame_, true}; }

private:
    explicit async_generator(std::coroutine_handle<promise_type> frame) noexcept : frame_(frame) {}

    std::coroutine_handle<promise_type> frame_;
};

} // namespace simul
