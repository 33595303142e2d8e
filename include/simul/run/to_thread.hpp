// SPDX-License-Identifier: MIT
//
// to_thread: a call that blocks, made in a thread of its own, while the loop goes on.
//
//     auto rows = co_await simul::to_thread(legacy_query, connection, "select ...");
//     std::string line = simul::to_thread([] { return read_line(); }).result();        // from a plain thread
//
// Threads are made as they are needed, up to 64; one that has had nothing to do for 10 s goes, and costs nothing until
// then. For computing there is `thread_pool`; for what runs as long as the program does, `thread`. About 10 µs a call.
//
// The job sees the `task_local`s of the task that gave it, as they were then; what it sets is seen by it alone.
//
// *Cancel:* a job that has not begun is dropped, and its future ends cancelled. One that runs can't be stopped: `cancel`
// gives false, and who waits for it waits on (it may use the waiter's locals), gets the result, and is told at its next
// wait. To leave it, keep the future and await `shield(future)`.
#pragma once

#include <simul/detail/awaitable.hpp>
#include <simul/detail/job_locals.hpp>
#include <simul/detail/outside_job.hpp>
#include <simul/detail/refuse_null.hpp>
#include <simul/detail/work.hpp>
#include <simul/task/future.hpp>

#include <concepts>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

namespace simul {
namespace detail {

/// What a job takes along from where it was given.
class job_luggage {
public:
    explicit job_luggage(const std::source_location& at);
    ~job_luggage() { drop_locals(); }
    job_luggage(const job_luggage&) = delete;
    job_luggage& operator=(const job_luggage&) = delete;

    void drop_locals() noexcept;

    std::string name;
    std::source_location at;
    task_local_value* locals = nullptr;
    outside_job outside;
    std::shared_ptr<outside_gate> way_back;
};

/// Has it run by one of the job threads. *Throws:* `error` when there can be none, `closed_error` when the process ends.
void give_to_job_threads(work& job);

/// A job and its future. Owned by the handle, and by the threads until it has run.
template <class T> class thread_job : public future_state<T>, public work {
public:
    void run() noexcept final
    {
        if (begin()) {
            {
                const job_locals scope(luggage_.locals); // also of destructors
                try {
                    call(this->result_);
                } catch (...) {
                    this->result_.fail(failure(std::current_exception()));
                }
                drop_what_it_holds();
            }
        }
        end();
    }
    /// The process ends before it has begun.
    void drop() noexcept final
    {
        if (begin()) {
            this->result_.fail(
                failure(std::make_exception_ptr(closed_error("the process ended before this job began"))));
            this->observe();
            drop_what_it_holds();
        }
        end();
    }

    bool request_cancel() noexcept final
    {
        {
            const guard held(this->waiters_);
            if (std::exchange(begun_, true))
                return false;
            this->result_.fail(failure::cancellation());
            this->complete_locked();
        }
        const outside_job ends_after_it_is_told = std::move(luggage_.outside);
        drop_what_it_holds();
        return true;
    }

    std::string name() const final { return luggage_.name; }
    void rename(std::string name) final { luggage_.name = std::move(name); }

protected:
    explicit thread_job(const std::source_location& at) : future_state<T>(2), luggage_(at) {}
    ~thread_job() = default;

    virtual void call(result_slot<T>& result) = 0;
    virtual void let_go() noexcept = 0;

private:
    bool begin() noexcept
    {
        const guard held(this->waiters_);
        return !std::exchange(begun_, true);
    }
    void drop_what_it_holds() noexcept
    {
        let_go();
        luggage_.drop_locals();
    }
    /// Its result is there, or it was cancelled.
    void end() noexcept
    {
        const outside_job ends_after_it_is_told = std::move(luggage_.outside);
        const std::shared_ptr<outside_gate> way = std::move(luggage_.way_back);
        if (!this->done())
            this->complete();
        release_there(way, *this);
    }
    std::source_location origin() const noexcept final { return luggage_.at; }

    job_luggage luggage_;
    bool begun_ = false; ///< or dropped; under the waiters' lock
};

template <class T, class Fn, class... Args> class thread_job_of final : public thread_job<T> {
public:
    thread_job_of(const std::source_location& at, Fn&& fn, Args&&... args)
        : thread_job<T>(at), call_(std::in_place, std::move(fn), std::tuple<Args...>(std::move(args)...))
    {
    }

private:
    void call(result_slot<T>& result) override
    {
        if constexpr (std::is_void_v<T>) {
            std::apply(std::move(call_->first), std::move(call_->second));
            result.emplace();
        } else {
            result.emplace(std::apply(std::move(call_->first), std::move(call_->second)));
        }
    }
    void let_go() noexcept override { call_.reset(); }

    std::optional<std::pair<Fn, std::tuple<Args...>>> call_;
};

template <class Fn, class... Args>
future<std::invoke_result_t<Fn, Args...>> start_thread_job(const std::source_location& at, Fn fn, Args... args)
{
    using T = std::invoke_result_t<Fn, Args...>;
    static_assert(!awaitable<T>,
                  "simul: to_thread calls a plain function; a task is awaited or spawned. To run one in the "
                  "thread, call block_on(the_task) in the function");
    refuse_null(fn);
    auto* const job = new thread_job_of<T, Fn, Args...>(at, std::move(fn), std::move(args)...);
    future<T> handle(*job);
    try {
        give_to_job_threads(*job);
    } catch (...) {
        job->drop();
        throw;
    }
    return handle;
}

} // namespace detail

/// Calls `fn(args...)`, which are kept for it, in a thread made for blocking; gives a future of the result.
/// *Throws:* `error` when the system has no room for a first thread.
template <class Fn, class... Args>
    requires(sizeof...(Args) > 0) && std::invocable<Fn, Args...>
auto to_thread(Fn fn, Args... args)
{
    return detail::start_thread_job(std::source_location{}, std::move(fn), std::move(args)...);
}
template <std::invocable Fn> auto to_thread(Fn fn, std::source_location at = std::source_location::current())
{
    return detail::start_thread_job(at, std::move(fn));
}

} // namespace simul
