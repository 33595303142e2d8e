// SPDX-License-Identifier: MIT
//
// elsewhere: the words of other languages, for who thinks in them: Go, JavaScript, C#, Rust, Java.
//
//     simul::go([messages]() -> simul::task<> { co_await messages->send("hello"); });            // Go
//     auto length = simul::then(simul::spawn(fetch(url)), [](page p) { return p.size(); });      // JavaScript
//     auto pages = co_await simul::when_all(flights);                                            // C#
//     simul::result<page> joined = co_await simul::join_handle(simul::spawn(fetch(url))).join(); // Rust
//     simul::completable<int> answer;  answer.complete(42);                                      // Java
//
// What has a name in simul keeps it: `channel`, `select`, `group`, `task` (JavaScript's async functions, F#'s `async`), `race`
// (`tokio::select!`), `gather` (`join!`), `block_on`, `fiber` (ea-async's `await`). The page has a table.
//
// What is started here, starts on the current loop; in a plain thread on the ambient one, see `unsync`.
#pragma once

#include <simul/base/result.hpp>
#include <simul/detail/spin_lock.hpp>
#include <simul/run/block_on.hpp>
#include <simul/task/as_completed.hpp>
#include <simul/task/gather.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/wait.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <source_location>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace simul {
namespace detail {

/// Until it is done: its error, which counts as seen, isn't thrown; no request to cancel is handed on.
template <class T> task<> ended(future<T>& work, duration patience = duration::max())
{
    work.shared_state().observe();
    std::span one(&work, 1);
    co_await wait(one, until::all_completed, {.timeout = patience});
}
template <class T> result<T> outcome_of(future<T>& done)
{
    if (std::exception_ptr error = done.error())
        return result<T>::failure(std::move(error));
    if constexpr (std::is_void_v<T>)
        return result<T>::success();
    else
        return result<T>::success(std::move(done).result());
}
/// What a handler returns, or what the task that it returns does.
template <class R> using handled = typename decltype([] {
    if constexpr (awaitable<R>)
        return std::type_identity<result_of<R>>();
    else
        return std::type_identity<R>();
}())::type;
template <class Fn, class... Args> task<handled<std::invoke_result_t<Fn&, Args...>>> call_handler(Fn& fn, Args... args)
{
    if constexpr (awaitable<std::invoke_result_t<Fn&, Args...>>)
        co_return co_await as_task(fn(static_cast<Args&&>(args)...));
    else
        co_return fn(static_cast<Args&&>(args)...);
}

template <class T> std::true_type is_a_future(const future<T>&);
template <class Range> using element_of = std::remove_cvref_t<element_reference<Range>>;
template <class Range>
concept future_range = requires(std::remove_reference_t<Range>& range) { is_a_future(*std::begin(range)); };
template <class Range> using result_in = typename element_of<Range>::value_type;

} // namespace detail

// ---- Go

/// Starts a task, or a function that returns one, that nobody waits for: not even the end of `run`, which cancels it. Its
/// error goes to the loop's error handler.
template <detail::awaitable Awaitable>
void go(Awaitable work, std::source_location at = std::source_location::current())
{
    detail::start_anywhere(detail::as_task(std::move(work)), at).detach();
}
template <class Fn, class... Args>
    requires(!detail::awaitable<Fn>) && detail::task_function<Fn, Args...>
void go(Fn fn, Args... args)
{
    detail::refuse_null(fn);
    go(detail::call_and_keep(std::move(fn), std::move(args)...));
}

// ---- JavaScript, Java, Ruby

/// `fn(value)`, never before this call returns; a task that it returns is run too. Errors pass by.
template <class T, class Fn> auto then(future<T> work, Fn fn) { return std::move(work).then(std::move(fn)); }

/// `fn(result<T>)`, whatever it came to.
template <class T, class Fn> auto handle(future<T> work, Fn fn)
{
    detail::refuse_null(fn);
    return detail::start_anywhere([](future<T> before, Fn next) -> task<detail::handled<std::invoke_result_t<Fn&, result<T>>>> {
        co_await detail::ended(before);
        co_return co_await detail::call_handler(next, detail::outcome_of(before));
    }(std::move(work), std::move(fn)));
}

