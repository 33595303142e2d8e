// SPDX-License-Identifier: MIT
//
// What a select can wait for, and the select as seen from it.
//
// A select parks one waiter per case, each in the queue of what it waits for. One word decides which case happens:
//
// | word    | meaning                                    | who writes                                              |
// |---------|--------------------------------------------|---------------------------------------------------------|
// | chosen_ | null: open; a case; the select itself:      | once, whoever serves a case, under that case's lock;    |
// |         | it was cancelled                           | or the select's own thread                              |
//
// Whoever comes to a queue and finds a case there must claim its select first; one that was claimed already is passed
// over. A select that arrives holds the locks of all its queues (in the order of their addresses) while it tries its
// cases and, when none can happen, parks them. So it is parked everywhere or nowhere, nobody can claim it while it
// claims others, and two that would wait for each other can't both be parked: the second finds the first.
#pragma once

#include <simul/detail/promise_base.hpp>
#include <simul/detail/wait_queue.hpp>

#include <atomic>
#include <concepts>
#include <coroutine>
#include <cstddef>
#include <cstdint>

namespace simul::detail {

class selection;

/// A wait that may be one case of a select.
class selectable : public waiter {
public:
    bool claim() noexcept final;
    void served() noexcept final;

    // The select's part, on its own thread:

    /// The queue whose lock guards what it waits for. Null where nobody can be waiting at the other end (timers, futures).
    virtual wait_queue* guarded_by() const noexcept { return nullptr; }
    /// Does it, if that is possible without waiting. Under the lock.
    virtual bool attempt() = 0;
    /// Begins to wait. Under the lock; what has none may find that it is possible by now, and returns true.
    virtual bool park() noexcept = 0;
    /// Ends the wait, done or not.
    virtual void unpark() noexcept { static_cast<void>(withdraw()); }

    void become_case_of(selection& all) noexcept { selection_ = &all; }
    /// Whether a case of the same select waits in the same queue, so that both sides of it may be found there.
    bool shares_queue() const noexcept { return shares_queue_; }
    void set_shares_queue(bool shares) noexcept { shares_queue_ = shares; }

protected:
    selectable() = default;
    ~selectable() = default;

private:
    void forget_queue_at_home() noexcept;

    selection* selection_ = nullptr;
    bool shares_queue_ = false;
};

enum class side : std::uint8_t { put, get };

/// A selectable that waits in a queue, and can be awaited by itself. Its final class calls `wait_in_queue`.
class queue_wait : public selectable {
public:
    wait_queue* guarded_by() const noexcept final { return &queue_; }
    bool park() noexcept override
    {
        queue_.push(*this);
        return false;
    }

    bool await_ready() const noexcept { return false; }

    const side which;
    bool refused = false; ///< served by the end of what it waited for

protected:
    queue_wait(wait_queue& queue, side wanted) noexcept : which(wanted), queue_(queue) {}
    ~queue_wait() = default;

    template <class Final> static bool wait_in_queue(Final& self, promise_base& frame)
    {
        {
            const guard held(self.queue_);
            if (self.Final::attempt())
                return false;
            self.wait_in(frame);
            self.park();
        }
        self.settle();
        return true;
    }

    wait_queue& queue_;
};

/// Takes out the first of one side that can still be served; null when nobody can. Under the lock. With `both_wait` it
/// passes over the other side; else one of that side means that there is nobody.
queue_wait* take_from_side(wait_queue& queue, side wanted, bool both_wait = false) noexcept;

/// Serves all, for good: they are refused. Under the lock.
void refuse_all(wait_queue& queue) noexcept;

/// A select in progress. Its cases are in the final class.
class selection : public leaf {
public:
    /// `by` happens, and nothing else; false when something else does already.
    bool claim(const leaf& by) noexcept;
    bool cancel() noexcept override;

protected:
    selection() = default;
    ~selection() = default;

    struct candidate {
        selectable* what;
        wait_queue* lock;
    };

    /// Does one of the cases or waits for one; false when there is no need to wait: one was chosen, or none and
    /// `can_wait` is false. The array is used up.
    bool begin(promise_base& frame, candidate* cases, std::size_t count, bool can_wait);

    const leaf* chosen() const noexcept { return chosen_.load(std::memory_order_relaxed); }
    bool waited() const noexcept { return waited_; }
    /// First thing in `await_resume`, with the cases unparked.
    void end()
    {
        waited_ = false;
        throw_if_cancelled();
    }

private:
    friend selectable;
    void draw_order(executor& home, candidate* cases, std::size_t count) noexcept;

    std::atomic<const leaf*> chosen_{nullptr};
    bool waited_ = false;
};

} // namespace simul::detail
