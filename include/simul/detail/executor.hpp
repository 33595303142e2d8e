// SPDX-License-Identifier: MIT
//
// What tasks need of the place that runs them. `loop` is one; tasks know no other side of it.
#pragma once

#include <simul/base/time.hpp>
#include <simul/detail/context.hpp>
#include <simul/detail/failure.hpp>
#include <simul/detail/shared_work.hpp>
#include <simul/detail/timer.hpp>
#include <simul/detail/work.hpp>

#include <cstdint>
#include <source_location>
#include <string>
#include <vector>

namespace simul {
namespace detail {
class future_state_base;
}

/// Something that went wrong where nobody waits for it. Handed to the loop's error handler.
struct problem {
    std::string message;                        ///< "a task failed and nobody asked for its result", ...
    std::exception_ptr error;                   ///< null where there is none
    std::string task;                           ///< name of the task, if it is about one
    std::source_location spawned_at;            ///< where that task was spawned
    std::vector<std::source_location> awaits;   ///< what the error crossed, innermost first

    std::string text() const; ///< all of it, as lines
};

/// A place where tasks run: one thread at a time.
class executor {
public:
    executor(const executor&) = delete;
    executor& operator=(const executor&) = delete;

    /// Of this thread; null outside.
    static executor* current() noexcept;
    /// As above, for what makes no sense outside. *Throws:* `invalid_state` naming `operation`.
    static executor& require(const char* operation);

    /// Queues `w`; from any thread. From its own it is a few stores.
    void post(detail::work& w) noexcept
    {
        if (current() == this)
            ready_.push_back(w);
        else
            post_from_outside(w);
    }

    /// The same, from its own thread.
    void post_here(detail::work& w) noexcept { ready_.push_back(w); }

    /// In a thread pool: where other workers may take what has not begun.
    detail::shared_work* sharing() const noexcept { return sharing_; }
    /// Begins `offered` here, or wherever another worker takes it first. On its own thread.
    void offer(detail::context& offered) noexcept
    {
        if (!sharing_->push(offered)) [[unlikely]]
            ready_.push_back(offered); // no memory to share it
    }
    /// What to resume when a line of work has ended: the newest of the shared work, where there is any.
    std::coroutine_handle<> next() noexcept { return sharing_ ? next_shared() : std::noop_coroutine(); }

    /// In a thread pool: a plain function runs, which may block.
    bool runs_job() const noexcept { return jobs_ > 0; }
    void count_job(int change) noexcept { jobs_ += change; }
    /// How it blocks: goes on with what the executor has begun. False when `limit` passed first.
    /// *Throws:* `deadlock_error` when the job waits for itself.
    virtual bool serve_until_done(detail::future_state_base& wanted, duration limit) = 0;

    virtual time_point now() const noexcept = 0;
    virtual std::uint64_t random() noexcept = 0;
    virtual void arm(detail::timer& t) noexcept = 0;
    virtual void disarm(detail::timer& t) noexcept = 0;
    virtual void report(problem found) noexcept = 0;

    /// The line of work that is running; null in callbacks.
    detail::context* running() const noexcept { return running_; }
    void set_running(detail::context* now) noexcept { running_ = now; }

    /// Whether mistakes that cost something to find are looked for.
    bool debug() const noexcept { return debug_; }

    /// What is ready at once runs in an order drawn at random, to find what depends on it.
    bool random_order() const noexcept { return random_order_; }

    /// Parent of what is spawned here.
    detail::context& top() noexcept { return top_; }

protected:
    executor() noexcept;
    virtual ~executor();
    virtual void post_from_outside(detail::work& w) noexcept = 0;

    /// Makes `now` this thread's executor; returns the one before.
    static executor* exchange_current(executor* now) noexcept;

    detail::work_list ready_;
    detail::shared_work* sharing_ = nullptr;
    int jobs_ = 0;
    int steps_left_ = 0; ///< of shared work, until the loop looks for events again
    bool debug_ = false;
    bool random_order_ = false;

private:
    struct root final : detail::context {
        using context::context;
        ~root() = default;
        std::coroutine_handle<> first_step() noexcept override { return std::noop_coroutine(); }
        std::coroutine_handle<> taken_by(executor&) noexcept override { return {}; }
        std::coroutine_handle<> finished() noexcept override { return std::noop_coroutine(); }
    };

    friend detail::context;

    std::coroutine_handle<> next_shared() noexcept;

    detail::context* running_ = nullptr;
    detail::work* cancelling_ = nullptr; ///< contexts that a request to cancel is passing through, innermost first
    root top_;
};

namespace detail {

/// Reports to this thread's executor, or to stderr where there is none.
void report(problem found) noexcept;

} // namespace detail
} // namespace simul
