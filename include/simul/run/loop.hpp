// SPDX-License-Identifier: MIT
//
// loop: one thread, many tasks. `simul::run(main())` makes one, runs it and cleans up; this is for code that wants
// callbacks, or to drive the loop itself.
//
//     simul::loop loop;
//     loop.call_later(100ms, [&] { fmt::print("tick\n"); });
//     int answer = loop.run_until_complete(compute());
//
// A turn looks once for what has happened (descriptors, then timers), then runs exactly what was ready at that point, in
// order. Callbacks that throw are reported to the error handler, and the loop goes on. Timers never fire early; equal
// deadlines fire in the order in which they were set.
//
// *Threads:* a loop is used by one thread at a time; only `call_soon_threadsafe`, `stop_threadsafe` and what goes through
// futures may come from others. It may be made in one thread and run in another.
#pragma once

#include <simul/detail/callback.hpp>
#include <simul/detail/executor.hpp>
#include <simul/task/spawn.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <memory>
#include <source_location>
#include <string_view>
#include <utility>

namespace simul {
namespace detail {
class crew;
}

/// Who does the waiting. `automatic`: io_uring where the kernel allows it, else epoll; SIMUL_BACKEND overrides.
enum class backend : std::uint8_t { automatic, uring, epoll, sim };

struct loop_options {
    simul::backend backend = backend::automatic;
    std::uint64_t seed = 0;                                    ///< sim: order of what is ready at once; 0 is first in, first out
    bool debug = false;                                        ///< also SIMUL_DEBUG=1
    duration slow_step = std::chrono::milliseconds(100);       ///< debug: a step longer than this is reported
};

/// A callback that was scheduled; may be dropped.
class callback_handle {
public:
    callback_handle() noexcept = default;
    explicit callback_handle(detail::callback& of) noexcept : callback_(&of) { of.acquire(); }
    callback_handle(callback_handle&& other) noexcept : callback_(std::exchange(other.callback_, nullptr)) {}
    callback_handle& operator=(callback_handle&& other) noexcept
    {
        std::swap(callback_, other.callback_);
        return *this;
    }
    ~callback_handle()
    {
        if (callback_)
            callback_->release();
    }

    /// It will not run any more, even if it was due in this very turn.
    void cancel() noexcept
    {
        if (callback_)
            callback_->cancel();
    }
    bool cancelled() const noexcept { return callback_ && callback_->cancelled(); }

private:
    detail::callback* callback_ = nullptr;
};

class loop final : public executor {
public:
    explicit loop(loop_options options = {});
    ~loop() override;

    /// The loop of this thread. *Throws:* `invalid_state` when none runs here.
    static loop& current();

    // ---- callbacks: they run in later turns, never inside the call. All *throw* `closed_error` on a closed loop.

    template <std::invocable Fn> callback_handle call_soon(Fn fn)
    {
        detail::callback& made = detail::make_callback(std::move(fn), *this);
        return soon(made);
    }
    template <class Rep, class Period, std::invocable Fn>
    callback_handle call_later(std::chrono::duration<Rep, Period> wait, Fn fn)
    {
        return call_at(deadline_after(now(), to_duration(wait)), std::move(fn));
    }
    template <std::invocable Fn> callback_handle call_at(time_point when, Fn fn)
    {
        return at(when, detail::make_callback(std::move(fn), *this));
    }
    /// From any thread.
    template <std::invocable Fn> void call_soon_threadsafe(Fn fn)
    {
        soon_threadsafe(detail::make_callback(std::move(fn), *this));
    }

    /// Calls `fn` whenever `fd` can be read (has data, end of stream or an error); replaces the one before.
    template <std::invocable Fn> void watch_readable(int fd, Fn fn)
    {
        watch(fd, false, detail::make_callback(std::move(fn), *this));
    }
    template <std::invocable Fn> void watch_writable(int fd, Fn fn)
    {
        watch(fd, true, detail::make_callback(std::move(fn), *this));
    }
    /// False when nobody watched.
    bool unwatch_readable(int fd) { return unwatch(fd, false); }
    bool unwatch_writable(int fd) { return unwatch(fd, true); }