/// The value; or, in place of an error or a cancellation, what `fn(exception_ptr)` gives.
template <class T, class Fn> future<T> rescue(future<T> work, Fn fn)
{
    detail::refuse_null(fn);
    return detail::start_anywhere([](future<T> before, Fn next) -> task<T> {
        co_await detail::ended(before);
        if (std::exception_ptr error = before.error())
            co_return co_await detail::call_handler(next, std::move(error));
        co_return co_await std::move(before);
    }(std::move(work), std::move(fn)));
}

/// Calls `fn()` at the end, and passes on what it came to; an error of `fn` takes its place.
template <class T, class Fn> future<T> finally(future<T> work, Fn fn)
{
    detail::refuse_null(fn);
    return detail::start_anywhere([](future<T> before, Fn next) -> task<T> {
        co_await detail::ended(before);
        co_await detail::call_handler(next);
        co_return co_await std::move(before);
    }(std::move(work), std::move(fn)));
}

/// All values in order, or the first error; then the others are cancelled.
template <class... Several> auto all(Several&&... several) { return gather(std::forward<Several>(several)...); }
/// All outcomes in order.
template <class... Several> auto all_settled(Several&&... several) { return settle(std::forward<Several>(several)...); }

namespace detail {

template <class Range> task<result_in<Range>> first_value(Range futures)
{
    auto done = as_completed(futures);
    while (auto* const next = co_await done.next())
        if (!next->error())
            co_return co_await *next;
    std::vector<std::exception_ptr> errors;
    for (auto& each : futures)
        errors.push_back(each.error());
    throw error_group("any: there is no value", std::move(errors));
}
template <class Range> task<element_of<Range>*> first_done(Range& futures, const char* operation)
{
    auto done = as_completed(futures);
    if (auto* const first = co_await done.next())
        co_return first;
    throw error(std::errc::invalid_argument, std::string(operation) + ": there is no future to wait for");
}
template <class Range> task<result_in<Range>> first_outcome(Range futures)
{
    co_return co_await *co_await first_done(futures, "race_of");
}
template <class Range>
using all_in = std::conditional_t<std::is_void_v<result_in<Range>>, void, std::vector<contained<result_in<Range>>>>;
template <class Range> task<all_in<Range>> every_value(Range futures)
{
    std::vector<std::exception_ptr> errors;
    for (auto& each : futures) {
        co_await ended(each);
        if (!each.cancelled() && each.error())
            errors.push_back(each.error());
    }
    if (!errors.empty())
        throw error_group("when_all: not all succeeded", std::move(errors));
    co_return co_await gather(futures);
}

} // namespace detail

/// The first value; an `error_group` of all errors, in the order of the range, when there is none. The others go on, if the
/// range is named, and are the caller's; else they are cancelled.
template <class Range>
    requires detail::future_range<Range>
auto any(Range&& futures)
{
    return detail::first_value<Range>(std::forward<Range>(futures));
}

/// What the first to end came to, value or error. The others as of `any`. *Throws:* `error` for an empty range.
template <class Range>
    requires detail::future_range<Range>
auto race_of(Range&& futures)
{
    return detail::first_outcome<Range>(std::forward<Range>(futures));
}

// ---- C#

/// All values in order, when all have ended; an `error_group` of all errors when there are some; `cancelled` when there is
/// no error, and one was.
template <class Range>
    requires detail::future_range<Range>
auto when_all(Range&& futures)
{
    return detail::every_value<Range>(std::forward<Range>(futures));
}

/// The first future to end, itself. The others go on. *Throws:* `error` for an empty range.
template <class Range>
    requires detail::future_range<Range>
auto when_any(Range& futures)
{
    return detail::first_done(futures, "when_any");
}

template <class T = void> using task_completion_source = promise<T>;

// ---- Rust

