// SPDX-License-Identifier: MIT
//
// future<T>: work in flight, wherever it runs. promise<T>: the writing end, for callback code.
//
//     simul::future<int> flight = simul::spawn(answer());
//     int here = co_await flight;                 // in a coroutine, on any loop
//     int there = flight.result();                // in a plain thread: blocks
//
// Awaiting (or `result()` of) a named future gives a reference to the result, which the future keeps: await it as often
// and from as many tasks as you like. `co_await std::move(flight)`, or of a temporary, moves the result out; so does
// awaiting a future whose result can't be copied.
//
// A future owns its work: dropping one that isn't done asks the work to cancel (its loop still waits for it). `detach`
// lets it go on instead. An error that nobody ever looked at is reported to the loop's error handler.
//
// *Cancel:* cancelling a task that waits here cancels the work, as in asyncio; `shield` is the way to wait without that.
// *Threads:* all of it may be used from any thread; one handle by one thread at a time.
#pragma once

#include <simul/detail/awaitable.hpp>
#include <simul/detail/future_state.hpp>

#include <chrono>
#include <concepts>
#include <exception>
#include <string>
#include <type_traits>
#include <utility>

namespace simul {

template <class T> class promise;

namespace detail {

/// A frame that waits for a future.
class future_wait : public waiter {
public:
    explicit future_wait(future_state_base* state) : state_(state)
    {
        if (!state_) [[unlikely]]
            refuse_empty();
    }
    bool await_ready() const noexcept { return state_->done(); }
    template <std::derived_from<promise_base> Promise> bool await_suspend(std::coroutine_handle<Promise> frame)
    {
        return wait(frame.promise());
    }
    /// Hands the request to the producer and waits on for what it makes of it. A second one to a producer in another
    /// thread ends the wait, for it may be our own that came round.
    bool cancel() noexcept override;

protected:
    bool wait(promise_base& frame) noexcept
    {
        if (!state_->enqueue(*this, [&] { wait_in(frame); }))
            return false;
        settle();
        return true;
    }

    future_state_base* state_;

private:
    [[noreturn]] static void refuse_empty();

