// SPDX-License-Identifier: MIT
//
// select: the first of several things that can happen, and only that.
//
//     co_await simul::select(
//         simul::on(jobs.receive(), [&](std::optional<job> next) { ... }),      // channels and queues, both directions
//         simul::on(results.send(7), [&] { ... }),
//         simul::on(flight, [&](const page& got) { ... }),                      // a future: only looked at, never cancelled
//         simul::on(simul::after(1s), [&] { ... }),
//         simul::otherwise([&] { ... }));                                       // nothing can happen at once: don't wait
//
// The handler of the case that happened is called, and its result is the result of the select; when handlers return
// tasks, the chosen one is awaited. Without handlers the result is a variant, one alternative per case:
//
//     auto first = co_await simul::select(jobs.receive(), simul::after(1s));    // variant<optional<job>, monostate>
//     if (first.index() == 1) ...                                               // timed out
//
// Exactly one case happens: the others have neither received nor sent anything. Among those that can happen at once each
// is equally likely. `on(...).when(condition)` takes a case out while the condition is false. An error of the chosen case
// (a send to a closed channel, the error of a future) is thrown by the select.
//
// A value for `send` is dropped with its case when another one happens; `send_from` leaves it with you.
//
// *Cancel:* nothing has happened. *Threads:* the others may come from any. Costs a lock per case, held all at once; a wait
// allocates nothing.
#pragma once

#include <simul/base/time.hpp>
#include <simul/detail/awaitable.hpp>
#include <simul/detail/executor.hpp>
#include <simul/detail/refuse_null.hpp>
#include <simul/detail/selectable.hpp>
#include <simul/detail/timer.hpp>
#include <simul/task/future.hpp>
#include <simul/task/task.hpp>

#include <chrono>
#include <concepts>
#include <coroutine>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