    /// Calls `fn` in the loop (never inside the signal handler) after the process got the signal; several of a kind may
    /// count as one. *Throws:* `error` for a signal that can't be caught, or that another loop handles.
    template <std::invocable Fn> void on_signal(int number, Fn fn)
    {
        handle_signal(number, detail::make_callback(std::move(fn), *this));
    }
    /// Restores what was before; false when there was no handler.
    bool remove_signal(int number);

    // ---- running

    /// Runs until `work` is done, and gives its result.
    template <detail::awaitable Awaitable>
    auto run_until_complete(Awaitable work, std::source_location at = std::source_location::current())
    {
        auto flight = launch(detail::as_task(std::move(work)), at);
        run_until_done(flight.shared_state());
        return std::move(flight).result();
    }
    /// As `run_until_complete`, for what `launch` started on this loop.
    void run_until_done(detail::future_state_base& started);
    /// Runs until `stop`.
    void run_forever();
    /// As one of the workers of a thread pool, until its work is done.
    void run_as_worker(const detail::crew& of);
    /// One turn; waits for something to happen when nothing is ready.
    void run_once();
    /// Ends `run_forever` after the present turn; before it, after one turn.
    void stop() noexcept;
    void stop_threadsafe() noexcept;
    /// Ends it at once: what else was ready in this turn is kept for the next run.
    void leave() noexcept;

    /// Starts a task on this loop, running or not.
    template <class T> future<T> launch(task<T> work, std::source_location at = std::source_location::current())
    {
        check_usable("launch");
        work.check_unused();
        auto* const flight = new detail::spawned<T>(std::move(work));
        future<T> handle(*flight);
        if (executor::current() == this)
            flight->inherit_from(running());
        flight->enter(*this, &at);
        post_owned(*flight);
        return handle;
    }

    /// Cancels all tasks, waits for them and for those that they start meanwhile. What refuses to end within `patience`
    /// is reported and left to `close`.
    void shutdown(duration patience = std::chrono::seconds(10));

    /// Ends it for good, without running anything: tasks still pending are reported and destroyed; their futures get
    /// `closed_error`. *Throws:* `invalid_state` while running.
    void close();

    bool is_running() const noexcept;
    bool is_closed() const noexcept;
    bool is_idle() const noexcept; ///< no task is left

    // ---- the surroundings

    time_point now() const noexcept override;
    time_point time() const noexcept { return now(); }
    std::uint64_t random() noexcept override;
    std::string_view backend_name() const noexcept;

    /// Gets every problem that nobody waits for; the default prints it to stderr. An empty handler is an error.
    template <std::invocable<const problem&> Fn> void set_error_handler(Fn fn)
    {
        set_handler(detail::make_handler(std::move(fn)));
    }
    void report(problem found) noexcept override;

    void set_debug(bool on);

    /// Called before and after each wait for events: the seam for running another event loop inside this one.
    template <std::invocable Fn> void before_wait(Fn fn) { hook(true, detail::make_callback(std::move(fn), *this)); }
    template <std::invocable Fn> void after_wait(Fn fn) { hook(false, detail::make_callback(std::move(fn), *this)); }

    bool serve_until_done(detail::future_state_base& wanted, duration limit) override;
    void arm(detail::timer& t) noexcept override;
    void disarm(detail::timer& t) noexcept override;

    /// Somebody outside (a thread, a process) took on a job that will end with a post to this loop: +1; it has: -1.
    /// Virtual time stands still meanwhile. From any thread.
    void expect_outside(int change) noexcept;

    struct parts;
    parts& internals() noexcept { return *parts_; }

private:
    class running_here;

    void post_from_outside(detail::work& w) noexcept override;

    callback_handle soon(detail::callback& made);
    callback_handle at(time_point when, detail::callback& made);
    void soon_threadsafe(detail::callback& made);
    void watch(int fd, bool writing, detail::callback& made);
    bool unwatch(int fd, bool writing);
    void handle_signal(int number, detail::callback& made);
    void hook(bool before, detail::callback& made);
    void set_handler(detail::handler* made);
    void post_owned(detail::work& w);
    void check_usable(const char* operation) const;
    void turn();
    void release_watches_and_signals() noexcept;
    void run_batch();

    std::unique_ptr<parts> parts_;
};

} // namespace simul
