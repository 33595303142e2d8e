// SPDX-License-Identifier: MIT
#include "timer_queue.hpp"

#include <simul/base/assert.hpp>

#include <algorithm>
#include <bit>
#include <utility>

namespace simul::detail {

void timer_queue::bucket::push_newest(timer& t) noexcept
{
    t.previous = nullptr;
    t.next = newest;
    (newest ? newest->previous : oldest) = &t;
    newest = &t;
}

void timer_queue::bucket::push_oldest(timer& t) noexcept
{
    t.previous = oldest;
    t.next = nullptr;
    (oldest ? oldest->next : newest) = &t;
    oldest = &t;
}

void timer_queue::bucket::remove(timer& t) noexcept
{
    (t.next ? t.next->previous : oldest) = t.previous;
    (t.previous ? t.previous->next : newest) = t.next;
}

void timer_queue::add(timer& t) noexcept
{
    SIMUL_ASSERT(!t.armed());
    t.sequence = next_sequence_++;
    ++size_;
    if (bucket* const entered = enter(t))
        entered->push_newest(t);
}

void timer_queue::remove(timer& t) noexcept
{
    SIMUL_ASSERT(t.armed());
    --size_;
    const std::uint32_t place = std::exchange(t.place, timer::idle);
    if (place == in_heap) {
        due_.remove(t);
        return;
    }
    buckets_[place].remove(t);
    if (buckets_[place].empty())
        mark_empty(place);
}

time_point timer_queue::next_deadline() const noexcept
{
    if (!due_.empty())
        return due_.first()->deadline;
    return occupied_levels_ == 0 ? never : buckets_[first_occupied()].earliest;
}

timer* timer_queue::take_due(time_point now) noexcept
{
    // A bucket whose earliest timer was removed may leave the heap empty; then the next is tried.
    while (due_.empty()) {
        if (occupied_levels_ == 0) {
            current_ = std::max(current_, tick_of(now)); // so that the next timers start on a low level
            return nullptr;
        }
        const std::uint32_t place = first_occupied();
        if (buckets_[place].earliest > now)
            return nullptr;
        open(place);
    }
    timer* const first = due_.first();
    if (first->deadline > now)
        return nullptr;
    remove(*first);
    return first;
}

// The sign bit is flipped so that time_point::min() is in tick 0.
std::uint64_t timer_queue::tick_of(time_point when) noexcept
{
    return (static_cast<std::uint64_t>(when.time_since_epoch().count()) ^ (std::uint64_t{1} << 63)) >> tick_bits;
}

std::uint32_t timer_queue::place_of(std::uint64_t tick) const noexcept
{
    if (tick <= current_)
        return in_heap;
    const unsigned level = static_cast<unsigned>(std::bit_width(tick ^ current_) - 1) / digit_bits;
    return level * slots + static_cast<unsigned>(tick >> (level * digit_bits)) % slots;
}

std::uint32_t timer_queue::first_occupied() const noexcept
{
    const unsigned level = static_cast<unsigned>(std::countr_zero(occupied_levels_));
    return level * slots + static_cast<unsigned>(std::countr_zero(occupied_slots_[level]));
}

// Finds the place of `t`. Returns the bucket in which the caller is to link it; null when it went to the heap.
timer_queue::bucket* timer_queue::enter(timer& t) noexcept
{
    t.place = place_of(tick_of(t.deadline));
    if (t.place == in_heap) {
        due_.add(t);
        return nullptr;
    }
    bucket& entered = buckets_[t.place];
    if (entered.empty()) {
        occupied_levels_ |= 1u << t.place / slots;
        occupied_slots_[t.place / slots] |= std::uint64_t{1} << t.place % slots;
        entered.earliest = t.deadline;
    }
    entered.earliest = std::min(entered.earliest, t.deadline);
    return &entered;
}

void timer_queue::mark_empty(std::uint32_t place) noexcept
{
    const unsigned level = place / slots;
    occupied_slots_[level] &= ~(std::uint64_t{1} << place % slots);
    if (occupied_slots_[level] == 0)
        occupied_levels_ &= ~(1u << level);
}

// Moves the current tick on to the earliest of the first bucket, and the timers of that bucket to lower levels or the
// heap. All others stand right: being later, they differ from the new tick in the same highest digit as from the old.
void timer_queue::open(std::uint32_t place) noexcept
{
    const bucket opened = std::exchange(buckets_[place], {});
    mark_empty(place);
    current_ = tick_of(opened.earliest);
    // The lower levels are empty, so this keeps every bucket sorted from newest to oldest, which suits the heap.
    for (timer* t = opened.newest; t;) {
        timer* const older = t->next;
        if (bucket* const entered = enter(*t))
            entered->push_oldest(*t);
        t = older;
    }
}

} // namespace simul::detail
