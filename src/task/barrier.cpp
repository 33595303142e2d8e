// SPDX-License-Identifier: MIT
#include <simul/task/barrier.hpp>

#include <string>

namespace simul {
namespace {

constexpr const char* aborted = "the barrier is broken: it was aborted; reset() heals it";

std::size_t checked(std::ptrdiff_t parties)
{
    if (parties < 1)
        throw error(std::errc::invalid_argument,
                    "barrier: can't be for " + std::to_string(parties) + " parties; give 1 or more");
    return static_cast<std::size_t>(parties);
}

} // namespace

barrier::barrier(std::ptrdiff_t parties) : parties_(checked(parties))
{
}

std::optional<std::size_t> barrier::try_wait()
{
    {
        const detail::guard held(waiters_);
        if (!broken_) {
            if (!complete())
                return std::nullopt;
            let_through();
            return parties_ - 1;
        }
    }
    throw broken_barrier(aborted);
}

void barrier::reset() noexcept
{
    const detail::guard held(waiters_);
    broken_ = false;
    send_away(true);
}

void barrier::abort() noexcept
{
    const detail::guard held(waiters_);
    broken_ = true;
    send_away(false);
}

/// True when there is nothing to wait for: it is the last, or the barrier is broken.
bool barrier::arrive(detail::barrier_wait& comes) noexcept
{
    if (broken_)
        return true;
    if (!complete())
        return false;
    let_through();
    comes.passes_ = true;
    comes.place_ = parties_ - 1;
    return true;
}

void barrier::let_through() noexcept
{
    std::size_t place = 0;
    while (detail::waiter* const each = waiters_.take()) {
        auto& passing = static_cast<detail::barrier_wait&>(*each);
        passing.passes_ = true;
        passing.place_ = place++;
        passing.served();
    }
    here_ = 0;
}

void barrier::send_away(bool by_reset) noexcept
{
    while (detail::waiter* const each = waiters_.take()) {
        static_cast<detail::barrier_wait&>(*each).was_reset_ = by_reset;
        each->served();
    }
    here_ = 0;
}

namespace detail {

bool barrier_wait::await_ready() noexcept
{
    const guard held(barrier_.waiters_);
    return barrier_.arrive(*this);
}

bool barrier_wait::wait(promise_base& frame) noexcept
{
    {
        const guard held(barrier_.waiters_);
        if (barrier_.arrive(*this))
            return false;
        wait_in(frame);
        barrier_.waiters_.push(*this);
        ++barrier_.here_;
    }
    settle();
    return true;
}

void barrier_wait::left() noexcept
{
    --barrier_.here_;
}

void barrier_wait::refuse() const
{
    throw broken_barrier(was_reset_ ? "the barrier was reset while this task waited at it" : aborted);
}

} // namespace detail
} // namespace simul