/// Of work that goes on when its handle is dropped, and whose errors are values.
template <class T> class [[nodiscard]] join_handle {
public:
    explicit join_handle(future<T> work) noexcept : work_(std::move(work)) {}
    join_handle(join_handle&&) noexcept = default;
    join_handle& operator=(join_handle&&) noexcept = default;
    ~join_handle()
    {
        if (work_)
            work_.detach();
    }

    /// Asks it to end; it then ends cancelled, unless it was faster.
    void abort() { work_.cancel(); }
    bool is_finished() const { return work_.done(); }
    /// What it came to; a cancellation is an error, too. Once. *Cancel:* it goes on.
    task<result<T>> join()
    {
        co_await detail::ended(work_);
        co_return detail::outcome_of(work_);
    }

private:
    future<T> work_;
};

// ---- Java

/// A result that anybody may give, once, and anybody wait for. Copies are the same one. *Threads:* all of it from any.
/// *Lifetime:* who waits when the last copy goes gets `closed_error`.
template <class T = void> class completable {
    static_assert(detail::shared_result<T>, "simul: each who waits for a completable gets a copy of its result");

public:
    /// All three: false when it has a result already.
    template <class... Args> bool complete(Args&&... args)
    {
        return complete_with(result<T>::success(std::forward<Args>(args)...));
    }
    bool complete_exceptionally(std::exception_ptr error)
    {
        if (!error)
            throw simul::error(std::errc::invalid_argument, "complete_exceptionally: the exception_ptr is null");
        return complete_with(result<T>::failure(std::move(error)));
    }
    bool cancel() { return complete_with(result<T>::failure(std::make_exception_ptr(cancelled{}))); }

    bool is_done() const
    {
        const detail::guard held(shared_->lock);
        return shared_->outcome.has_value();
    }
    /// To await, to ask for its `result()`, to continue: each call gives another. Cancelling one of them is its own affair.
    future<T> as_future() const
    {
        promise<T> told;
        future<T> news = told.get_future();
        {
            const detail::guard held(shared_->lock);
            if (!shared_->outcome) {
                shared_->waiting.push_back(std::move(told));
                return news;
            }
        }
        shared_->tell(told);
        return news;
    }

    /// Unless it has a result by then, it gets `timeout_error`.
    template <class Rep, class Period> completable& or_timeout(std::chrono::duration<Rep, Period> limit)
    {
        return complete_late(limit, result<T>::failure(std::make_exception_ptr(timeout_error())));
    }
    /// Unless it has a result by then, it gets `value`.
    template <class Rep, class Period, class Value>
    completable& complete_on_timeout(std::chrono::duration<Rep, Period> limit, Value&& value)
    {
        return complete_late(limit, result<T>::success(std::forward<Value>(value)));
    }

private:
    struct shared {
        detail::spin_lock lock;
        std::optional<result<T>> outcome; ///< doesn't change once it is there
        std::vector<promise<T>> waiting;  ///< for that

        void tell(promise<T>& who) noexcept
        {
            try {
                if (outcome->error())
                    who.set_error(outcome->error());
                else if constexpr (std::is_void_v<T>)
                    who.set_value();
                else
                    who.set_value(outcome->value());
            } catch (...) {
                who.set_error(std::current_exception());
            }
        }
    };

    bool complete_with(result<T> outcome)
    {
        std::vector<promise<T>> told;
        {
            const detail::guard held(shared_->lock);
            if (shared_->outcome)
                return false;
            shared_->outcome = std::move(outcome);
            told.swap(shared_->waiting);
        }
        for (promise<T>& each : told)
            shared_->tell(each);
        return true;
    }
    template <class Rep, class Period> completable& complete_late(std::chrono::duration<Rep, Period> limit, result<T> outcome)
    {
        go([](completable self, duration patience, result<T> late) -> task<> {
            future<T> watched = self.as_future();
            co_await detail::ended(watched, patience);
            self.complete_with(std::move(late));
        }(*this, to_duration(limit), std::move(outcome)));
        return *this;
    }

    std::shared_ptr<shared> shared_ = std::make_shared<shared>();
};

} // namespace simul
