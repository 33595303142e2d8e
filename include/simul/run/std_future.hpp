// SPDX-License-Identifier: MIT
//
// std_future: futures of the standard library from and to simul's, for code at the border.
//
//     int answer = co_await simul::from_std(legacy::start());       // from std::future or std::shared_future
//     std::future<int> told = simul::to_std(simul::spawn(work()));  // for code that wants one
//
// Not part of <simul/simul.hpp>, as <future> costs every file that includes it 0.1 s.
//
// Costs: a std::future can only be waited for by blocking, so `from_std` of one that isn't ready takes a thread of
// `to_thread` until it is. `to_std` takes none.
#pragma once

#include <simul/run/to_thread.hpp>
#include <simul/task/future.hpp>

#include <chrono>
#include <exception>
#include <future>
#include <type_traits>
#include <utility>

namespace simul {
namespace detail {

template <class T, class Waited> void hand_over(promise<T>& to, Waited& from) noexcept
{
    try {
        if constexpr (std::is_void_v<T>) {
            from.get();
            to.set_value();
        } else {
            to.set_value(from.get());
        }
    } catch (...) {
        to.set_error(std::current_exception());
    }
}

template <class T, class Waited> future<T> from_standard(Waited from)
{
    if (!from.valid())
        throw invalid_state("from_std: this std::future is empty: it was moved from, its result was taken, or it never had one");
    promise<T> to;
    future<T> flight = to.get_future();
    if (from.wait_for(std::chrono::seconds(0)) == std::future_status::ready)
        hand_over(to, from);
    else
        to_thread([](promise<T> waiting, Waited waited) { hand_over(waiting, waited); }, std::move(to), std::move(from)).detach();
    return flight;
}

/// Stands in the queue of a future, and fills a std::promise when that is done, in the thread that completes it.
template <class T> class standard_bridge final : public waiter {
public:
    explicit standard_bridge(future<T> from) noexcept : from_(std::move(from)) {}
    std::future<T> get_future() { return to_.get_future(); }

    void begin()
    {
        if (!from_.shared_state().enqueue(*this, [] {}))
            fill();
    }
    void served() noexcept override
    {
        forget_queue();
        fill(); // under the lock of the future, which its producer keeps alive as long as it serves
    }

private:
    void fill() noexcept
    {
        try {
            if (const std::exception_ptr error = from_.error()) {
                to_.set_exception(error);
            } else if constexpr (std::is_void_v<T>) {
                to_.set_value();
            } else {
                to_.set_value(std::move(from_).result());
            }
        } catch (...) {
            to_.set_exception(std::current_exception());
        }
        delete this;
    }

    future<T> from_;
    std::promise<T> to_;
};

} // namespace detail

/// The future of what a std::future will give. *Cancel:* it ends cancelled; the work goes on, and the thread waits for it.
/// *Throws:* `invalid_state` for an empty one; as `to_thread`.
template <class T> future<T> from_std(std::future<T> from) { return detail::from_standard<T>(std::move(from)); }
template <class T> future<T> from_std(std::shared_future<T> from) { return detail::from_standard<T>(std::move(from)); }

/// A std::future that gets the result, or the error: `cancelled`, too. The work goes on when that is dropped.
template <class T> std::future<T> to_std(future<T> from)
{
    static_cast<void>(from.shared_state()); // throws for an empty one
    auto* const bridge = new detail::standard_bridge<T>(std::move(from));
    std::future<T> told = bridge->get_future();
    bridge->begin();
    return told;
}

} // namespace simul
