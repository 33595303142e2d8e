// SPDX-License-Identifier: MIT
//
// Workers begin and end, and what becomes of their jobs.
#include "run/process/pool_core.hpp"

#include <simul/base/error.hpp>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <string>
#include <utility>

namespace simul::detail {
namespace {

/// Workers that end before they are ready, one after the other, until the pool gives up.
constexpr unsigned most_failed_starts = 3;

/// A job that has ended so many workers is not begun again, whatever `retry` says.
constexpr unsigned most_deaths = 3;

constexpr auto pause_before_start = std::chrono::milliseconds(200);

std::string how_it_ended(const pool_seat& seat, const message& how)
{
    std::string text = "the worker process " + std::to_string(seat.pid);
    if (seat.garbled)
        return text + " had overwritten what it shares with the pool, and was ended";
    if (how.by_signal) {
        const char* const name = ::sigabbrev_np(how.number);
        return text + " was ended by signal " + std::to_string(how.number) +
               (name ? std::string(" (SIG") + name + ")" : "");
    }
    return text + " left with exit code " + std::to_string(how.number);
}

} // namespace

void pool_core::start_worker(pool_seat& seat)
{
    seat.vacate();
    ++seat.life;
    std::pair<unique_fd, unique_fd> ends;
    try {
        ends = make_message_pair();
    } catch (const error& e) {
        could_not_start(seat, e.what());
        return;
    }
    seat.socket = std::move(ends.first);
    seat.area = reinterpret_cast<worker_area*>(memory_.address() + area_offset(seat.number));
    seat.orders = reinterpret_cast<orders*>(memory_.address() + orders_offset(seat.number));
    seat.orders->request_tail.store(0, std::memory_order_relaxed);
    seat.orders->answers_taken.store(0, std::memory_order_relaxed);
    seat.orders->taken_back.store(0, std::memory_order_relaxed);
    seat.area->asleep.store(0, std::memory_order_relaxed);
    seat.area->requests_read.store(0, std::memory_order_relaxed);
    seat.area->answer_tail.store(0, std::memory_order_relaxed);

    encoder first;
    if (options_.initializer)
        put_code(first, reinterpret_cast<std::uintptr_t>(options_.initializer));
    std::byte* to = push_frame(seat, frame_kind::initialize, first.size()).bytes();
    first.for_each_piece([&](std::span<const std::byte> piece) {
        if (!piece.empty())
            std::memcpy(to, piece.data(), piece.size());
    });
    publish(seat);
    server_->start_worker(seat.number, seat.life, ends.second.get());
}

/// False when it has ended by itself: another one began after it, so its answer is on its way.
bool pool_core::end_with_worker(process_job& job, process_job::doom why) noexcept
{
    pool_seat& seat = *job.seat_;
    take_back_behind(seat, &job);
    const bool runs = seat.jobs.back() == &job;
    if (runs) {
        job.doom_ = why;
        end_worker(seat);
    } else {
        deal();
    }
    return runs;
}

void pool_core::end_worker(pool_seat& seat) noexcept
{
    // It must not begin another one that would then be ended with it.
    seat.closed = true;
    take_back_behind(seat, nullptr);
    seat.ending = true;
    if (seat.pidfd.get() >= 0)
        kill_process(seat.pidfd.get());
    deal();
}

/// What is left at the seat had not been answered. What had begun has died with the worker.
void pool_core::clear_seat(pool_seat& seat, const message& how, lost_jobs& lost)
{
    seat.closed = true;
    if (process_job* const first = seat.jobs.front(); first && seat.ready && seems_begun(*first)) {
        seat.jobs.remove(*first);
        blame(*first, seat, how, lost);
    }
    while (process_job* const last = seat.jobs.back()) {
        seat.jobs.remove(*last);
        last->seat_ = nullptr;
        last->place_ = process_job::place::pending;
        pending_.push_front(*last);
    }
    seat.jobs_here = 0;
}

void pool_core::bury(pool_seat& seat, const message& how, lost_jobs& lost)
{
    const bool was_ready = seat.ready;
    clear_seat(seat, how, lost);
    if (was_ready)
        start_worker(seat);
    else
        could_not_start(seat, seat.problem.empty() ? how_it_ended(seat, how) + " before it was ready" : seat.problem);
    deal();
}

bool pool_core::has_begun(const process_job& job) const noexcept
{
    return job.frame_->state.load(std::memory_order_acquire) != frame_state::queued;
}

/// As far as a dead worker's memory can tell. What stands first whenever a worker dies is not innocent, whatever that
/// says.
bool pool_core::seems_begun(process_job& job) noexcept
{
    bool begun = has_begun(job);
    for (received last = receive_message(job.seat_->socket.get(), false); last.what == received::result::message;
         last = receive_message(job.seat_->socket.get(), false))
        begun &= last.content.kind != message_kind::nothing_begun;
    return begun || ++job.deaths_nearby_ >= most_deaths;
}

void pool_core::blame(process_job& job, const pool_seat& seat, const message& how, lost_jobs& lost)
{
    job.seat_ = nullptr;
    job.place_ = process_job::place::nowhere;
    std::exception_ptr error;
    switch (job.doom_) {
    case process_job::doom::cancelled:
        error = std::make_exception_ptr(cancelled{});
        break;
    case process_job::doom::timed_out:
        error = std::make_exception_ptr(
            timeout_error(job.function.name() + " took longer than its timeout; its worker was ended"));
        break;
    case process_job::doom::none:
        if (++job.deaths_ < most_deaths && job.deaths_ <= options_.retry) {
            job.place_ = process_job::place::pending;
            pending_.push_front(job);
            return;
        }
        const std::string name = job.function.name();
        std::string what = how_it_ended(seat, how) + " while it ran " + name;
        if (job.deaths_ > 1)
            what += ", which has ended " + std::to_string(job.deaths_) + " workers now";
        if (job.deaths_ == most_deaths)
            what += " and is not begun again";
        error = std::make_exception_ptr(
            worker_died(seat.pid, how.by_signal ? how.number : 0, how.by_signal ? 0 : how.number, name, what));
    }
    lost.push_back({&job, std::move(error)});
}

void pool_core::could_not_start(pool_seat& seat, std::string reason)
{
    seat.vacate();
    start_problem_ = std::move(reason);
    ++failed_starts_;
    seat.deadline = clock::now() + (failed_starts_ < most_failed_starts || cannot_be_started() ? duration::zero()
                                                                                               : pause_before_start);
}

bool pool_core::cannot_be_started() const noexcept
{
    return failed_starts_ >= most_failed_starts &&
           std::none_of(seats_.begin(), seats_.end(), [](const pool_seat& each) { return each.ready; });
}

void pool_core::break_pool(std::string reason, lost_jobs& lost)
{
    broken_ = std::make_unique<broken_pool>("the process_pool is broken: " + reason);
    const auto error = std::make_exception_ptr(*broken_);
    for (pool_seat& each : seats_) {
        while (process_job* const job = each.jobs.back()) {
            each.jobs.remove(*job);
            job->seat_ = nullptr;
            pending_.push_front(*job);
        }
        each.vacate();
    }
    take_unbegun(lost, error);
}

} // namespace simul::detail
