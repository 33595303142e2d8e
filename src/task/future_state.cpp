// SPDX-License-Identifier: MIT
#include <simul/base/error.hpp>
#include <simul/detail/executor.hpp>
#include <simul/detail/future_state.hpp>

#include <condition_variable>
#include <mutex>

namespace simul::detail {
namespace {

/// A plain thread that waits for a future.
class blocked_thread final : public waiter {
public:
    void served() noexcept override
    {
        const std::lock_guard held(mutex_);
        done_ = true;
        // Under the mutex: the thread may go on, and destroy this, as soon as it is let go.
        changed_.notify_one();
    }
    bool wait_for(duration limit)
    {
        std::unique_lock held(mutex_);
        const time_point until = deadline_after(clock::now(), limit);
        if (until == never)
            changed_.wait(held, [&] { return done_; });
        else
            changed_.wait_until(held, until, [&] { return done_; });
        return done_;
    }
    using waiter::forget_queue;

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool done_ = false;
};

} // namespace

bool future_state_base::block_until_done(duration limit)
{
    if (done())
        return true;
    if (executor* const here = executor::current()) {
        if (!here->runs_job())
            throw deadlock_error("future::result() would block the loop it is called from, and with it all its tasks: "
                                 "write co_await instead");
        return here->serve_until_done(*this, limit);
    }
    before_blocking();
    blocked_thread me;
    if (!enqueue(me, [] {}))
        return true;
    bool is_done = me.wait_for(limit);
    if (!is_done && !dequeue(me))
        is_done = me.wait_for(duration::max()); // being served at this moment
    me.forget_queue();
    return is_done;
}

void future_state_base::report_unobserved(const failure& lost) const noexcept
{
    if (!lost.is_cancellation())
        report({"a task failed and nobody asked for its result", lost.error(), name(), origin(), lost.awaits()});
}

} // namespace simul::detail
