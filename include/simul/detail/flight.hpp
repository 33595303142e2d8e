// SPDX-License-Identifier: MIT
//
// A task in flight: its line of work and the state of its future, allocated once. `spawned` belongs to its loop, `member`
// to a group.
#pragma once

#include <simul/detail/awaitable.hpp>
#include <simul/detail/executor.hpp>
#include <simul/detail/future_state.hpp>

#include <concepts>
#include <coroutine>
#include <optional>
#include <source_location>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

namespace simul::detail {

/// Asks a flight to cancel, on the thread of `keeper`.
void cancel_from_outside(context& line, executor& keeper, future_state_base& alive) noexcept;

template <class T, std::derived_from<context> Line> class flight : public Line, public future_state<T> {
public:
    std::coroutine_handle<> first_step() noexcept final
    {
        if (this->cancel_pending()) { // before it began: it never does
            this->result_.fail(failure::cancellation());
            return over();
        }
        this->home().set_running(this);
        return task_.start_in(*this);
    }
    std::coroutine_handle<> finished() noexcept final
    {
        try {
            this->result_ = std::move(task_.result());
        } catch (...) {
            this->result_.fail(failure::capture(task_.where()));
        }
        return over();
    }

    bool request_cancel() noexcept override
    {
        if (this->done())
            return false;
        if (executor::current() == &keeper())
            this->cancel();
        else
            cancel_from_outside(*this, keeper(), *this);
        return true;
    }
    bool passes_cancel_on() const noexcept final
    {
        return executor::current() == &keeper() && Line::passes_cancel_on();
    }

    const context* line() const noexcept final { return this; }
    bool is_elsewhere() const noexcept final { return executor::current() != &keeper(); }

    std::string name() const final { return Line::name(); }
    void rename(std::string name) final { Line::rename(std::move(name)); }

protected:
    template <class... Args>
    explicit flight(task<T> work, Args&&... line)
        : Line(std::forward<Args>(line)...), future_state<T>(2), task_(std::move(work))
    {
    }

    /// To whose thread its place in the tree belongs.
    virtual executor& keeper() const noexcept { return this->home(); }
    /// The result is in place; returns what to resume.
    virtual std::coroutine_handle<> over() noexcept = 0;
    void fail_as_closed() noexcept
    {
        this->result_.fail(failure(std::make_exception_ptr(closed_error("the loop was closed before this task was done"))));
        this->observe(); // its loop reports what it destroys
    }
    /// The frame goes, and what its arguments hold.
    virtual void let_go() noexcept { task_.discard(); }

    std::source_location origin() const noexcept final { return this->spawned_at(); }
    /// Where the coroutine is defined; before the first step.
    const std::source_location& where() const noexcept { return task_.where(); }

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

/// A flight of `fn(args...)`, which keeps them without a frame of its own.
template <class Flight, class Fn, class... Args> class flight_of_call final : std::optional<std::tuple<Fn, Args...>>, public Flight {
    using kept = std::optional<std::tuple<Fn, Args...>>;

public:
    template <class... Line>
    explicit flight_of_call(Fn&& fn, Args&&... args, Line&&... line)
        : kept(std::in_place, std::move(fn), std::move(args)...),
          Flight(std::apply([](Fn& f, Args&... a) { return as_task(f(a...)); }, **this), std::forward<Line>(line)...)
    {
    }

private:
    void let_go() noexcept override
    {
        Flight::let_go();
        kept::reset();
    }
};

} // namespace simul::detail
