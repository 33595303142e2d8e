// SPDX-License-Identifier: MIT
//
// A frame that waits for lines of work of its own: the one mechanism under gather, settle, race, timeout and group.
//
// A join is the leaf at which the waiting context stands; the branches are that context's children in the tree. So to
// cancel the waiter is to cancel its children, in the order of their creation, and what they make of it is the outcome:
// a branch that swallows the request and returns a value has its value delivered. A request that reached a branch too
// late for any wait of its own goes back to the waiter, which gets it at its next wait.
//
// The waiter goes on when the last branch has ended, never before: a branch may use the waiter's locals.
#pragma once

#include <simul/base/assert.hpp>
#include <simul/detail/awaitable.hpp>
#include <simul/detail/executor.hpp>
#include <simul/detail/frame_pool.hpp>
#include <simul/task/task.hpp>

#include <cstddef>
#include <cstdint>
#include <source_location>
#include <utility>

namespace simul::detail {

class join;

/// A line of work that belongs to a join, and has its place in the tree on that one's thread.
class branch_base : public context {
public:
    void run() noexcept final;
    std::coroutine_handle<> taken_by(executor& taker) noexcept final;

    std::size_t index() const noexcept { return index_; }
    /// Ended with an error, or with a cancellation.
    virtual const failure* error() const noexcept = 0;
    /// For branches that are on their own: the join has taken note of the end.
    virtual void settle_future() noexcept {}

    /// Attached: begins in its turn, in a thread pool wherever it is taken first.
    void start() noexcept
    {
        if (home().sharing()) [[unlikely]]
            offer();
        else
            home().post_here(*this);
    }
    void offer() noexcept
    {
        place_.store(place::offered, std::memory_order_relaxed); // published by the push
        home().offer(*this);
    }

    using context::leave_tree;

protected:
    void attach(join& owner, std::size_t index) noexcept;
    void attach(join& owner, std::size_t index, const std::source_location& at) noexcept;
    std::coroutine_handle<> ended() noexcept;
    executor& home_of_join() const noexcept;

    join* owner_ = nullptr;

private:
    friend join;
    struct request_to_away;

    void cancel_elsewhere() noexcept final;

    std::uint32_t index_ = 0;
    std::uint16_t requests_ = 0;   ///< on their way to where it is away, and back
    bool ended_away_ = false;
    bool came_back_ = false;       ///< the news of that arrived
};

class join : public leaf {
public:
    bool cancel() noexcept final;

    /// A branch has ended; returns what to resume.
    std::coroutine_handle<> branch_ended(branch_base& branch) noexcept;

protected:
    /// What the end of a branch means for the others. `branch` may be destroyed in here.
    virtual void on_end(branch_base& branch) noexcept = 0;

    /// Ends the others because of an outcome. Who was asked to end from outside is not asked again for that: a second
    /// request would break off its clean-up.
    void cancel_others() noexcept
    {
        if (!cancelled_)
            for (context* each = frame().line->first_child(); each; each = each->next_sibling())
                each->cancel();
    }
    /// Somebody outside asked the waiter to end.
    bool asked_to_end() const noexcept { return cancelled_; }
    /// In `await_resume`, where the outcome is not `cancelled`: a request that came too late for a branch comes again.
    void pass_on_request() noexcept
    {
        if (undelivered_)
            frame().line->cancel_again();
    }

    /// For destructors: the frame goes in the middle of the wait, and the branches that live apart from it go first.
    void destroy_branches(const branch_base* lives_here = nullptr) noexcept;

    std::size_t running_ = 0; ///< branches attached and not ended

private:
    friend branch_base;
    bool undelivered_ = false; ///< a branch ended before it could take the request to end
};

/// A branch that lives in the frame of its join, and keeps its result until that takes it.
template <class T> class branch final : public branch_base, public pooled {
public:
    explicit branch(task<T> work) noexcept : task_(std::move(work)) {}

    using branch_base::attach;

    /// Begins now: resume what this returns.
    std::coroutine_handle<> begin(join& owner, std::size_t index) noexcept
    {
        attach(owner, index);
        return first_step();
    }
    std::coroutine_handle<> first_step() noexcept override
    {
        if (cancel_pending()) // before it began: it never does
            return ended();
        home().set_running(this);
        return task_.start_in(*this);
    }
    std::coroutine_handle<> finished() noexcept override { return ended(); }

    const failure* error() const noexcept override
    {
        if (!task_.started())
            return &failure::cancellation();
        return task_.result().failed() ? &task_.result().error() : nullptr;
    }
    T take()
    {
        if (!task_.started())
            failure::cancellation().rethrow();
        return task_.result().take();
    }
    /// Only those that live apart.
    void destroy_unfinished() noexcept override { delete this; }

private:
    task<T> task_;
};

} // namespace simul::detail
