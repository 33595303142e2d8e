// SPDX-License-Identifier: MIT
//
// shield: wait for something without handing cancellation on to it.
//
//     co_await simul::shield(write_journal());      // cancelled here: raises `cancelled`; the journal gets written
//
// A task is spawned, and belongs to the loop when its waiter has left: it must not refer to the waiter's locals. A future
// stays yours. An error of the work is reported if nobody is left to see it.
#pragma once

#include <simul/task/spawn.hpp>

#include <source_location>
#include <utility>

namespace simul {
namespace detail {

template <class T> class shielded_wait final : public future_wait {
public:
    explicit shielded_wait(future<T>& waited) : future_wait(&waited.shared_state()), future_(waited) {}

    shielded_wait(shielded_wait&& unstarted) noexcept : future_wait(unstarted.state_), future_(unstarted.future_) {}
    ~shielded_wait() { this->withdraw(); } // while it is whole: another thread may be serving it

    bool cancel() noexcept override { return waiter::cancel() || state_->ended_cancelled(); } // leaves the queue, no more
    decltype(auto) await_resume()
    {
        this->finish_wait("future");
        return future_.result();
    }

private:
    future<T>& future_;
};

template <class T> task<T> shielded(task<T> work, std::source_location at)
{
    future<T> flight = spawn(std::move(work), at);
    struct let_go {
        future<T>& left;
        ~let_go()
        {
            if (left.valid() && !left.done())
                left.detach();
        }
    } on_the_way_out{flight};
    if constexpr (std::is_void_v<T> || std::is_reference_v<T> || !shared_result<T>) {
        co_return co_await shielded_wait<T>(flight);
    } else {
        co_await shielded_wait<T>(flight);
        co_return co_await std::move(flight);
    }
}

} // namespace detail

/// Spawns `work` and waits for it.
template <class T> task<T> shield(task<T> work, std::source_location at = std::source_location::current())
{
    return detail::shielded(std::move(work), at);
}

/// Waits for a future that goes on if the waiter is cancelled; it must outlive the wait.
template <class T> [[nodiscard("co_await it")]] detail::shielded_wait<T> shield(future<T>& waited)
{
    return detail::shielded_wait<T>(waited);
}

} // namespace simul
