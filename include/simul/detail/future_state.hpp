// SPDX-License-Identifier: MIT
//
// What a future and its producer share. Thread-safe: produced anywhere, awaited anywhere.
//
// | word      | meaning                                              | who writes                          |
// |-----------|------------------------------------------------------|-------------------------------------|
// | owners_   | the handle and the producer, each while it needs it  | both                                |
// | done_     | the result is there for good                         | the producer, once, under the lock  |
// | observed_ | somebody looked at the result, so an error was seen  | whoever looks                       |
// | waiters_  | frames, threads and callbacks to serve when done     | all, under its lock                 |
#pragma once

#include <simul/base/time.hpp>
#include <simul/detail/frame_pool.hpp>
#include <simul/detail/result_slot.hpp>
#include <simul/detail/wait_queue.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

namespace simul::detail {

class future_state_base : public pooled {
public:
    future_state_base(const future_state_base&) = delete;
    future_state_base& operator=(const future_state_base&) = delete;
    virtual ~future_state_base() = default;

    bool done() const noexcept { return done_.load(std::memory_order_acquire); } // pairs with the store in complete
    void observe() noexcept { observed_.store(true, std::memory_order_relaxed); }

    /// Asks the producer to give up; from any thread. False when done already.
    virtual bool request_cancel() noexcept = 0;
    /// The work was asked to give up, and is asking what it waits for at this very moment.
    virtual bool passes_cancel_on() const noexcept { return false; }
    /// The task that produces it, if one does.
    virtual const context* line() const noexcept { return nullptr; }
    /// Its producer is a task of another thread's.
    virtual bool is_elsewhere() const noexcept { return false; }
    virtual bool ended_cancelled() const noexcept = 0;
    virtual bool ended_with_error() const noexcept = 0; ///< a cancellation is none
    /// Its handle is dropped: asks the producer to give up, unless somebody else owns the work.
    virtual void handle_dropped() noexcept { request_cancel(); }
    /// This thread is about to block for it: the producer may use its time first.
    virtual void before_blocking() noexcept {}
    virtual std::string name() const = 0;
    virtual void rename(std::string name) = 0;

    /// Puts `w` into the queue to be served when done; false when done already. `ready` is run under the lock before that.
    template <class Ready> bool enqueue(waiter& w, Ready&& ready) noexcept
    {
        const guard held(waiters_);
        if (done_.load(std::memory_order_relaxed))
            return false;
        ready();
        waiters_.push(w);
        return true;
    }
    /// Takes `w` out again; false when it was served.
    bool dequeue(waiter& w) noexcept
    {
        const guard held(waiters_);
        if (!wait_queue::holds(w))
            return false;
        waiters_.remove(w);
        return true;
    }

    /// Blocks this (plain) thread; false when `limit` passed first.
    /// *Throws:* `deadlock_error` inside a loop, which would stop everything that could end the wait.
    bool block_until_done(duration limit);

    void acquire() noexcept
    {
        if (only_thread())
            owners_.store(owners_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
        else
            owners_.fetch_add(1, std::memory_order_relaxed);
    }
    void release() noexcept
    {
        // The last owner is alone, so it needs no read-modify-write to find that out.
        if (owners_.load(std::memory_order_acquire) == 1) {
            abandon();
        } else if (only_thread()) {
            owners_.store(owners_.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
        } else if (owners_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
            abandon();
        }
    }

protected:
    explicit future_state_base(unsigned owners) noexcept : owners_(owners) {}

    /// The result is in place: serves everybody who waits.
    void complete() noexcept
    {
        const guard held(waiters_);
        complete_locked();
    }
    void complete_locked() noexcept
    {
        done_.store(true, std::memory_order_release); // pairs with the load in done
        waiters_.serve_all();
    }

    /// Nobody is left: reports an error that nobody looked at, and goes.
    virtual void abandon() noexcept = 0;
    void report_unobserved(const failure& lost) const noexcept;

    virtual std::source_location origin() const noexcept { return {}; }
    bool observed() const noexcept { return observed_.load(std::memory_order_relaxed); }

    [[no_unique_address]] wait_queue waiters_; // the others stand in its padding

private:
    std::atomic<bool> done_{false};
    // Two bytes, to leave no gap: clang would clear three of four by a store that overlaps what stands before, whose next
    // load then stalls.
    std::atomic<std::uint16_t> observed_{false};
    std::atomic<unsigned> owners_;
};

template <class T> class future_state : public future_state_base {
public:
    /// Only once done.
    result_slot<T>& result() noexcept
    {
        observe();
        return result_;
    }

    bool ended_with_error() const noexcept final
    {
        return done() && result_.failed() && !result_.error().is_cancellation();
    }
    bool ended_cancelled() const noexcept final
    {
        return done() && result_.failed() && result_.error().is_cancellation();
    }

protected:
    using future_state_base::future_state_base;

    void abandon() noexcept final
    {
        if (result_.failed() && !observed()) [[unlikely]]
            report_unobserved(result_.error());
        delete this;
    }

    result_slot<T> result_;
};

} // namespace simul::detail
