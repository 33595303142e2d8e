// SPDX-License-Identifier: MIT
//
// How jobs get to workers, and back.
#include "run/process/pool_core.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace simul::detail {
namespace {

/// So many jobs lie in a worker's ring at most, the one that runs included. What is behind a long one can be taken
/// back.
constexpr unsigned jobs_a_seat = 64;

} // namespace

void pool_core::deal() noexcept
{
    deal_pending();
    balance();
}

void pool_core::deal_pending() noexcept
{
    while (process_job* const job = pending_.front()) {
        pool_seat* const seat = seat_for(*job);
        if (!seat || !push(*seat, *job))
            return;
    }
}

pool_seat* pool_core::seat_for(const process_job& job) noexcept
{
    const std::uint64_t length = frame_length(job.arguments.file() >= 0 ? 0 : job.arguments.size());
    pool_seat* best = nullptr;
    for (pool_seat& each : seats_) {
        const bool takes_jobs = each.area && !each.closed && each.jobs_here < jobs_a_seat &&
                                (options_.max_tasks_per_worker == 0 || each.jobs_sent < options_.max_tasks_per_worker);
        const auto rank = [](const pool_seat& seat) { return std::pair(seat.jobs_here, !seat.ready); };
        if (takes_jobs && (!best || rank(each) < rank(*best)) && has_room(each, length))
            best = &each;
    }
    return best;
}

bool pool_core::has_room(pool_seat& seat, std::uint64_t length) noexcept
{
    const std::uint64_t end = ring_bytes::place(seat.requests.position(), length) + length;
    if (end - seat.requests_read <= ring_size)
        return true;
    // seq_cst, with the worker's when it has passed over a request: see stop_watching.
    const std::uint64_t read = seat.area->requests_read.load(std::memory_order_seq_cst);
    if (read > seat.requests_read && read <= seat.requests.position())
        seat.requests_read = read;
    return end - seat.requests_read <= ring_size;
}

frame& pool_core::push_frame(pool_seat& seat, frame_kind kind, std::uint64_t bytes) noexcept
{
    const std::uint64_t length = frame_length(bytes);
    const std::uint64_t at = ring_bytes::place(seat.requests.position(), length);
    seat.requests = seat.area->requests.pad(seat.requests, at).after_frame(at + length);
    frame* const made = ::new (&seat.area->requests.at(at)) frame;
    made->kind = kind;
    made->size = bytes;
    return *made;
}

void pool_core::publish(pool_seat& seat) noexcept
{
    seat.orders->request_tail.store(seat.requests.word(), std::memory_order_seq_cst);
    wake_worker(*seat.area);
}

bool pool_core::push(pool_seat& seat, process_job& job) noexcept
{
    const parcel& content = job.arguments;
    const bool in_file = content.file() >= 0;
    if (in_file) {
        const int files[] = {content.file()};
        if (!send_message(seat.socket.get(), {.kind = message_kind::file}, files, false))
            return false; // full: it is tried again when the next answer comes
    }
    frame& made = push_frame(seat, frame_kind::job, in_file ? 0 : content.size());
    made.in_file = in_file ? 1 : 0;
    made.job = job.id_;
    made.size = content.size();
    if (!in_file)
        std::memcpy(made.bytes(), content.bytes().data(), content.size());

    pending_.remove(job);
    seat.jobs.push_back(job);
    job.place_ = process_job::place::at_seat;
    job.seat_ = &seat;
    job.frame_ = &made;
    ++seat.jobs_sent;
    if (++seat.jobs_here == 1)
        first_job_changed(seat);
    publish(seat);
    return true;
}

bool pool_core::take_back(process_job& job) noexcept
{
    frame_state expected = frame_state::queued;
    std::atomic<std::uint64_t>& taken_back = job.seat_->orders->taken_back;
    taken_back.store(taken_back.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed); // seen with the state
    if (!job.frame_->state.compare_exchange_strong(expected, frame_state::taken_back, std::memory_order_acq_rel))
        return false;
    pool_seat& seat = *job.seat_;
    const bool was_first = seat.jobs.front() == &job;
    seat.jobs.remove(job);
    --seat.jobs_here;
    --seat.jobs_sent;
    job.seat_ = nullptr;
    job.place_ = process_job::place::pending;
    pending_.push_front(job);
    if (was_first)
        first_job_changed(seat);
    return true;
}

void pool_core::take_back_behind(pool_seat& seat, const process_job* first_kept) noexcept
{
    while (process_job* const last = seat.jobs.back())
        if (last == first_kept || !take_back(*last))
            return;
}

void pool_core::balance() noexcept
{
    const auto idles = [](const pool_seat& each) { return each.ready && !each.closed && each.jobs_here == 0; };
    if (!pending_.empty() || std::none_of(seats_.begin(), seats_.end(), idles))
        return;
    for (pool_seat& each : seats_)
        if (each.jobs_here > 1)
            take_back_behind(each, each.jobs.front());
    deal_pending();
}

void pool_core::first_job_changed(pool_seat& seat) noexcept
{
    const process_job* const first = seat.jobs.front();
    seat.deadline = first && seat.ready ? deadline_after(clock::now(), first->timeout) : never;
}

} // namespace simul::detail
