// SPDX-License-Identifier: MIT
//
// thread: a thread of the operating system, with an owner that waits for it and sees its error.
//
//     simul::thread reader{read_forever, "log.txt"};
//     reader.start();
//     co_await reader;                      // in a coroutine; in a plain thread: reader.join()
//
// For what runs as long as the program does, or must be alone. For a call that blocks a while there is `to_thread`, for
// computing a `thread_pool`. Starting one takes about 30 µs.
//
// A thread can't be stopped from outside, so who is cancelled while it waits for one waits on, and is told at its next
// wait. To wait without that: `shield(future)`, of `as_future()`.
#pragma once

#include <simul/base/time.hpp>
#include <simul/detail/awaitable.hpp>
#include <simul/detail/outside_job.hpp>
#include <simul/detail/refuse_null.hpp>
#include <simul/task/future.hpp>

#include <chrono>
#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

namespace simul {
namespace detail {

/// What a thread and its handle share.
class thread_state : public future_state<void> {
public:
    void start();
    /// Waits; false when `limit` passed first. *Throws:* its error, and what `thread::join` does.
    bool join(duration limit);
    /// The handle goes: waits, without a word.
    void drop() noexcept;

    /// For who wants to wait, in whatever way. *Throws:* `invalid_state` before the start, `deadlock_error` in the thread itself.
    void check_can_wait(const char* operation) const;
    bool started() const;

    bool request_cancel() noexcept final { return false; }
    std::string name() const final;
    void rename(std::string name) final;

protected:
    thread_state();
    ~thread_state() override;
    virtual void call() = 0;

private:
    struct system_side; // <thread> would cost every user 0.5 s per compile

    void run() noexcept;
    void join_system_thread();

    std::unique_ptr<system_side> side_;
    outside_job outside_;
};

template <class Fn, class... Args> class thread_of final : public thread_state {
public:
    explicit thread_of(Fn&& fn, Args&&... args) : call_(std::in_place, std::move(fn), std::tuple(std::move(args)...)) {}

private:
    void call() override
    {
        // What it holds goes with its end, in this thread, and not with the handle.
        struct dropped_at_the_end {
            std::optional<std::pair<Fn, std::tuple<Args...>>>& held;
            ~dropped_at_the_end() { held.reset(); }
        } const scope{call_};
        static_cast<void>(std::apply(std::move(call_->first), std::move(call_->second)));
    }

    std::optional<std::pair<Fn, std::tuple<Args...>>> call_;
};

class thread_wait final : public future_wait {
public:
    using future_wait::future_wait;
    void await_resume()
    {
        this->finish_wait("thread");
        static_cast<thread_state*>(this->state_)->result().get();
    }
};

} // namespace detail

/// *Threads:* all of it, from any; several may wait at once.
/// *Lifetime:* a started thread is waited for when its handle goes; an error that nobody saw is reported then.
class thread {
public:
    /// Will run `fn(args...)`, which are kept for it; what that returns is dropped. Nothing happens before `start`.
    template <class Fn, class... Args>
        requires(!std::same_as<Fn, thread>) && std::invocable<Fn, Args...>
    explicit thread(Fn fn, Args... args) : state_(make(std::move(fn), std::move(args)...))
    {
    }
    thread(thread&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
    thread& operator=(thread&& other) noexcept
    {
        std::swap(state_, other.state_);
        return *this;
    }
    ~thread()
    {
        if (state_)
            state_->drop();
    }

    /// *Throws:* `invalid_state` the second time; `error` when the system has no room for another thread.
    void start() { state().start(); }

    /// Waits until it has ended, its `thread_local`s destroyed. *Throws:* the error it ended with, each time; `invalid_state`
    /// before `start`; `deadlock_error` in the thread itself, and inside a loop, which would stand still: `co_await` there.
    void join() { state().join(duration::max()); }
    /// The same for so long at most: false when it runs on.
    template <class Rep, class Period> [[nodiscard]] bool join_for(std::chrono::duration<Rep, Period> limit)
    {
        return state().join(to_duration(limit));
    }
    /// As `join`, in a coroutine.
    detail::thread_wait operator co_await() &
    {
        state().check_can_wait("co_await of a thread");
        return detail::thread_wait(state_);
    }
    /// Its end, as one of many things to wait for: `shield`, `wait`, `as_completed`. Dropping it does nothing.
    future<> as_future() const
    {
        state().check_can_wait("thread::as_future");
        state().acquire();
        return future<>(state());
    }

    /// Started, and not ended.
    bool is_running() const { return state().started() && !state().done(); }

    /// "thread-1", ... unless it was named; the system is told the first 15 bytes.
    std::string name() const { return state().name(); }
    void rename(std::string name) { state().rename(std::move(name)); }

private:
    template <class Fn, class... Args> static detail::thread_state* make(Fn fn, Args... args)
    {
        static_assert(!detail::awaitable<std::invoke_result_t<Fn, Args...>>,
                      "simul: a thread runs a plain function; to run a task in it, call simul::run(the_task) in that");
        detail::refuse_null(fn);
        return new detail::thread_of<Fn, Args...>(std::move(fn), std::move(args)...);
    }
    detail::thread_state& state() const
    {
        if (!state_) [[unlikely]]
            throw invalid_state("this thread was moved from");
        return *state_;
    }

    detail::thread_state* state_;
};

} // namespace simul
