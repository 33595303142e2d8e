// SPDX-License-Identifier: MIT
//
// Reading answers, and the pool's own thread.
#include "run/process/pool_core.hpp"

#include "run/process/carried_error.hpp"
#include "run/process/sealed_file.hpp"
#include "run/process/spinning.hpp"

#include <simul/base/error.hpp>

#include <algorithm>
#include <csignal>
#include <mutex>
#include <poll.h>
#include <unistd.h>

namespace simul::detail {
namespace {

void wait_for_any(std::span<pollfd> watched, time_point until) noexcept
{
    timespec limit{};
    if (until != never) {
        const auto left = std::max(until - clock::now(), duration::zero()).count();
        limit = {left / 1'000'000'000, left % 1'000'000'000};
    }
    ::ppoll(watched.data(), watched.size(), until == never ? nullptr : &limit, nullptr);
}

} // namespace

void pool_core::set_watched(bool watched) noexcept
{
    std::atomic<std::uint32_t>& watch = reinterpret_cast<watch_page*>(memory_.address())->watch;
    const std::uint32_t now = watch.load(std::memory_order_relaxed);
    if ((now % 2 == 0) != watched)
        watch.store(now + 1, std::memory_order_seq_cst); // with the worker's, see there
}

bool pool_core::look() noexcept
{
    bool found = false;
    for (pool_seat& each : seats_)
        found |= look_at(each);
    return found;
}

bool pool_core::look_at(pool_seat& seat) noexcept
{
    if (!seat.area || seat.garbled)
        return false;
    const ring_end tail(seat.area->answer_tail.load(std::memory_order_seq_cst));
    if (tail == seat.answers)
        return false;
    {
        const std::lock_guard held(mutex_);
        read_answers(seat, tail);
        deal();
    }
    for (const answer& each : batch_)
        deliver(seat, each);
    finished(batch_.size());
    batch_.clear();
    seat.orders->answers_taken.store(seat.answers.position(), std::memory_order_seq_cst);
    wake_worker(*seat.area);
    return true;
}

void pool_core::read_answers(pool_seat& seat, ring_end tail)
{
    while (seat.answers != tail && !seat.garbled)
        if (!read_answer(seat, tail)) {
            seat.garbled = true;
            end_worker(seat);
        }
    const unsigned most = options_.max_tasks_per_worker;
    if (most > 0 && seat.jobs_sent >= most && seat.jobs_here == 0 && !seat.closed) {
        seat.closed = true;
        if (has_room(seat, frame_length(0))) {
            push_frame(seat, frame_kind::leave, 0);
            publish(seat);
        } else {
            end_worker(seat);
        }
    }
}

/// False when it makes no sense. Nothing that stands there is read twice: it may change.
bool pool_core::read_answer(pool_seat& seat, ring_end tail)
{
    const std::uint64_t at = seat.answers.position();
    const std::uint64_t there = tail.position() - at;
    if (there % cache_line != 0 || there > ring_size)
        return false;
    frame& head = seat.area->answers.at(at);
    const answer read{seat.jobs.front(), head.kind, head.in_file == 1, head.size, head.bytes()};
    const std::uint64_t id = head.job;
    const std::uint64_t bytes_here = read.in_file ? 0 : read.size;
    const std::uint64_t length = frame_length(std::min<std::uint64_t>(bytes_here, ring_size));
    if (length > there || at % ring_size + length > ring_size)
        return false;

    switch (read.kind) {
    case frame_kind::pad:
        break;
    case frame_kind::ready:
        seat.ready = true;
        failed_starts_ = 0;
        first_job_changed(seat);
        break;
    case frame_kind::value:
    case frame_kind::error:
        if (!seat.ready && read.kind == frame_kind::error && !read.in_file) {
            try {
                decoder in({read.bytes, read.size});
                seat.problem = "its initializer failed with " + simul::describe(get_error(in));
            } catch (const error&) {
                return false;
            }
            break;
        }
        if (!seat.ready || !read.job || read.job->id_ != id)
            return false;
        batch_.push_back(read);
        seat.jobs.remove(*read.job);
        read.job->seat_ = nullptr;
        read.job->place_ = process_job::place::nowhere;
        --seat.jobs_here;
        first_job_changed(seat);
        break;
    default:
        return false;
    }
    seat.answers = seat.answers.after_frame(at + length);
    return true;
}

void pool_core::deliver(pool_seat& seat, const answer& each) noexcept
{
    try {
        mapping content;
        std::span<const std::byte> bytes(each.bytes, each.in_file ? 0 : each.size);
        if (each.in_file) {
            const received file = receive_message(seat.socket.get(), false);
            content = open_sealed_file(file.files[0].get(), each.size);
            bytes = content.bytes();
        }
        decoder in(bytes);
        if (each.kind == frame_kind::error)
            each.job->fail(get_error(in));
        else
            each.job->deliver(in);
    } catch (...) {
        // Only what came wrongly from the worker; what a value's own decoding throws is the job's result.
        {
            const std::lock_guard held(mutex_);
            seat.garbled = true;
            end_worker(seat);
        }
        each.job->fail(std::current_exception());
    }
}

bool pool_core::stop_watching() noexcept
{
    set_watched(false);
    // Once more: a worker that answered, or made room, before it could see that nobody watches has rung no bell.
    const bool found = look();
    const std::lock_guard held(mutex_);
    deal();
    return found;
}

void pool_core::help(const future_state_base& until_done) noexcept
{
    if (is_forked())
        return;
    const std::unique_lock watching(watching_, std::try_to_lock);
    if (!watching || stopping_)
        return;
    set_watched(true);
    patience().spin_until([&] {
        look();
        return until_done.done();
    });
    stop_watching();
}

// ---- the own thread

void pool_core::ring() noexcept
{
    const std::uint64_t one = 1;
    static_cast<void>(::write(bell_.get(), &one, sizeof one));
}

void pool_core::run() noexcept
{
    std::unique_lock watching(watching_);
    while (!has_nothing_left()) {
        hear_server();
        pass_deadlines();
        if (look() || stop_watching()) {
            set_watched(true);
            continue;
        }
        const time_point until = next_deadline();
        pollfd watched[] = {{bell_.get(), POLLIN, 0}, {server_ ? server_->socket() : -1, POLLIN, 0}};
        watching.unlock();
        wait_for_any(watched, until);
        watching.lock();
        set_watched(true);
        std::uint64_t rung;
        static_cast<void>(::read(bell_.get(), &rung, sizeof rung));
    }
    stopping_ = true;
    watching.unlock();
    end();
}

bool pool_core::has_nothing_left() noexcept
{
    const std::lock_guard held(mutex_);
    return closing_ && unfinished_.load(std::memory_order_acquire) == 0;
}

void pool_core::end() noexcept
{
    server_.reset();
    std::vector<awaited_end> to_tell;
    {
        const std::lock_guard held(mutex_);
        for (pool_seat& each : seats_)
            each.vacate();
        over_ = true;
        to_tell.swap(awaited_ends_);
    }
    for (awaited_end& each : to_tell)
        each.to_tell.set_value();
}

void pool_core::hear_server() noexcept
{
    lost_jobs lost;
    for (;;) {
        received heard = server_ ? server_->next_message() : received{received::result::nothing, {}, {}};
        if (heard.what == received::result::nothing)
            break;
        if (heard.what == received::result::message && heard.content.kind == message_kind::ended)
            look(); // at what it still had to say
        const std::lock_guard held(mutex_);
        hear(heard, lost);
    }
    settle(lost);
}

void pool_core::hear(received& heard, lost_jobs& lost)
{
    const message& news = heard.content;
    if (heard.what == received::result::closed) {
        server_lost(lost);
        return;
    }
    if (news.kind == message_kind::stranger) {
        server_.reset();
        break_pool("what runs when this program is started again is another one", lost);
        return;
    }
    if (news.seat >= seats_.size() || seats_[news.seat].life != news.life || !seats_[news.seat].area)
        return;
    pool_seat& seat = seats_[news.seat];
    seat.pid = news.pid;
    switch (news.kind) {
    case message_kind::started:
        seat.pidfd = std::move(heard.files[0]);
        if (seat.ending)
            kill_process(seat.pidfd.get());
        break;
    case message_kind::not_started:
        clear_seat(seat, news, lost);
        could_not_start(seat, error::from_errno(news.number, "starting a worker").what());
        deal();
        break;
    default:
        bury(seat, news, lost);
    }
}

void pool_core::server_lost(lost_jobs& lost)
{
    const message killed{.kind = message_kind::ended, .number = SIGKILL, .by_signal = true};
    // The workers go with it; their memory is given up with them. Each must be gone before its jobs are begun
    // elsewhere.
    for (pool_seat& each : seats_)
        if (each.pidfd.get() >= 0)
            kill_process(each.pidfd.get());
    for (pool_seat& each : seats_)
        if (each.pidfd.get() >= 0)
            wait_for_end(each.pidfd.get(), std::chrono::seconds(1));
    for (pool_seat& each : seats_)
        clear_seat(each, killed, lost);
    for (pool_seat& each : seats_)
        each.vacate();
    ++failed_starts_;
    if (cannot_be_started()) {
        server_.reset();
        break_pool("its server ends as soon as it is started", lost);
        return;
    }
    try {
        start_server();
    } catch (const std::exception& e) {
        server_.reset();
        break_pool(e.what(), lost);
        return;
    }
    deal();
}

void pool_core::pass_deadlines() noexcept
{
    const time_point now = clock::now();
    lost_jobs lost;
    {
        const std::lock_guard held(mutex_);
        for (pool_seat& each : seats_) {
            if (each.deadline > now)
                continue;
            process_job* const first = each.jobs.front();
            if (!each.area && cannot_be_started()) {
                break_pool(start_problem_, lost);
            } else if (!each.area) {
                start_worker(each);
                deal();
            } else if (first && has_begun(*first)) {
                each.deadline = never;
                if (first->doom_ == process_job::doom::none)
                    end_with_worker(*first, process_job::doom::timed_out);
            } else {
                first_job_changed(each); // it has not begun yet: the machine is busy, not the job
            }
        }
    }
    settle(lost);
}

time_point pool_core::next_deadline() noexcept
{
    const std::lock_guard held(mutex_);
    time_point next = never;
    for (const pool_seat& each : seats_)
        next = std::min(next, each.deadline);
    return next;
}

} // namespace simul::detail
