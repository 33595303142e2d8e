// SPDX-License-Identifier: MIT
#include "loop_parts.hpp"
#include "signal_routes.hpp"

#include <simul/run/run.hpp>

#include <csignal>

namespace simul::detail {

runner::runner(const run_options& options)
    : loop_({.backend = options.backend, .seed = options.seed, .debug = options.debug}), patience_(options.shutdown_patience)
{
    // Here, before a task is in the loop that would have to be told about.
    if (executor::current())
        throw invalid_state("run was called inside a running loop: co_await the task instead");
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
            loop_.shutdown(patience_);
        } catch (...) {
            if (!stopped)
                stopped = std::current_exception();
        }
        if (handles_interrupt)
            loop_.remove_signal(SIGINT);
        loop_.close();
    }
    if (interrupted && main.ended_cancelled())
        take_default_action(SIGINT);
    if (stopped)
        std::rethrow_exception(stopped);
}

} // namespace simul::detail
