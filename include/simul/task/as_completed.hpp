// SPDX-License-Identifier: MIT
//
// as_completed: futures in the order in which they finish.
//
//     auto done = simul::as_completed(flights);                   // a range of futures, which stays where it is
//     while (auto* flight = co_await done.next())                 // in a coroutine
//         use(flight->result());
//
//     for (simul::future<page>& flight : simul::as_completed(flights))   // in plain code: blocks
//         use(flight.result());
//
// Each comes once, whether it succeeded, failed or was cancelled, so it always ends. Cancelling a `next` loses nothing:
// the next one gives what that would have. For a limit in time: `timeout(1s, done.next())`.
#pragma once

#include <simul/detail/promise_base.hpp>
#include <simul/detail/watch_set.hpp>
#include <simul/task/future.hpp>

#include <cstddef>
#include <iterator>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

namespace simul {
namespace detail {

/// The futures by index, in the order in which they finish. Counts through one queue, from any thread.
class completion_order final : public pooled {
public:
    static constexpr std::size_t none = ~std::size_t{0};

    completion_order();
    ~completion_order();
    void add(future_state_base& watched);

    /// The next to have finished; `none` when there is none yet, or none left.
    std::size_t try_next() noexcept;
    bool exhausted() noexcept;
    /// Blocks a plain thread. *Throws:* `deadlock_error` inside a loop.
    std::size_t next_blocking();

    class next_awaiter : public waiter {
    public:
        explicit next_awaiter(completion_order& of) noexcept : order_(of) {}
        next_awaiter(next_awaiter&& unstarted) noexcept : order_(unstarted.order_) {}
        bool await_ready() noexcept;
        template <std::derived_from<promise_base> Promise> bool await_suspend(std::coroutine_handle<Promise> frame)
        {
            return wait_for_next(frame.promise());
        }

    protected:
        std::size_t take();

    private:
        friend completion_order;
        bool wait_for_next(promise_base& frame);
        completion_order& order_;
        std::size_t found_ = none;
    };

private:
    class entry;
    class blocked;
    void finished(std::size_t index) noexcept;
    std::size_t give() noexcept;

    wait_queue waiting_;                          ///< its lock guards the rest
    std::vector<std::unique_ptr<entry>> entries_;
    std::vector<std::size_t> finished_;           ///< by order of finishing
    std::size_t given_ = 0;                       ///< of these, handed out
};

} // namespace detail

template <class T> class as_completed_range {
public:
    explicit as_completed_range(std::vector<future<T>*> futures) : futures_(std::move(futures))
    {
        for (future<T>* each : futures_)
            order_->add(each->shared_state());
    }

    class [[nodiscard("co_await it")]] next_awaiter final : public detail::completion_order::next_awaiter {
    public:
        next_awaiter(detail::completion_order& order, as_completed_range& of) noexcept
            : detail::completion_order::next_awaiter(order), range_(of)
        {
        }
        next_awaiter(next_awaiter&& unstarted) = default;
        ~next_awaiter() { this->withdraw(); } // while it is whole: another thread may be serving it
        future<T>* await_resume() { return range_.at(this->take()); }

    private:
        as_completed_range& range_;
    };

    /// The next future to be done; null when all were given.
    next_awaiter next() { return next_awaiter(*order_, *this); }

    class iterator {
    public:
        using value_type = future<T>;
        using difference_type = std::ptrdiff_t;
        explicit iterator(as_completed_range& of) : range_(&of) { ++*this; }
        future<T>& operator*() const noexcept { return *now_; }
        iterator& operator++()
        {
            now_ = range_->at(range_->order_->next_blocking());
            return *this;
        }
        void operator++(int) { ++*this; }
        bool operator==(std::default_sentinel_t) const noexcept { return now_ == nullptr; }

    private:
        as_completed_range* range_;
        future<T>* now_ = nullptr;
    };

    iterator begin() { return iterator(*this); }
    std::default_sentinel_t end() const noexcept { return {}; }

private:
    future<T>* at(std::size_t index) const
    {
        return index == detail::completion_order::none ? nullptr : futures_[index];
    }

    std::vector<future<T>*> futures_;
    std::unique_ptr<detail::completion_order> order_{new detail::completion_order};
};

/// Futures of a range, which must stay where it is.
template <class Range> auto as_completed(Range& futures)
{
    using element = std::remove_cvref_t<decltype(*std::begin(futures))>;
    static_assert(!detail::is_task<element>, "simul: as_completed takes futures: spawn the tasks");
    using T = typename element::value_type;
    std::vector<future<T>*> each;
    for (future<T>& one : futures)
        each.push_back(&one);
    return as_completed_range<T>(std::move(each));
}

} // namespace simul
