// SPDX-License-Identifier: MIT
#include "crew.hpp"

#include "backend/heavy_fence.hpp"
#include "loop_parts.hpp"

#include <simul/base/error.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace simul::detail {
namespace {

constexpr int looks_before_sleep = 100;
constexpr unsigned turns_between_looks_outside = 61; // so that what comes from outside isn't starved by what is here
constexpr std::size_t most_taken_at_once = 32;

void pause() noexcept
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

} // namespace

// ---- worker

worker::worker(crew& of, loop& at, std::uint64_t seed) : shared_work(of.words_), crew_(of), loop_(at), random_(seed) {}

context* worker::find() noexcept
{
    if (++turns_ % turns_between_looks_outside == 0)
        if (context* const injected = crew_.take_injected(*this))
            return injected;
    if (context* const own = pop())
        return own;
    if (context* const injected = crew_.take_injected(*this))
        return injected;
    return steal_from_others();
}

context* worker::steal_from_others() noexcept
{
    const auto& all = crew_.workers_;
    random_ = random_ * 6364136223846793005u + 1442695040888963407u;
    const std::size_t first = (random_ >> 33) % all.size();
    for (std::size_t each = 0; each < all.size(); ++each) {
        worker& victim = *all[(first + each) % all.size()];
        if (&victim == this || victim.looks_empty())
            continue;
        if (context* const stolen = victim.steal())
            return stolen;
    }
    return nullptr;
}

context* worker::search() noexcept
{
    context* found = nullptr;
    roused_.store(false, std::memory_order_seq_cst);
    // More who look than half of all would only be in each other's way.
    if (2 * crew_.searching_.load(std::memory_order_relaxed) < static_cast<int>(crew_.size())) {
        crew_.searching_.fetch_add(1, std::memory_order_seq_cst);
        for (int look = 0; look < looks_before_sleep && !found && !loop_.internals().called(); ++look) {
            for (int wait = 0; wait < 20; ++wait)
                pause();
            found = find();
        }
        const bool was_last = crew_.searching_.fetch_sub(1, std::memory_order_seq_cst) == 1;
        if (found && was_last)
            crew_.rouse_one(); // there may be more; whoever pushed it relied on this one
        if (found || loop_.internals().called())
            return found;
    }
    {
        const std::lock_guard held(crew_.mutex_);
        crew_.sleepers_.push_back(this);
        listed_ = true;
        crew_.words_.idle.fetch_add(1, std::memory_order_seq_cst);
    }
    heavy_fence();
    if (crew_.finished())
        roused_.store(true, std::memory_order_seq_cst);
    found = find();
    if (found)
        back();
    return found;
}

void worker::back() noexcept
{
    const std::lock_guard held(crew_.mutex_);
    if (!std::exchange(listed_, false))
        return;
    std::erase(crew_.sleepers_, this);
    crew_.words_.idle.fetch_sub(1, std::memory_order_seq_cst);
}

void worker::block(const context* job, const context* waits_for)
{
    const std::lock_guard held(crew_.mutex_);
    blocked_.push_back({job, waits_for});
    if (waits_for && crew_.leads_to(waits_for, job)) {
        blocked_.pop_back();
        throw deadlock_error("future::result() waits for a job that waits for this one: neither could ever go on");
    }
    if (blocked_.size() == 1)
        crew_.blocked_.fetch_add(1, std::memory_order_relaxed);
}

void worker::unblock() noexcept
{
    const std::lock_guard held(crew_.mutex_);
    blocked_.pop_back();
    if (blocked_.empty())
        crew_.blocked_.fetch_sub(1, std::memory_order_relaxed);
}

bool worker::may_begin() const noexcept
{
    return blocked_.empty() || crew_.blocked_.load(std::memory_order_relaxed) == static_cast<int>(crew_.size());
}

