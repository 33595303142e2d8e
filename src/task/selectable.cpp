// SPDX-License-Identifier: MIT
#include <simul/base/assert.hpp>
#include <simul/detail/executor.hpp>
#include <simul/detail/selectable.hpp>

#include <cstdint>
#include <utility>

namespace simul::detail {

bool selectable::claim() noexcept
{
    if (!selection_ || selection_->claim(*this))
        return true;
    forget_queue_at_home();
    return false;
}

void selectable::served() noexcept
{
    if (!selection_) {
        waiter::served();
        return;
    }
    forget_queue_at_home();
    selection_->wake();
}

// It is out of its queue, which may be destroyed on this very thread before the select runs again.
void selectable::forget_queue_at_home() noexcept
{
    if (executor::current() == &selection_->frame().line->home())
        forget_queue();
}

queue_wait* take_from_side(wait_queue& queue, side wanted, bool both_wait) noexcept
{
    for (waiter* next = queue.front(); next;) {
        auto& each = static_cast<queue_wait&>(*next);
        next = queue.behind(each);
        if (each.which == wanted) {
            queue.remove(each);
            if (each.claim())
                return &each;
        } else if (!both_wait && !each.shares_queue()) {
            return nullptr;
        }
    }
    return nullptr;
}

void refuse_all(wait_queue& queue) noexcept
{
    while (waiter* const w = queue.take()) {
        static_cast<queue_wait*>(w)->refused = true;
        w->served();
    }
}

bool selection::claim(const leaf& by) noexcept
{
    if (only_thread()) {
        if (chosen_.load(std::memory_order_relaxed))
            return false;
        chosen_.store(&by, std::memory_order_relaxed);
        return true;
    }
    const leaf* open = nullptr;
    return chosen_.compare_exchange_strong(open, &by, std::memory_order_relaxed); // locks and posts order the rest
}

bool selection::cancel() noexcept
{
    if (cancelled_)
        return true;
    if (!claim(*this))
        return false;
    cancelled_ = true;
    wake();
    return true;
}

namespace {

/// Holds the locks of several queues: each once, in the order of their addresses.
template <class Candidate> class guard_all {
public:
    /// Uses the `lock` members as the list of what to lock.
    guard_all(Candidate* cases, std::size_t count) noexcept : cases_(cases)
    {
        for (std::size_t i = 0; i < count; ++i)
            add(cases[i].what->guarded_by());
        for (std::size_t i = 0; i < locks_; ++i)
            cases_[i].lock->lock();
    }
    ~guard_all()
    {
        while (locks_ > 0)
            cases_[--locks_].lock->unlock();
    }
    guard_all(const guard_all&) = delete;
    guard_all& operator=(const guard_all&) = delete;

private:
    void add(wait_queue* added) noexcept
    {
        if (!added)
            return;
        std::size_t place = locks_;
        while (place > 0 && before(added, cases_[place - 1].lock))
            --place;
        if (place > 0 && cases_[place - 1].lock == added)
            return;
        for (std::size_t i = locks_++; i > place; --i)
            cases_[i].lock = cases_[i - 1].lock;
        cases_[place].lock = added;
    }
    static bool before(const wait_queue* a, const wait_queue* b) noexcept
    {
        return reinterpret_cast<std::uintptr_t>(a) < reinterpret_cast<std::uintptr_t>(b);
    }

    Candidate* cases_;
    std::size_t locks_ = 0;
};

template <class Candidate> bool shares_queue(const Candidate* cases, std::size_t count, std::size_t which) noexcept
{
    for (std::size_t i = 0; i < count; ++i)
        if (i != which && cases[i].what->guarded_by() == cases[which].what->guarded_by())
            return true;
    return false;
}

} // namespace

// Each order equally likely, so the first that can happen is any of those that can, equally likely.
void selection::draw_order(executor& home, candidate* cases, std::size_t count) noexcept
{
    for (std::size_t left = count; left > 1; --left)
        std::swap(cases[left - 1].what, cases[home.random() % left].what);
}

bool selection::begin(promise_base& frame, candidate* cases, std::size_t count, bool can_wait)
{
    SIMUL_ASSERT(!waited_);
    chosen_.store(nullptr, std::memory_order_relaxed);
    draw_order(frame.line->home(), cases, count);
    {
        const guard_all held(cases, count);
        for (std::size_t i = 0; i < count; ++i) {
            if (cases[i].what->attempt()) {
                chosen_.store(cases[i].what, std::memory_order_relaxed);
                return false;
            }
        }
        if (!can_wait)
            return false;
        wait_in(frame);
        waited_ = true;
        for (std::size_t i = 0; i < count; ++i) {
            selectable& each = *cases[i].what;
            each.become_case_of(*this);
            if (each.guarded_by()) {
                each.set_shares_queue(shares_queue(cases, count, i));
                static_cast<void>(each.park());
            }
        }
    }
    for (std::size_t i = 0; i < count && !chosen(); ++i) {
        selectable& each = *cases[i].what;
        if (!each.guarded_by() && each.park() && claim(each))
            wake();
    }
    settle();
    return true;
}

} // namespace simul::detail
