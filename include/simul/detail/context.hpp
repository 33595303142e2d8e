// SPDX-License-Identifier: MIT
//
// A context is one line of work: what can be cancelled, named and looked at as a whole. `spawn` makes one, and so does
// each branch of a `gather`, a `timeout`, a member of a group. A task awaited plainly shares its awaiter's.
//
//     executor.top ─┬─ main ── gather ─┬─ branch ── timeout ── branch      parent pointers upward,
//                   └─ background      └─ branch                           children in order of creation
//
// All of it belongs to the executor's thread; others ask through `executor::post`.
//
// In a thread pool, what has not begun is *offered*: whichever worker takes it becomes its home, and it stays there from
// its first step to its last. A branch taken by another worker keeps its place in the tree, which belongs to the thread of
// its parent; that thread reaches it by messages.
//
//     place      meaning                                     who writes
//     here       at home where it was made; nothing shared   whoever owns it
//     offered    others may take it                          who made it, before it is pushed
//     withdrawn  offered, and cancelled meanwhile            who cancels it (exchange)
//     away       a branch begun by another worker            that worker (exchange)
//
// Cancelling: `cancel()` goes to the leaf at which the context waits. The leaf either undoes its wait and will resume
// the frame with `cancelled`, or has its result already: then the request stays pending for the next wait, and nothing
// that was received is dropped. A leaf that waits for other contexts passes the request on to them: depth first, by way
// of a list through the contexts themselves, so that a chain of any length needs no memory and no stack.
#pragma once

#include <simul/detail/work.hpp>

#include <atomic>
#include <coroutine>
#include <cstdint>
#include <source_location>
#include <string>

namespace simul {
class executor;
}

namespace simul::detail {

class context;
class promise_base;
class wait_queue;
struct task_local_value;

/// Where a context waits: the innermost await. Lives in the frame that waits; it is the work that resumes that frame.
class leaf : public work {
public:
    leaf() = default;
    leaf(leaf&& unstarted) noexcept : leaf() { static_cast<void>(unstarted); }
    leaf(const leaf&) = delete;
    leaf& operator=(const leaf&) = delete;

    /// Undoes the wait. True when the cancellation is taken: the frame will be resumed with `cancelled`, or with what the
    /// children make of it. False when the result is there already.
    virtual bool cancel() noexcept = 0;

    /// Resumes the frame, on its executor.
    void run() noexcept override;

    promise_base& frame() const noexcept { return *frame_; }

protected:
    ~leaf() = default;

    /// First thing in `await_suspend`; register the wait after it, then call `settle`.
    void wait_in(promise_base& frame) noexcept;
    /// Delivers a cancellation that came before this wait.
    void settle() noexcept;
    /// Queues the frame to be resumed; from any thread.
    void wake() noexcept;
    /// The same, on its own thread.
    void wake_here() noexcept;
    /// For a frame resumed by symmetric transfer: what `run` does before it resumes.
    void resuming() noexcept;

    void throw_if_cancelled() const;

private:
    friend wait_queue;
    promise_base* frame_ = nullptr;

protected:
    bool cancelled_ = false;
    bool queued_ = false;    ///< waiters: stands in its queue
    bool abandoned_ = false; ///< waiters: what it waited for was destroyed
};

class context : public work {
public:
    enum class place : std::uint8_t { here, offered, withdrawn, away };

    context(executor& home, context* parent, std::source_location spawned_at) noexcept;
    /// Not in the tree yet: `enter_tree` before anything else.
    context() = default;
    context(const context&) = delete;
    context& operator=(const context&) = delete;

    /// Asks this line of work to end. Runs no user code.
    void cancel() noexcept;
    int cancelling() const noexcept { return cancelling_; }
    /// Takes one request back; at zero also one that was not delivered yet. Returns what is left.
    int uncancel() noexcept;
    /// Makes a request come, or come again, at the next wait.
    void cancel_again() noexcept { cancel_pending_ = true; }
    bool cancel_pending() const noexcept { return cancel_pending_; }
    /// A request came here and is on its way to what this waits for: who is asked by way of that waits for itself.
    bool passes_cancel_on() const noexcept { return !is_away() && request_ == request::passed_on; }

    /// Begins it, in its turn.
    void run() noexcept override;
    /// Begins it here and now; returns what to resume.
    virtual std::coroutine_handle<> first_step() noexcept = 0;
    /// Out of the shared work: makes `taker` its home and begins it. Null when there is nothing to resume.
    virtual std::coroutine_handle<> taken_by(executor& taker) noexcept = 0;
    /// The root frame has ended; returns what to resume next.
    virtual std::coroutine_handle<> finished() noexcept = 0;
    /// Its loop is closed under it: destroys the frames and answers whoever waits for it.
    virtual void destroy_unfinished() noexcept {}

    executor& home() const noexcept { return *home_; }
    context* parent() const noexcept { return parent_; }
    context* first_child() const noexcept { return first_child_; }
    context* next_sibling() const noexcept { return next_sibling_ == parent_->first_child_ ? nullptr : next_sibling_; }
    leaf* waits_at() const noexcept { return leaf_; }
    /// Begun by another worker than its parent's.
    bool is_away() const noexcept { return place_.load(std::memory_order_relaxed) == place::away; }
    context* last_child() const noexcept { return first_child_ ? first_child_->previous_sibling_ : nullptr; }
    context* previous_sibling() const noexcept { return this == parent_->first_child_ ? nullptr : previous_sibling_; }
    const std::source_location& spawned_at() const noexcept { return spawned_at_; }
    std::string name() const;
    void rename(std::string name);

    task_local_value* locals = nullptr; ///< what `task_local`s hold here: a list shared with parent and children

protected:
    ~context();
    void enter_tree(executor& home, context* parent, std::source_location spawned_at) noexcept;
    /// The same for one that has its home.
    void enter_tree(context& parent) noexcept;
    /// An offered one is cancelled, or one that is away: by the thread to which its place in the tree belongs.
    virtual void cancel_elsewhere() noexcept {}
    void move_to(executor& home) noexcept { home_ = &home; }
    void spawned_at(const std::source_location& where) noexcept { spawned_at_ = where; }

    std::atomic<place> place_{place::here};

    /// Leaves the tree before destruction, where the owner wants that order.
    void leave_tree() noexcept;

private:
    friend class leaf;
    friend class simul::executor;

    struct label;
    enum class request : std::uint8_t { none, listed, passed_on };

    executor* home_ = nullptr;
    context* parent_ = nullptr;
    context* next_sibling_ = this;
    context* previous_sibling_ = this;
    context* first_child_ = nullptr;
    leaf* leaf_ = nullptr;
    std::source_location spawned_at_;
    label* label_ = nullptr;
    int cancelling_ = 0;
    bool cancel_pending_ = false;
    request request_ = request::none; ///< where one that is under way stands; the list goes through `next`
};

} // namespace simul::detail
