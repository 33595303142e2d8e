// SPDX-License-Identifier: MIT
//
// The one queue under every primitive: futures, locks, queues, channels. First come, first served; usable across threads.
//
// A primitive holds its queue's lock whenever it looks at or changes its own state. Two rules make it lossless:
//
//   - A waiter is taken out of the queue, given what it waited for and woken in one go, under the lock. There is no
//     "woken but not served yet", so nobody can barge in and nothing can get lost between waking and running.
//   - Cancelling takes the lock too. A waiter that is still in the queue leaves it and has received nothing; one that is
//     not has been served, keeps what it got, and the cancellation comes at its next wait.
#pragma once

#include <simul/base/assert.hpp>
#include <simul/detail/context.hpp>
#include <simul/detail/spin_lock.hpp>

namespace simul::detail {

class wait_queue;

/// One that waits; lives in the frame (or the stack) that waits. Links and flags belong to the queue's lock.
class waiter : public leaf {
public:
    /// Becomes the chosen one of several queues it waits in (`select`); false when another was faster. Under the lock.
    virtual bool claim() noexcept { return true; }
    /// It has what it waited for: by default its frame is queued to run. Under the lock.
    virtual void served() noexcept;
    /// It left the queue with nothing, so those behind it may be able to go on. Under the lock.
    virtual void left() noexcept {}

    bool cancel() noexcept override;

protected:
    waiter() = default;
    waiter(waiter&& unstarted) noexcept : waiter() { static_cast<void>(unstarted); }
    ~waiter() { withdraw(); }

    /// First thing in `await_resume`: throws when the wait ended with nothing. `what` names the primitive for the error.
    void finish_wait(const char* what)
    {
        queue_ = nullptr;
        served_ = false;
        if (cancelled_ || abandoned_) [[unlikely]]
            fail_wait(what);
    }
    /// First thing in the destructor of a class that overrides `left` or that is given something: its frame may be
    /// destroyed in the middle of the wait, when a loop is closed under it. True when it has to give back what it got.
    bool withdraw() noexcept { return (queue_ || served_) && leave(); }
    void forget_queue() noexcept { queue_ = nullptr; }

private:
    friend wait_queue;
    waiter* behind() const noexcept { return static_cast<waiter*>(next); }

    [[noreturn]] void fail_wait(const char* what);
    bool leave() noexcept;

    waiter* previous_ = nullptr;
    wait_queue* queue_ = nullptr; ///< the one it was put into last; null once that need not exist any more
    bool served_ = false;         ///< and has not run since
};

class wait_queue {
public:
    wait_queue() = default;
    wait_queue(const wait_queue&) = delete;
    wait_queue& operator=(const wait_queue&) = delete;
    /// Whoever still waits gets an `invalid_state` error.
    ~wait_queue()
    {
        // Whom it served may destroy it at once, while the other thread is still about to let go of the lock.
        lock_.drain();
        if (first_) [[unlikely]]
            abandon_waiters();
    }

    void lock() noexcept { lock_.lock(); }
    void unlock() noexcept { lock_.unlock(); }
    /// First thing in the destructor of a primitive that has more state than this queue; see spin_lock.
    void drain() noexcept { lock_.drain(); }

    // All below: under the lock.

    bool empty() const noexcept { return first_ == nullptr; }
    waiter* front() const noexcept { return first_; }
    void push(waiter& last) noexcept;
    void remove(waiter& w) noexcept;
    static bool holds(const waiter& w) noexcept { return w.queued_; }
    static waiter* behind(const waiter& w) noexcept { return w.behind(); }

    /// Takes out the first that can still be served; null when nobody can. Serve it before the lock is released.
    waiter* take() noexcept
    {
        while (waiter* const w = first_) {
            remove(*w);
            if (w->claim())
                return w;
        }
        return nullptr;
    }
    /// What `w` was served with is destroyed before `w` has run: it gets `invalid_state` after all.
    static void disown(waiter& w) noexcept
    {
        w.served_ = false;
        w.abandoned_ = true;
        w.queue_ = nullptr;
    }
    void serve_all() noexcept
    {
        while (waiter* const w = take())
            w->served();
    }

private:
    void abandon_waiters() noexcept;

    waiter* first_ = nullptr; ///< its previous is the last; the last's next is null
    spin_lock lock_;
};

inline void wait_queue::push(waiter& last) noexcept
{
    SIMUL_ASSERT(!last.queued_);
    last.next = nullptr;
    last.queue_ = this;
    last.queued_ = true;
    last.abandoned_ = false;
    if (first_) {
        last.previous_ = first_->previous_;
        first_->previous_->next = &last;
    } else {
        first_ = &last;
    }
    first_->previous_ = &last;
}

inline void wait_queue::remove(waiter& w) noexcept
{
    SIMUL_ASSERT(w.queued_ && w.queue_ == this);
    w.queued_ = false;
    waiter* const behind = w.behind();
    if (first_ == &w)
        first_ = behind;
    else
        w.previous_->next = behind;
    if (behind)
        behind->previous_ = w.previous_;
    else if (first_)
        first_->previous_ = w.previous_;
}

} // namespace simul::detail
