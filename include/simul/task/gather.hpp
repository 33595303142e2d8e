// SPDX-License-Identifier: MIT
//
// gather: several at once, all results. settle: the same, with errors as values.
//
//     auto [page, ad] = co_await simul::gather(fetch(url), fetch_ad());
//     std::vector<page> pages = co_await simul::gather(downloads, {.limit = 10});
//
// Results come in the order of the arguments; those of void tasks are left out, and where all are void there is none.
// The first error cancels the others, waits for them, and is rethrown: no branch ever outlives the call, so branches may
// use the caller's locals. With `settle` nobody is cancelled, and there is a `result<T>` for each.
//
// A range may hold tasks (which are moved out of it) or futures, and be lazy or endless: with a `limit`, no more than
// that run at once, and the range is advanced as they end.
//
// *Cancel:* goes to every branch; when all have ended, `cancelled` if one of them ended so, else their results.
#pragma once

#include <simul/base/result.hpp>
#include <simul/detail/join.hpp>

#include <concepts>
#include <cstddef>
#include <exception>
#include <iterator>
#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace simul {

struct gather_options {
    std::size_t limit = 0; ///< at most so many at once; 0: all
};

namespace detail {

/// Keeps the first error, and ends the others when it comes.
class first_error {
public:
    bool note(const branch_base& ended) noexcept
    {
        const failure* const error = ended.error();
        if (!error)
            return false;
        any_cancelled_ = any_cancelled_ || error->is_cancellation();
        if (found_)
            return false;
        found_ = *error;
        return true;
    }
    bool any_cancelled() const noexcept { return any_cancelled_; }
    void rethrow() const
    {
        if (found_)
            found_->rethrow();
    }

private:
    std::optional<failure> found_;
    bool any_cancelled_ = false;
};

/// The branches of a call with a list of arguments.
template <class... Ts> class argument_join : public join {
public:
    explicit argument_join(std::tuple<task<Ts>...>&& tasks)
        : branches_(std::apply([](auto&... each) { return std::tuple<branch_maker<Ts>...>{branch_maker<Ts>{each}...}; },
                               tasks))
    {
    }

    bool await_ready() const noexcept { return sizeof...(Ts) == 0; }
    template <std::derived_from<promise_base> Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> frame) noexcept
    {
        wait_in(frame.promise());
        std::size_t index = 0;
        std::apply([&](auto&... each) { (each.attach(*this, index++), ...); }, branches_);
        if (frame.promise().line->home().sharing()) [[unlikely]] {
            // In a thread pool others may take the last ones, while this worker goes on with the first.
            if constexpr (sizeof...(Ts) > 0) {
                offer_all_but_first(std::make_index_sequence<sizeof...(Ts) - 1>());
                settle();
                return std::get<0>(branches_).first_step();
            }
        }
        std::apply([&](auto&... each) { (each.start(), ...); }, branches_);
        settle();
        return std::noop_coroutine();
    }

protected:
    template <std::size_t... I> void offer_all_but_first(std::index_sequence<I...>) noexcept
    {
        (std::get<sizeof...(I) - I>(branches_).offer(), ...);
    }

    /// Turns into a branch in place, as branches don't move.
    template <class T> struct branch_maker {
        task<T>& work;
        operator branch<T>() const { return branch<T>(std::move(work)); }
    };

    std::tuple<branch<Ts>...> branches_;
};

template <class... Ts> class gather_awaiter final : public argument_join<Ts...> {
public:
    using argument_join<Ts...>::argument_join;

    auto await_resume()
    {
        if (this->asked_to_end() && error_.any_cancelled())
            throw cancelled{};
        this->pass_on_request();
        error_.rethrow();
        auto results = std::apply([](auto&... each) { return std::tuple_cat(value_of(each)...); }, this->branches_);
        if constexpr (std::tuple_size_v<decltype(results)> != 0)
            return results;
    }

private:
    template <class T> static auto value_of(branch<T>& ended)
    {
        if constexpr (std::is_void_v<T>) {
            ended.take();
            return std::tuple<>();
        } else {
            return std::tuple<T>(ended.take());
        }
    }
    void on_end(branch_base& ended) noexcept override
    {
        if (error_.note(ended))
            this->cancel_others();
    }

    first_error error_;
};

