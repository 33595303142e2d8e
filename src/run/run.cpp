// SPDX-License-Identifier: MIT
#include "loop_parts.hpp"
#include "signal_routes.hpp"

#include <simul/run/run.hpp>

#include <csignal>
#include <sys/syscall.h>
#include <unistd.h>

namespace simul::detail {
namespace {

bool in_main_thread() noexcept
{
    return ::getpid() == static_cast<pid_t>(::syscall(SYS_gettid));
}

} // namespace

runner::runner(const run_options& options)
    : loop_({.backend = options.backend, .seed = options.seed, .debug = options.debug}), patience_(options.shutdown_patience)
{
}

runner::~runner() noexcept(false) = default;

void runner::drive(future_state_base& main)
{
    bool interrupted = false;
    const bool handles_interrupt = in_main_thread() && has_default_action(SIGINT);
    if (handles_interrupt)
        loop_.on_signal(SIGINT, [&] {
            if (interrupted)
                take_default_action(SIGINT);
            interrupted = true;
            main.request_cancel();
        });

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
