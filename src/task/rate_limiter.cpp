// SPDX-License-Identifier: MIT
#include <simul/base/error.hpp>
#include <simul/detail/frame_pool.hpp>
#include <simul/detail/work.hpp>
#include <simul/task/rate_limiter.hpp>
#include <simul/task/this_task.hpp>

#include <algorithm>
#include <string>
#include <utility>

namespace simul {
namespace {

error refused(const std::string& what)
{
    return {std::errc::invalid_argument, what};
}

duration checked(duration per)
{
    if (per <= duration::zero())
        throw refused("rate_limiter: `per` must be more than 0");
    return per;
}

} // namespace

rate_limiter::rate_limiter(rate_limit limit)
    : rate_(limit.rate),
      burst_(limit.burst ? limit.burst : limit.rate),
      token_(static_cast<parts>(checked(limit.per).count())),
      filled_(token_ * burst_)
{
    if (rate_ == 0)
        throw refused("rate_limiter: a rate of 0 would let nothing through");
}

rate_limiter::~rate_limiter()
{
    const detail::guard held(waiters_);
    for (detail::waiter* each = waiters_.front(); each; each = waiters_.behind(*each))
        static_cast<detail::rate_wait*>(each)->listed_.store(false, std::memory_order_release);
}

bool rate_limiter::try_acquire(std::uint32_t count)
{
    check_wanted(count);
    const detail::guard held(waiters_);
    refill(simul::now());
    return waiters_.empty() && take(count);
}

std::uint32_t rate_limiter::available() noexcept
{
    const detail::guard held(waiters_);
    refill(simul::now());
    return static_cast<std::uint32_t>(std::min(filled_, token_ * burst_) / token_);
}

void rate_limiter::check_wanted(std::uint32_t count) const
{
    if (count > burst_)
        throw refused("acquire: " + std::to_string(count) + " tokens at once would never come, the burst is " +
                      std::to_string(burst_));
}

void rate_limiter::refill(time_point now) noexcept
{
    if (now <= filled_at_)
        return; // another loop's clock was a little ahead
    if (filled_at_ != time_point::min()) {
        const parts elapsed = static_cast<parts>((now - filled_at_).count());
        // Who waits is woken up to a nanosecond late; what comes in meanwhile is not lost, though the bucket be full.
        const parts rounding = waiters_.empty() ? 0 : rate_ - 1;
        filled_ = std::min(filled_ + elapsed * rate_, token_ * burst_ + rounding);
    }
    filled_at_ = now;
}

bool rate_limiter::take(std::uint32_t count) noexcept
{
    const parts wanted = token_ * count;
    if (filled_ < wanted)
        return false;
    filled_ -= wanted;
    return true;
}

void rate_limiter::serve(time_point now) noexcept
{
    refill(now);
    while (detail::waiter* const w = waiters_.front()) {
        auto& first = static_cast<detail::rate_wait&>(*w);
        if (!take(first.count_)) {
            const parts missing = token_ * first.count_ - filled_;
            const parts wait = (missing + rate_ - 1) / rate_; // up, so that the timer isn't early
            const bool ever = wait < static_cast<parts>(duration::max().count());
            first.become_first(ever ? deadline_after(filled_at_, duration(static_cast<duration::rep>(wait))) : never);
            return;
        }
        waiters_.take();
        first.listed_.store(false, std::memory_order_release); // pairs with told and fired
        first.served();
    }
}

namespace detail {

/// Carries to the loop of a waiter that it is the first now. Outlives it if need be; both are that loop's own.
class rate_wait::request final : public work, public pooled {
public:
    explicit request(rate_wait& first) noexcept : first_(&first) {}

    void run() noexcept override
    {
        if (first_)
            first_->told();
        delete this;
    }
    void drop() noexcept override
    {
        if (first_)
            first_->request_ = nullptr;
        delete this;
    }
    void forget() noexcept { first_ = nullptr; }

private:
    rate_wait* first_;
};

rate_wait::~rate_wait()
{
    static_cast<void>(withdraw());
    end_timer();
}

bool rate_wait::wait(promise_base& frame) noexcept
{
    const time_point now = frame.line->home().now();
    {
        const guard held(limiter_.waiters_);
        limiter_.refill(now);
        if (limiter_.waiters_.empty() && limiter_.take(count_))
            return false;
        wait_in(frame);
        listed_.store(true, std::memory_order_relaxed);
        limiter_.waiters_.push(*this);
        if (limiter_.waiters_.front() == this)
            limiter_.serve(now);
    }
    settle();
    return true;
}

void rate_wait::await_resume()
{
    end_timer();
    finish_wait("rate_limiter");
}

// Those behind may go on: it may have wanted more than they do.
void rate_wait::left() noexcept
{
    listed_.store(false, std::memory_order_relaxed);
    const executor* const here = executor::current(); // null when its loop is closed, which has no clock any more
    limiter_.serve(here ? here->now() : limiter_.filled_at_);
}

void rate_wait::become_first(time_point due) noexcept
{
    executor& home = frame().line->home();
    if (executor::current() != &home) {
        if (!request_)
            home.post(*(request_ = new request(*this)));
    } else if (!armed()) {
        deadline = due;
        fire = [](timer& at) noexcept { static_cast<rate_wait&>(at).fired(); };
        home.arm(*this);
    }
}

/// On its own loop: it is the first.
void rate_wait::told() noexcept
{
    if (!listed_.load(std::memory_order_acquire)) {
        request_ = nullptr;
        return;
    }
    const guard held(limiter_.waiters_);
    request_ = nullptr;
    look();
}

/// On its own loop: its time has come. A request may be on its way all the same, and still knows this.
void rate_wait::fired() noexcept
{
    if (!listed_.load(std::memory_order_acquire))
        return;
    const guard held(limiter_.waiters_);
    look();
}

void rate_wait::look() noexcept
{
    if (wait_queue::holds(*this))
        limiter_.serve(frame().line->home().now());
}

void rate_wait::end_timer() noexcept
{
    if (armed())
        frame().line->home().disarm(*this);
    if (request_)
        std::exchange(request_, nullptr)->forget();
}

} // namespace detail
} // namespace simul