template <class T> result<T> result_of_branch(branch<T>& ended)
{
    if (const failure* const error = ended.error())
        return result<T>::failure(error->error());
    if constexpr (std::is_void_v<T>)
        return result<T>::success();
    else
        return result<T>::success(ended.take());
}

template <class... Ts> class settle_awaiter final : public argument_join<Ts...> {
public:
    using argument_join<Ts...>::argument_join;

    std::tuple<result<Ts>...> await_resume()
    {
        if (this->asked_to_end() && any_cancelled_)
            throw cancelled{};
        this->pass_on_request();
        return std::apply([](auto&... each) { return std::tuple<result<Ts>...>(result_of_branch(each)...); },
                          this->branches_);
    }

private:
    void on_end(branch_base& ended) noexcept override
    {
        any_cancelled_ = any_cancelled_ || (ended.error() && ended.error()->is_cancellation());
    }

    bool any_cancelled_ = false;
};

/// A call that was made and not awaited yet: holds the tasks, and can be moved.
template <template <class...> class Awaiter, class... Ts>
class [[nodiscard("nothing starts until it is awaited: co_await it")]] argument_call {
public:
    explicit argument_call(task<Ts>... tasks) noexcept : tasks_(std::move(tasks)...) {}
    Awaiter<Ts...> operator co_await() && { return Awaiter<Ts...>(std::move(tasks_)); }

private:
    std::tuple<task<Ts>...> tasks_;
};

template <template <class...> class Awaiter, class... Ts> auto make_argument_call(task<Ts>... tasks)
{
    return argument_call<Awaiter, Ts...>(std::move(tasks)...);
}

// ---- ranges

template <class Range>
using element_reference = decltype(*std::begin(std::declval<std::remove_reference_t<Range>&>()));

/// An element as a task: tasks are moved out of the range, futures are awaited where they are.
template <class Element> auto element_task(Element&& element)
{
    using plain = std::remove_cvref_t<Element>;
    if constexpr (is_task<plain>)
        return as_task(std::move(element));
    else
        return as_task(std::forward<Element>(element));
}

template <class Range>
concept awaitable_range = !awaitable<Range> && requires(std::remove_reference_t<Range>& range) {
    std::begin(range) != std::end(range);
    element_task(*std::begin(range));
};

template <class Range>
using range_value = typename decltype(element_task(std::declval<element_reference<Range>>()))::value_type;

