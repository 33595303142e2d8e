// SPDX-License-Identifier: MIT
//
// What a job in a thread pool does while it waits in `future::result()`: its worker goes on with the tasks it has begun,
// on the job's stack. New work it takes only when all workers are blocked, for a job on top of another keeps that from
// going on.
#include "crew.hpp"
#include "loop_parts.hpp"

#include <simul/detail/future_state.hpp>
#include <simul/run/thread_pool.hpp>

namespace simul {
namespace detail {

job_scope::job_scope() noexcept : pool_(executor::current())
{
    if (!pool_->sharing())
        pool_ = nullptr;
    if (pool_)
        pool_->count_job(+1);
}

job_scope::~job_scope()
{
    if (pool_)
        pool_->count_job(-1);
}

namespace {

/// Wakes the loop of a blocked job.
class end_of_wait final : public waiter {
public:
    explicit end_of_wait(executor& home) noexcept : home_(home) {}

    void served() noexcept override { home_.post(arrival_); }
    bool seen() const noexcept { return arrival_.seen; }
    using waiter::forget_queue;

private:
    struct arrival final : work {
        void run() noexcept override { seen = true; }
        bool seen = false;
    };

    executor& home_;
    arrival arrival_;
};

struct alarm final : timer {
    alarm(loop& at, duration limit) noexcept : home(at)
    {
        deadline = deadline_after(home.now(), limit);
        fire = [](timer& due) noexcept { static_cast<alarm&>(due).rang = true; };
        if (deadline != never)
            home.arm(*this);
    }
    ~alarm()
    {
        if (armed())
            home.disarm(*this);
    }

    loop& home;
    bool rang = false;
};

/// The job that blocks, as the crew knows it, and what was running before its worker went on with something else.
class blocked_job {
public:
    blocked_job(loop& home, worker& at, const context* waits_for) : home_(home), worker_(at), job_(home.running())
    {
        worker_.block(job_, waits_for);
        home_.count_job(-1); // what the worker goes on with is no job, unless it says so
    }
    ~blocked_job()
    {
        home_.count_job(+1);
        home_.set_running(job_);
        worker_.unblock();
    }
    blocked_job(const blocked_job&) = delete;
    blocked_job& operator=(const blocked_job&) = delete;

private:
    loop& home_;
    worker& worker_;
    context* job_;
};

} // namespace
} // namespace detail

bool loop::serve_until_done(detail::future_state_base& wanted, duration limit)
{
    const detail::blocked_job blocked(*this, *parts_->worker, wanted.line());
    const detail::alarm alarm(*this, limit);
    detail::end_of_wait end(*this);
    if (!wanted.enqueue(end, [] {}))
        return true;
    while (!end.seen() && !alarm.rang)
        turn();
    if (!end.seen() && wanted.dequeue(end)) {
        end.forget_queue();
        return false;
    }
    while (!end.seen())
        turn(); // it is being told at this moment
    end.forget_queue();
    return true;
}

} // namespace simul
