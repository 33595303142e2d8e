// SPDX-License-Identifier: MIT
#include "crew.hpp"
#include "loop_parts.hpp"
#include "signal_routes.hpp"
#include "worker_threads.hpp"

#include <simul/run/run.hpp>

#include <csignal>

namespace simul::detail {

struct runner::team {
    team(loop& first, std::size_t threads, const loop_options& options) : lead(first)
    {
        crew.add(first);
        others.add(threads - 1, options);
        others.start("run", [](void*) {}, nullptr, [](void*) {}, nullptr);
    }
    ~team()
    {
        crew.abandon();
        lead.internals().drop_queued(); // before the others' tasks go, which may be in there
        others.join();
        lead.internals().join_crew(nullptr);
    }

    loop& lead;
    detail::crew crew;
    worker_threads others{crew};
};

runner::runner(const run_options& options)
    : loop_({.backend = options.backend, .seed = options.seed, .debug = options.debug}), patience_(options.shutdown_patience)
{
    // Here, before a task is in the loop that would have to be told about.
    if (executor::current())
        throw invalid_state("run was called inside a running loop: co_await the task instead");
    if (options.threads > 1) {
        if (loop_.backend_name() == "sim")
            throw error(std::errc::invalid_argument, "run: threads can't share virtual time: one thread on backend::sim");
        team_ = std::make_shared<team>(loop_, options.threads,
                                       loop_options{.backend = options.backend, .debug = options.debug});
    }
}

runner::~runner() noexcept(false) = default;

void runner::drive(future_state_base& main)
{
    bool interrupted = false;
    const bool handles_interrupt = in_main_thread() && has_default_action(SIGINT);
    if (handles_interrupt) {
        loop_.on_signal(SIGINT, [&] {
            interrupted = true;
            main.request_cancel();
        });
        handle_only_once(SIGINT); // the second ends the process, even one whose loop is stuck
    }

    std::exception_ptr stopped;
    try {
        loop_.run_until_done(main);
    } catch (...) {
        stopped = std::current_exception();
    }
    if (!loop_.internals().forked) {
        try {
            if (team_)
                team_->crew.cancel_all();
            loop_.shutdown(patience_);
        } catch (...) {
            if (!stopped)
                stopped = std::current_exception();
        }
        if (handles_interrupt)
            loop_.remove_signal(SIGINT);
        team_.reset();
        loop_.close();
    }
    if (interrupted && main.ended_cancelled())
        take_default_action(SIGINT);
    if (stopped)
        std::rethrow_exception(stopped);
}

} // namespace simul::detail
