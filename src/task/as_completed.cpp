// SPDX-License-Identifier: MIT
#include <simul/base/error.hpp>
#include <simul/task/as_completed.hpp>

#include <condition_variable>
#include <mutex>

namespace simul::detail {

/// Stands in the queue of one future, and passes its end on at once, in the completing thread.
class completion_order::entry final : public waiter {
public:
    entry(completion_order& of, future_state_base& watched, std::size_t index) noexcept
        : order(of), state(watched), place(index)
    {
        state.acquire();
    }
    ~entry()
    {
        state.dequeue(*this); // takes the future's lock, so nobody is in the middle of serving it after this
        forget_queue();
        state.release();
    }
    void served() noexcept override { order.finished(place); }

    completion_order& order;
    future_state_base& state;
    std::size_t place;
};

/// A plain thread that waits for the next one.
class completion_order::blocked final : public waiter {
public:
    void served() noexcept override
    {
        const std::lock_guard held(mutex);
        done = true;
        changed.notify_one();
    }
    void wait()
    {
        std::unique_lock held(mutex);
        changed.wait(held, [this] { return done; });
        forget_queue();
    }

    std::mutex mutex;
    std::condition_variable changed;
    bool done = false;
};

completion_order::completion_order() = default;
completion_order::~completion_order()
{
    entries_.clear(); // first: each may come to `finished`, in another thread, until it has left its future
}

void completion_order::add(future_state_base& watched)
{
    const std::size_t index = entries_.size();
    {
        const guard held(waiting_);
        finished_.reserve(index + 1); // so that `finished`, which may not fail, never allocates
        entries_.push_back(std::make_unique<entry>(*this, watched, index));
    }
    if (!watched.enqueue(*entries_.back(), [] {}))
        finished(index);
}

void completion_order::finished(std::size_t index) noexcept
{
    const guard held(waiting_);
    finished_.push_back(index);
    // One that waits is woken for each that finishes, and takes it when it runs.
    if (waiter* const next = waiting_.take()) {
        if (auto* const frame = dynamic_cast<next_awaiter*>(next))
            frame->found_ = give();
        next->served();
    }
}

/// Hands out the next one, under the lock. After the last one there is nothing left to wait for.
std::size_t completion_order::give() noexcept
{
    const std::size_t index = finished_[given_++];
    if (given_ == entries_.size())
        waiting_.serve_all();
    return index;
}

std::size_t completion_order::try_next() noexcept
{
    const guard held(waiting_);
    return given_ < finished_.size() ? give() : none;
}

bool completion_order::exhausted() noexcept
{
    const guard held(waiting_);
    return given_ == entries_.size();
}

std::size_t completion_order::next_blocking()
{
    for (;;) {
        blocked me;
        {
            const guard held(waiting_);
            if (given_ < finished_.size())
                return give();
            if (given_ == entries_.size())
                return none;
            if (executor::current())
                throw deadlock_error("iterating as_completed would block the loop it is called from: "
                                     "write co_await done.next() instead");
            waiting_.push(me);
        }
        me.wait();
    }
}

bool completion_order::next_awaiter::await_ready() noexcept
{
    found_ = order_.try_next();
    return found_ != none || order_.exhausted();
}

bool completion_order::next_awaiter::wait_for_next(promise_base& frame)
{
    {
        const guard held(order_.waiting_);
        if (order_.given_ < order_.finished_.size()) {
            found_ = order_.give();
            return false;
        }
        if (order_.given_ == order_.entries_.size())
            return false;
        wait_in(frame);
        order_.waiting_.push(*this);
    }
    settle();
    return true;
}

std::size_t completion_order::next_awaiter::take()
{
    finish_wait("as_completed");
    return found_;
}

} // namespace simul::detail
