// SPDX-License-Identifier: MIT
#include "run/process/pool_core.hpp"

#include "run/os_thread.hpp"
#include "run/process/server.hpp"

#include <simul/base/error.hpp>
#include <simul/run/cpu_count.hpp>

#include <cerrno>
#include <mutex>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <thread>
#include <unistd.h>

namespace simul::detail {
namespace {

std::atomic<unsigned> forks{0}; ///< of the process in which this is, since its oldest ancestor

unsigned count_forks()
{
    static const int watched =
        ::pthread_atfork(nullptr, nullptr, [] { forks.fetch_add(1, std::memory_order_relaxed); });
    static_cast<void>(watched);
    return forks.load(std::memory_order_relaxed);
}

unique_fd make_memory(std::size_t seats)
{
    unique_fd file(::memfd_create("simul-pool", MFD_CLOEXEC));
    if (file.get() < 0 || ::ftruncate(file.get(), static_cast<off_t>(orders_offset(seats))) < 0)
        throw error::from_errno(errno, "process_pool: making shared memory");
    return file;
}

} // namespace

void job_list::push_front(process_job& job) noexcept
{
    job.previous_ = nullptr;
    job.next_ = first_;
    (first_ ? first_->previous_ : last_) = &job;
    first_ = &job;
}

void job_list::push_back(process_job& job) noexcept
{
    job.next_ = nullptr;
    job.previous_ = last_;
    (last_ ? last_->next_ : first_) = &job;
    last_ = &job;
}

void job_list::remove(process_job& job) noexcept
{
    (job.previous_ ? job.previous_->next_ : first_) = job.next_;
    (job.next_ ? job.next_->previous_ : last_) = job.previous_;
}

void pool_seat::vacate() noexcept
{
    pool_seat empty;
    empty.number = number;
    empty.life = life;
    *this = std::move(empty);
}

// ---- beginning and end

pool_core::pool_core(const process_pool_options& options)
    : options_(options), seats_(options.workers > 0 ? options.workers : cpu_count())
{
    for (unsigned i = 0; i < seats_.size(); ++i)
        seats_[i].number = i;
    // A pool among the global objects is made again in each server of its own: there it must not begin by itself.
    if (!has_role())
        start();
}

pool_core::~pool_core()
{
    static_cast<void>(shutdown({}));
    if (thread_.joinable())
        thread_.join();
    // Those who came in through a job that is done now.
    while (visitors_.load(std::memory_order_acquire) > 0)
        std::this_thread::yield();
}

void pool_core::start()
{
    began_after_forks_.store(count_forks(), std::memory_order_relaxed);
    bell_ = unique_fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (bell_.get() < 0)
        throw error::from_errno(errno, "process_pool: making an eventfd");
    start_server();
    thread_ = start_without_signals([](void* self) { static_cast<pool_core*>(self)->run(); }, this);
    name_thread(thread_, "simul-pool");
    started_ = true;
}

void pool_core::start_server()
{
    server_.reset();
    memory_file_ = make_memory(workers());
    memory_ = mapping(memory_file_.get(), 0, orders_offset(workers()), mapping::access::write);
    server_ = std::make_unique<server_process>(options_.start, memory_file_.get(), bell_.get(), options_.memory_limit);
    for (pool_seat& each : seats_)
        start_worker(each);
}

std::vector<int> pool_core::pids()
{
    const std::lock_guard held(mutex_);
    std::vector<int> all;
    for (const pool_seat& each : seats_)
        if (each.pid != 0)
            all.push_back(each.pid);
    return all;
}

future<> pool_core::shutdown(shutdown_options options)
{
    if (is_forked())
        check_usable();
    awaited_end asked{{}, outside_job::begin()};
    future<> ended = asked.to_tell.get_future();
    lost_jobs lost;
    {
        const std::lock_guard held(mutex_);
        closing_ = true;
        if (options.cancel_pending)
            take_unbegun(lost, std::make_exception_ptr(cancelled{}));
        over_ |= !started_;
        if (over_) {
            asked.to_tell.set_value();
        } else {
            awaited_ends_.push_back(std::move(asked));
            ring();
        }
    }
    settle(lost);
    return ended;
}

bool pool_core::is_forked() const noexcept
{
    const unsigned began = began_after_forks_.load(std::memory_order_relaxed);
    return began != not_begun && began != forks.load(std::memory_order_relaxed);
}

void pool_core::abandon() noexcept
{
    if (thread_.joinable())
        thread_.detach(); // it is not in this process
}

void pool_core::check_usable() const
{
    if (is_forked())
        throw invalid_state("this process_pool belongs to the parent process: after fork() make a new one");
    if (closing_)
        throw closed_error("submit: the process_pool is shut down");
    if (broken_)
        throw broken_pool(*broken_);
}

// ---- jobs come and go

void pool_core::submit(process_job& job)
{
    if (is_forked())
        check_usable();
    const std::lock_guard held(mutex_);
    check_usable();
    if (!started_)
        start();
    job.id_ = ++last_id_;
    job.place_ = process_job::place::pending;
    unfinished_.fetch_add(1, std::memory_order_relaxed);
    pending_.push_back(job);
    deal();
    if (job.timeout != duration::max())
        ring(); // the deadline is for the own thread to watch
}

bool pool_core::cancel(process_job& job) noexcept
{
    {
        const std::lock_guard held(mutex_);
        if (job.place_ == process_job::place::nowhere)
            return false;
        if (job.place_ == process_job::place::at_seat && !take_back(job))
            return job.doom_ != process_job::doom::none || end_with_worker(job, process_job::doom::cancelled);
        pending_.remove(job);
        job.place_ = process_job::place::nowhere;
    }
    job.fail(std::make_exception_ptr(cancelled{}));
    finished(1);
    return true;
}

void pool_core::settle(lost_jobs& lost) noexcept
{
    for (lost_job& each : lost)
        each.job->fail(std::move(each.error));
    finished(lost.size());
    lost.clear();
}

void pool_core::finished(std::size_t jobs) noexcept
{
    if (jobs == 0)
        return;
    // With the mutex for what may be the last: when the own thread sees that there is none, we are out of here.
    std::size_t now = unfinished_.load(std::memory_order_relaxed);
    while (now > jobs)
        if (unfinished_.compare_exchange_weak(now, now - jobs, std::memory_order_acq_rel, std::memory_order_relaxed))
            return;
    const std::lock_guard held(mutex_);
    if (unfinished_.fetch_sub(jobs, std::memory_order_acq_rel) == jobs && closing_)
        ring();
}

void pool_core::take_unbegun(lost_jobs& lost, const std::exception_ptr& error)
{
    for (pool_seat& each : seats_)
        take_back_behind(each, nullptr);
    while (process_job* const job = pending_.front()) {
        pending_.remove(*job);
        job->place_ = process_job::place::nowhere;
        lost.push_back({job, error});
    }
}

} // namespace simul::detail
