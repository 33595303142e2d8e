// SPDX-License-Identifier: MIT
#include <simul/base/error.hpp>
#include <simul/task/semaphore.hpp>

#include <string>

namespace simul {
namespace {

error refused(const std::string& what)
{
    return {std::errc::invalid_argument, what};
}

} // namespace

void permit::release()
{
    if (!from_)
        throw invalid_state(
            "this permit holds nothing: it was released, detached or moved from, or try_acquire failed");
    from_.reset();
}

semaphore::semaphore(std::ptrdiff_t permits, semaphore_options options) : free_(permits), limit_(options.limit)
{
    if (permits < 0)
        throw refused("semaphore: it can't begin with " + std::to_string(permits) + " permits; give 0 or more");
    if (permits > limit_)
        throw refused("semaphore: it can't begin with " + std::to_string(permits) + " permits when its limit is " +
                      std::to_string(limit_));
}

void semaphore::refuse_wanted(std::ptrdiff_t count) const
{
    if (count < 1)
        throw refused("acquire: can't take " + std::to_string(count) + " permits; ask for 1 or more");
    throw refused("acquire: " + std::to_string(count) + " permits would never come, the limit is " +
                  std::to_string(limit_));
}

void semaphore::release(std::ptrdiff_t count)
{
    if (count < 1)
        throw refused("release: can't give " + std::to_string(count) + " permits back; give 1 or more");
    std::ptrdiff_t already_free;
    {
        const detail::guard held(waiters_);
        already_free = free_;
        if (count <= limit_ - free_) {
            free_ += count;
            serve();
            return;
        }
    }
    throw invalid_state("release: " + std::to_string(already_free) + " permits are free and the limit is " +
                        std::to_string(limit_) + ", so " + std::to_string(count) +
                        " more is one release too many; a `permit` gives itself back");
}

void semaphore::serve_waiters() noexcept
{
    while (detail::waiter* const first = waiters_.front()) {
        const std::ptrdiff_t wanted = static_cast<detail::semaphore_wait*>(first)->count_;
        if (wanted > free_)
            return;
        free_ -= wanted;
        waiters_.take()->served();
    }
}

namespace detail {

bool semaphore_wait::wait(promise_base& frame) noexcept
{
    {
        const guard held(from_.waiters_);
        if (from_.take_locked(count_))
            return false;
        wait_in(frame);
        from_.waiters_.push(*this);
    }
    settle();
    return true;
}

void semaphore_wait::left() noexcept
{
    from_.serve(); // it may have held up one that wants less
}

} // namespace detail
} // namespace simul