    bool asked_elsewhere_ = false;
};

/// Whether an awaited reference can give one.
template <class T>
inline constexpr bool shared_result = std::is_void_v<T> || std::is_reference_v<T> || std::is_copy_constructible_v<T>;

} // namespace detail

template <class T = void> class [[nodiscard("dropping a future cancels its work: keep it, await it, or detach() it")]] future {
    using state_type = detail::future_state<T>;
    using slot = detail::result_slot<T>;

    template <bool Move> class awaiter final : public detail::future_wait {
    public:
        using future_wait::future_wait;
        ~awaiter() { this->withdraw(); } // while it is whole: another thread may be serving it
        decltype(auto) await_resume()
        {
            this->finish_wait("future");
            return look<Move>(*static_cast<state_type*>(this->state_));
        }
    };

public:
    using value_type = T;

    future() noexcept = default;
    explicit future(state_type& adopted) noexcept : state_(&adopted) {}
    future(future&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
    future& operator=(future&& other) noexcept
    {
        std::swap(state_, other.state_);
        return *this;
    }
    ~future()
    {
        if (state_) {
            if (!state_->done())
                state_->handle_dropped();
            state_->release();
        }
    }

    /// False when default-made, moved from or detached.
    bool valid() const noexcept { return state_ != nullptr; }
    explicit operator bool() const noexcept { return valid(); }

    /// The result, once it is there. *Throws:* the work's error; `cancelled` if it was cancelled.
    auto operator co_await() & { return awaiter<!detail::shared_result<T>>(state_); }
    auto operator co_await() && { return awaiter<true>(state_); }

    /// As `co_await`, from a plain thread: blocks. *Throws:* also `deadlock_error`, when called inside a loop.
    decltype(auto) result() &
    {
        state().block_until_done(duration::max());
        return look<!detail::shared_result<T>>(state());
    }
    decltype(auto) result() &&
    {
        state().block_until_done(duration::max());
        return look<true>(state());
    }
    /// As `result`, for so long at most. *Throws:* also `timeout_error`; the work goes on then.
    template <class Rep, class Period> decltype(auto) result_for(std::chrono::duration<Rep, Period> limit) &
    {
        if (!state().block_until_done(to_duration(limit)))
            throw timeout_error("the result was not there in time");
        return look<!detail::shared_result<T>>(state());
    }

    bool done() const { return state().done(); }
    /// Ended by cancellation.
    bool cancelled() const { return state().ended_cancelled(); }
    /// The error it ended with; null for a value, or while not done.
    std::exception_ptr error() const
    {
        return done() && state_->result().failed() ? state_->result().error().error() : nullptr;
    }
    /// Asks the work to end. False when it has ended already.
    bool cancel() { return state().request_cancel(); }
    /// Lets the work go on without its handle.
    void detach() { std::exchange(state_, nullptr)->release(); }

    std::string name() const { return state().name(); }
    void rename(std::string name) { state().rename(std::move(name)); }

    /// `fn(result)`, as soon as the result is there: another future. A task that `fn` returns is run too. All of it on the
    /// current loop; in a plain thread on the ambient one, see `unsync`.
    template <class Fn> auto then(Fn fn) &&;

    /// For what waits for many futures at once.
    detail::future_state_base& shared_state() const { return state(); }

private:
    template <bool Move> static decltype(auto) look(state_type& done)
    {
        if constexpr (std::is_void_v<T> || std::is_reference_v<T>)
            return done.result().get();
        else if constexpr (Move)
            return T(done.result().take());
        else
            return static_cast<const T&>(done.result().get());
    }

    state_type& state() const
    {
        if (!state_) [[unlikely]]
            throw invalid_state("this future is empty: it was moved from, detached, or never filled");
        return *state_;
    }

    state_type* state_ = nullptr;
};

namespace detail {

/// What a promise and its future share.
template <class T> class promised final : public future_state<T> {
public:
    promised() noexcept : future_state<T>(2) {}

    bool request_cancel() noexcept override
    {
        const guard held(this->waiters_);
        if (this->done())
            return false;
        this->result_.fail(failure::cancellation());
        refused_ = true;
        this->complete_locked();
        return true;
    }
    /// False when the future was cancelled meanwhile. *Throws:* `invalid_state` for a second result.
    template <class Fill> bool set(Fill&& fill)
    {
        const guard held(this->waiters_);
        if (refused_)
            return false;
        if (this->done())
            throw invalid_state("this promise has its result already");
        fill(this->result_);
        this->complete_locked();
        return true;
    }
    bool refused() noexcept
    {
        const guard held(this->waiters_);
        return refused_;
    }
    std::string name() const override { return name_.empty() ? "promise" : name_; }
    void rename(std::string name) override { name_ = std::move(name); }

private:
    std::string name_;
    bool refused_ = false;
};

} // namespace detail

/// The writing end of a future, for code that is told by callback. One that is dropped without a result fails its future.
template <class T = void> class promise {
public:
    promise() : state_(new detail::promised<T>) {}
    promise(promise&& other) noexcept
        : state_(std::exchange(other.state_, nullptr)), future_taken_(std::exchange(other.future_taken_, true))
    {
    }
    promise& operator=(promise&& other) noexcept
    {
        std::swap(state_, other.state_);
        std::swap(future_taken_, other.future_taken_);
        return *this;
    }
    ~promise()
    {
        if (!state_)
            return;
        if (!state_->done() && future_taken_)
            set_error(std::make_exception_ptr(closed_error("the promise was dropped without a result")));
        if (!future_taken_)
            state_->release();
        state_->release();
    }

    /// Once. *Throws:* `invalid_state` the second time.
    future<T> get_future()
    {
        if (!state_ || std::exchange(future_taken_, true))
            throw invalid_state("the future of this promise was taken already");
        return future<T>(*state_);
    }

    /// False when the future was cancelled meanwhile. *Throws:* `invalid_state` when there is a result already.
    template <class... Args> bool set_value(Args&&... args)
    {
        return state().set([&](auto& slot) { slot.emplace(std::forward<Args>(args)...); });
    }
    bool set_error(std::exception_ptr error)
    {
        if (!error)
            throw error_of_null();
        return state().set([&](auto& slot) { slot.fail(detail::failure(std::move(error))); });
    }
    /// Whether nobody wants the result any more.
    bool cancelled() const { return state().refused(); }

private:
    static simul::error error_of_null() { return {std::errc::invalid_argument, "set_error: the exception_ptr is null"}; }
    detail::promised<T>& state() const
    {
        if (!state_) [[unlikely]]
            throw invalid_state("this promise was moved from");
        return *state_;
    }

    detail::promised<T>* state_;
    bool future_taken_ = false;
};

} // namespace simul