namespace simul {
namespace detail {

/// `after`, as a case.
class [[nodiscard("after is a case of a select; to wait alone, co_await simul::sleep")]] timer_case final
    : public selectable,
      timer {
public:
    explicit timer_case(duration wait) noexcept : wait_(wait) {}
    explicit timer_case(time_point when) noexcept { deadline = when; }
    timer_case(timer_case&& unstarted) noexcept : wait_(unstarted.wait_) { deadline = unstarted.deadline; }
    ~timer_case() { unpark(); }

    bool attempt() noexcept override;
    bool park() noexcept override;
    void unpark() noexcept override;
    void await_resume() const noexcept {}

private:
    executor* home_ = nullptr;
    duration wait_ = duration::min(); ///< unless `deadline` was given
};

/// A future, as a case. `Handle` is `future<T>` or `future<T>&`.
template <class Handle> class future_case final : public selectable {
public:
    explicit future_case(Handle&& flight) noexcept : flight_(static_cast<Handle&&>(flight)) {}
    future_case(future_case&& unstarted) noexcept : flight_(static_cast<Handle&&>(unstarted.flight_)) {}
    ~future_case() { unpark(); } // before the future goes

    bool attempt() override { return flight_.done(); }
    bool park() noexcept override
    {
        return !flight_.shared_state().enqueue(*this, [] {});
    }
    decltype(auto) await_resume()
    {
        finish_wait("future");
        return static_cast<Handle&&>(flight_).operator co_await().await_resume();
    }

private:
    Handle flight_;
};

template <class> inline constexpr bool is_future = false;
template <class T> inline constexpr bool is_future<future<T>> = true;

template <class A> struct select_source_of {
    static_assert(
        std::derived_from<A, selectable>,
        "simul: a case of a select is a channel's or queue's operation, a future, or after(...); to wait for a "
        "task, spawn it");
    using type = A;
};
template <class A>
    requires is_future<std::remove_cvref_t<A>>
struct select_source_of<A> {
    using type = future_case<A>;
};
template <class A> using select_source = typename select_source_of<A>::type;

struct no_handler {};

/// What to wait for, and what to do with it.
template <class Source, class Fn> struct [[nodiscard("a case does nothing until it is given to select")]] select_case {
    static constexpr bool waits = true;
    static constexpr bool handled = !std::is_same_v<Fn, no_handler>;

    /// Takes part only if `condition` is true.
    select_case when(bool condition) &&
    {
        enabled = condition;
        return std::move(*this);
    }

    selectable* awaited() noexcept { return enabled ? &source : nullptr; }
    void unpark() noexcept { source.unpark(); }
    bool happened(const leaf* chosen) const noexcept { return chosen == &source; }
    decltype(auto) result() { return source.await_resume(); }
    decltype(auto) finish()
    {
        if constexpr (std::is_void_v<decltype(source.await_resume())>) {
            source.await_resume();
            return fn();
        } else {
            return fn(source.await_resume());
        }
    }

    Source source;
    Fn fn;
    bool enabled = true;
};

template <class Fn> struct [[nodiscard("a case does nothing until it is given to select")]] otherwise_case {
    static constexpr bool waits = false;
    static constexpr bool handled = !std::is_same_v<Fn, no_handler>;

    selectable* awaited() const noexcept { return nullptr; }
    void unpark() const noexcept {}
    bool happened(const leaf* chosen) const noexcept { return chosen == nullptr; }
    void result() const noexcept {}
    decltype(auto) finish() { return fn(); }

    Fn fn;
};

template <class> inline constexpr bool is_select_case = false;
template <class Source, class Fn> inline constexpr bool is_select_case<select_case<Source, Fn>> = true;
template <class Fn> inline constexpr bool is_select_case<otherwise_case<Fn>> = true;

template <class A> struct case_of_argument {
    using type = select_case<select_source<A>, no_handler>;
};
template <class A>
    requires is_select_case<std::remove_cvref_t<A>>
struct case_of_argument<A> {
    using type = std::remove_cvref_t<A>;
};

template <class A> typename case_of_argument<A>::type as_case(A&& argument)
{
    if constexpr (is_select_case<std::remove_cvref_t<A>>)
        return static_cast<A&&>(argument);
    else
        return {select_source<A>(static_cast<A&&>(argument)), {}};
}

/// What a handler's result is, once it was awaited if it can be.
template <class R> struct awaited_result {
    using type = R;
};
template <class R>
    requires awaitable<R>
struct awaited_result<R> {
    using type = result_of<R>;
};

template <class R> using variant_part = std::conditional_t<std::is_void_v<R>, std::monostate, std::remove_cvref_t<R>>;

template <class First, class... Rest> struct common_result {
    static_assert((std::is_same_v<First, Rest> && ...),
                  "simul: the handlers of one select must all return the same type");
    using type = First;
};

/// The result of a select, by what its handlers make.
template <bool Handled, class... Cases> struct select_result {
    static constexpr bool awaits = (awaitable<decltype(std::declval<Cases&>().finish())> || ...);
    using type =
        typename common_result<typename awaited_result<decltype(std::declval<Cases&>().finish())>::type...>::type;

    template <std::size_t, class Case> static auto of(Case& chosen)
    {
        if constexpr (!awaits)
            return chosen.finish();
        else if constexpr (awaitable<decltype(chosen.finish())>)
            return as_task(chosen.finish());
        else if constexpr (std::is_void_v<type>)
            return chosen.finish(), nothing_more();
        else
            return nothing_more(chosen.finish());
    }

private:
    static task<> nothing_more() { co_return; }
    template <class R> static task<R> nothing_more(R result) { co_return result; }
};
template <class... Cases> struct select_result<false, Cases...> {
    static constexpr bool awaits = false;
    using type = std::variant<variant_part<decltype(std::declval<Cases&>().result())>...>;

    template <std::size_t I, class Case> static type of(Case& chosen)
    {
        if constexpr (std::is_void_v<decltype(chosen.result())>)
            return chosen.result(), type(std::in_place_index<I>);
        else
            return type(std::in_place_index<I>, chosen.result());
    }
};

template <class... Cases>
class [[nodiscard("nothing is selected until it is awaited: co_await it")]] select_awaiter final : public selection {
    static constexpr std::size_t size = sizeof...(Cases);
    static constexpr std::size_t handled = (std::size_t{Cases::handled} + ...);
    static_assert(handled == 0 || handled == size,
                  "simul: give every case of the select a handler, with on(...), or none");
    static_assert((std::size_t{!Cases::waits} + ...) <= 1, "simul: a select has at most one otherwise");
    using results = select_result<handled != 0, Cases...>;

public:
    static constexpr bool awaits = results::awaits;
    using result_type = typename results::type;

