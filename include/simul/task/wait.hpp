// SPDX-License-Identifier: MIT
//
// wait: until one of several futures, or all of them, are done.
//
//     auto [done, pending] = co_await simul::wait(flights, simul::until::first_completed, {.timeout = 5s});
//
// Gives pointers to the futures of the range, in its order. Never cancels them, not even when itself cancelled; never raises a timeout: what isn't done then is in `pending`.
// *Throws:* `error` for an empty range.
#pragma once

#include <simul/detail/watch_set.hpp>
#include <simul/detail/promise_base.hpp>
#include <simul/detail/timer.hpp>
#include <simul/task/future.hpp>

#include <concepts>
#include <cstdint>
#include <iterator>
#include <type_traits>
#include <utility>
#include <vector>

namespace simul {

/// What ends a `wait`. A future that was cancelled has not failed.
enum class until : std::uint8_t { all_completed, first_completed, first_error };

struct wait_options {
    duration timeout = duration::max();
};

template <class T> struct wait_result {
    std::vector<future<T>*> done;
    std::vector<future<T>*> pending;
};

namespace detail {

/// The part of `wait` that does not depend on the type of the futures.
class wait_base : public leaf, private timer, private watch_set::listener {
public:
    wait_base(until when, duration timeout) noexcept : when_(when), timeout_(timeout) {}
    wait_base(wait_base&& unstarted) noexcept
        : states_(std::move(unstarted.states_)), when_(unstarted.when_), timeout_(unstarted.timeout_)
    {
    }
    ~wait_base();
    bool cancel() noexcept override;

protected:
    void add(future_state_base& state);
    bool begin(promise_base& frame);
    void finish();

private:
    void completed(std::size_t index) noexcept override;
    bool enough() const noexcept;
    void end_wait() noexcept;

    std::vector<future_state_base*> states_;
    until when_;
    duration timeout_;
    watch_set* watched_ = nullptr;
    bool over_ = false;
};

template <class T> class [[nodiscard("nothing waits until it is awaited: co_await it")]] wait_awaiter final : public wait_base {
public:
    wait_awaiter(std::vector<future<T>*> futures, until when, duration timeout)
        : wait_base(when, timeout), futures_(std::move(futures))
    {
        for (future<T>* each : futures_)
            add(each->shared_state());
    }

    bool await_ready() const noexcept { return false; }
    template <std::derived_from<promise_base> Promise> bool await_suspend(std::coroutine_handle<Promise> frame)
    {
        return begin(frame.promise());
    }
    wait_result<T> await_resume()
    {
        finish();
        wait_result<T> found;
        for (future<T>* each : futures_)
            (each->done() ? found.done : found.pending).push_back(each);
        return found;
    }

private:
    std::vector<future<T>*> futures_;
};

} // namespace detail

/// Waits for futures of a range that stays where it is.
template <class Range> auto wait(Range& futures, until when = until::all_completed, wait_options options = {})
{
    using element = std::remove_cvref_t<decltype(*std::begin(futures))>;
    static_assert(!detail::is_task<element>, "simul: wait takes futures, which go on after it: spawn the tasks, or use settle");
    using T = typename element::value_type;
    std::vector<future<T>*> each;
    for (future<T>& one : futures)
        each.push_back(&one);
    return detail::wait_awaiter<T>(std::move(each), when, options.timeout);
}

} // namespace simul