/// The branches of a call with a range: one block of memory for each while it runs, its outcome kept by index.
///
/// They begin one after the other in one step of the loop, `starter`, and not each in its own: the memory of a branch that
/// ends at once serves the next. In a random order of execution others get in between.
template <class Range, bool Settles> class range_join final : public join {
    using T = range_value<Range>;
    using outcome = std::conditional_t<Settles, result<T>, std::conditional_t<std::is_void_v<T>, char, contained<T>>>;
    using iterator = decltype(std::begin(std::declval<std::remove_reference_t<Range>&>()));
    using sentinel = decltype(std::end(std::declval<std::remove_reference_t<Range>&>()));

public:
    range_join(Range&& range, std::size_t limit)
        : range_(static_cast<Range&&>(range)), limit_(limit), next_(std::begin(range_)), end_(std::end(range_)),
          starter_(*this)
    {
    }

    ~range_join() { destroy_branches(); }

    bool await_ready() { return !(next_ != end_); }
    template <std::derived_from<promise_base> Promise> void await_suspend(std::coroutine_handle<Promise> frame) noexcept
    {
        wait_in(frame.promise());
        starter_.post();
        settle();
    }
    auto await_resume()
    {
        if (asked_to_end() && any_cancelled_)
            throw cancelled{};
        pass_on_request();
        if (range_error_)
            std::rethrow_exception(range_error_);
        if constexpr (!Settles)
            error_.rethrow();
        if constexpr (Settles || !std::is_void_v<T>) {
            std::vector<outcome> all;
            all.reserve(outcomes_.size());
            for (std::optional<outcome>& each : outcomes_)
                all.push_back(std::move(*each));
            return all;
        }
    }

private:
    /// Counts as a branch from its posting on, so that the join ends no earlier.
    class starter final : public work {
    public:
        explicit starter(range_join& owner) noexcept : owner_(owner) {}

        void post() noexcept
        {
            if (std::exchange(at_work_, true))
                return;
            ++owner_.running_;
            home().post_here(*this);
        }
        void run() noexcept override
        {
            const bool all_begun = owner_.begin_some(home().random_order() ? 1 : ~std::size_t{0});
            at_work_ = false;
            if (!all_begun)
                post();
            if (--owner_.running_ == 0)
                owner_.run();
        }

    private:
        executor& home() const noexcept { return owner_.frame().line->home(); }

        range_join& owner_;
        bool at_work_ = false;
    };

    /// At most so many; false when more may begin.
    bool begin_some(std::size_t most) noexcept
    {
        context& waiter = *frame().line;
        try {
            for (; !stopped_ && may_begin(); --most) {
                waiter.home().set_running(&waiter); // the range may be a generator
                if (!(next_ != end_)) {
                    stopped_ = true;
                } else if (asked_to_end()) {
                    any_cancelled_ = stopped_ = true;
                } else if (most == 0) {
                    return false;
                } else {
                    if constexpr (Settles || !std::is_void_v<T>)
                        outcomes_.emplace_back();
                    auto* const added = new branch<T>(element_task(*next_));
                    if (waiter.home().sharing()) [[unlikely]] {
                        added->attach(*this, count_++);
                        added->offer();
                    } else {
                        added->begin(*this, count_++).resume();
                    }
                    waiter.home().set_running(&waiter);
                    ++next_;
                }
            }
        } catch (...) {
            range_error_ = std::current_exception();
            stop();
        }
        waiter.home().set_running(nullptr);
        return true;
    }
    bool may_begin() const noexcept { return limit_ == 0 || running_ - 1 < limit_; } // one is the starter
    void stop() noexcept
    {
        stopped_ = true;
        cancel_others();
    }
    void on_end(branch_base& ended) noexcept override
    {
        auto& line = static_cast<branch<T>&>(ended);
        const failure* const error = line.error();
        any_cancelled_ = any_cancelled_ || (error && error->is_cancellation());
        try {
            if constexpr (Settles)
                outcomes_[line.index()].emplace(result_of_branch(line));
            else if (error_.note(line))
                stop();
            else if constexpr (std::is_reference_v<T>)
                error ? void() : void(outcomes_[line.index()].emplace(&line.take()));
            else if constexpr (!std::is_void_v<T>)
                error ? void() : void(outcomes_[line.index()].emplace(line.take()));
        } catch (...) {
            range_error_ = std::current_exception();
            stop();
        }
        delete &line;
        if (!stopped_)
            starter_.post();
    }

    Range range_;
    std::size_t limit_;
    iterator next_;
    sentinel end_;
    std::size_t count_ = 0;
    std::vector<std::optional<outcome>> outcomes_;
    starter starter_;
    first_error error_;
    std::exception_ptr range_error_;
    bool any_cancelled_ = false;
    bool stopped_ = false; ///< no more will begin
};

template <class Range, bool Settles> class [[nodiscard("nothing starts until it is awaited: co_await it")]] range_call {
public:
    range_call(Range&& range, std::size_t limit) : range_(static_cast<Range&&>(range)), limit_(limit) {}
    range_join<Range, Settles> operator co_await() &&
    {
        return range_join<Range, Settles>(static_cast<Range&&>(range_), limit_);
    }

private:
    Range range_; ///< a reference for a named range
    std::size_t limit_;
};

} // namespace detail

/// All of them at once; a tuple of their results.
template <detail::awaitable... Awaitables> auto gather(Awaitables&&... several)
{
    return detail::make_argument_call<detail::gather_awaiter>(detail::as_task(std::forward<Awaitables>(several))...);
}
/// All of a range at once, or so many at a time; a vector of their results.
template <detail::awaitable_range Range> auto gather(Range&& range, gather_options options = {})
{
    return detail::range_call<Range, false>(std::forward<Range>(range), options.limit);
}

/// As `gather`, but waits for each whatever becomes of the others; a tuple of `result<T>`.
template <detail::awaitable... Awaitables> auto settle(Awaitables&&... several)
{
    return detail::make_argument_call<detail::settle_awaiter>(detail::as_task(std::forward<Awaitables>(several))...);
}
template <detail::awaitable_range Range> auto settle(Range&& range, gather_options options = {})
{
    return detail::range_call<Range, true>(std::forward<Range>(range), options.limit);
}

} // namespace simul