// A job goes on when what it waits for has ended, and what lies above it on its worker's stack.
bool crew::leads_to(const context* from, const context* job) const noexcept
{
    if (from == job)
        return true;
    for (const auto& each : workers_)
        for (std::size_t level = 0; level < each->blocked_.size(); ++level)
            if (each->blocked_[level].job == from) {
                for (std::size_t above = level + 1; above < each->blocked_.size(); ++above)
                    if (each->blocked_[above].job == job)
                        return true;
                const context* const next = each->blocked_[level].waits_for;
                return next && leads_to(next, job);
            }
    return false;
}

void worker::rouse() noexcept
{
    if (crew_.searching_.load(std::memory_order_relaxed) == 0)
        crew_.rouse_one();
}

void worker::count_root(int change) noexcept
{
    if (crew_.roots_.fetch_add(change, std::memory_order_acq_rel) + change == 0 &&
        crew_.ending_.load(std::memory_order_seq_cst))
        crew_.rouse_all();
}

// ---- crew

worker& crew::add(loop& at)
{
    workers_.push_back(std::make_unique<worker>(*this, at, 0x9e3779b97f4a7c15u * (workers_.size() + 1)));
    sleepers_.reserve(workers_.size());
    at.internals().join_crew(workers_.back().get());
    return *workers_.back();
}

bool crew::inject(context& offered) noexcept
{
    {
        const std::lock_guard held(mutex_);
        if (ending_.load(std::memory_order_relaxed))
            return false;
        injected_.push_back(offered);
        injected_count_.fetch_add(1, std::memory_order_seq_cst);
    }
    if (words_.idle.load(std::memory_order_seq_cst) > 0 && searching_.load(std::memory_order_seq_cst) == 0)
        rouse_one();
    return true;
}

// Several at once, so that not each costs a lock; they are pushed so that they begin in order, and others may take them.
context* crew::take_injected(worker& by) noexcept
{
    if (injected_count_.load(std::memory_order_seq_cst) == 0)
        return nullptr;
    std::array<context*, most_taken_at_once> taken;
    std::size_t count = 0;
    {
        const std::lock_guard held(mutex_);
        const std::size_t waiting = injected_count_.load(std::memory_order_relaxed);
        const std::size_t share = std::min((waiting + workers_.size() - 1) / workers_.size(), most_taken_at_once);
        while (count < share)
            taken[count++] = static_cast<context*>(injected_.pop_front());
        injected_count_.fetch_sub(share, std::memory_order_relaxed);
    }
    if (count == 0)
        return nullptr;
    while (--count > 0)
        by.loop_.offer(*taken[count]);
    return taken[0];
}

void crew::cancel_pending() noexcept
{
    words_.refuses_roots.store(true, std::memory_order_relaxed);
    rouse_all();
}

void crew::cancel_all() noexcept
{
    cancels_all_.store(true, std::memory_order_relaxed);
    cancel_pending();
    finish();
}

void crew::abandon() noexcept
{
    abandoned_.store(true, std::memory_order_seq_cst);
    rouse_all();
}

void crew::finish() noexcept
{
    {
        const std::lock_guard held(mutex_); // what is injected before is counted
        ending_.store(true, std::memory_order_seq_cst);
    }
    rouse_all();
}

bool crew::finished() const noexcept
{
    return (ending_.load(std::memory_order_seq_cst) && roots_.load(std::memory_order_seq_cst) == 0) ||
           abandoned_.load(std::memory_order_seq_cst);
}

void crew::rouse_one() noexcept
{
    worker* sleeper = nullptr;
    {
        const std::lock_guard held(mutex_);
        if (sleepers_.empty())
            return;
        sleeper = sleepers_.back();
        sleepers_.pop_back();
        sleeper->listed_ = false;
        words_.idle.fetch_sub(1, std::memory_order_seq_cst);
        sleeper->roused_.store(true, std::memory_order_seq_cst);
        sleeper->loop_.internals().wake_if_sleeping(); // under the lock: nobody ends the worker meanwhile
    }
}

void crew::rouse_all() noexcept
{
    const std::lock_guard held(mutex_);
    for (const auto& each : workers_) {
        each->roused_.store(true, std::memory_order_seq_cst);
        each->loop_.internals().wake_if_sleeping();
    }
}

} // namespace simul::detail