    explicit select_awaiter(Cases&&... cases) : cases_(std::move(cases)...) {}
    select_awaiter(select_awaiter&& unstarted) : cases_(std::move(unstarted.cases_)) {}
    ~select_awaiter()
    {
        if (waited()) { // destroyed in the middle of the wait
            static_cast<void>(claim(*this));
            unpark();
        }
    }

    bool await_ready() const noexcept { return false; }
    template <std::derived_from<promise_base> Promise> bool await_suspend(std::coroutine_handle<Promise> frame)
    {
        candidate candidates[size];
        std::size_t count = 0;
        const auto add = [&](selectable* awaited) {
            if (awaited)
                candidates[count++].what = awaited;
        };
        std::apply([&](auto&... each) { (add(each.awaited()), ...); }, cases_);
        return begin(frame.promise(), candidates, count, (Cases::waits && ...));
    }
    decltype(auto) await_resume()
    {
        unpark();
        end();
        return take_result<0>();
    }

private:
    void unpark() noexcept
    {
        const auto one = [this](auto& each) {
            if (!each.happened(chosen())) // which has left its queue, and must not touch it again
                each.unpark();
        };
        if (waited())
            std::apply([&](auto&... each) { (one(each), ...); }, cases_);
    }

    template <std::size_t I> decltype(auto) take_result()
    {
        if constexpr (I + 1 < size)
            if (!std::get<I>(cases_).happened(chosen()))
                return take_result<I + 1>();
        return results::template of<I>(std::get<I>(cases_));
    }

    std::tuple<Cases...> cases_;
};

/// Chooses, then awaits what the handler returned. The handlers live in this frame.
template <class Select> task<typename Select::result_type> select_and_await(Select choice)
{
    co_return co_await (co_await choice);
}

} // namespace detail

/// A case of `select`: when `awaited` happens, `handler` gets its result.
template <class Awaitable, class Fn> auto on(Awaitable&& awaited, Fn handler)
{
    using source = detail::select_source<Awaitable>;
    detail::refuse_null(handler);
    return detail::select_case<source, Fn>{source(static_cast<Awaitable&&>(awaited)), std::move(handler)};
}

/// The case of `select` that happens when no other can at once.
template <class Fn> auto otherwise(Fn handler)
{
    detail::refuse_null(handler);
    return detail::otherwise_case<Fn>{std::move(handler)};
}
inline auto otherwise()
{
    return detail::otherwise_case<detail::no_handler>{};
}

/// A case of `select`: so much time has passed since it began to wait. *Throws:* `error` for a duration that is not a number.
template <class Rep, class Period> detail::timer_case after(std::chrono::duration<Rep, Period> wait)
{
    return detail::timer_case(to_duration(wait));
}
/// A case of `select`: the loop's clock reads `when`.
inline detail::timer_case after(time_point when) noexcept
{
    return detail::timer_case(when);
}

/// `co_await` it: one of the cases happens; see above.
template <class... Cases>
    requires(sizeof...(Cases) > 0)
auto select(Cases&&... cases)
{
    using choice = detail::select_awaiter<typename detail::case_of_argument<Cases>::type...>;
    if constexpr (choice::awaits)
        return detail::select_and_await(choice(detail::as_case(static_cast<Cases&&>(cases))...));
    else
        return choice(detail::as_case(static_cast<Cases&&>(cases))...);
}

} // namespace simul
