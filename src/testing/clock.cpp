// SPDX-License-Identifier: MIT
#include "run/loop_parts.hpp"

#include <simul/run/loop.hpp>
#include <simul/task/future.hpp>
#include <simul/testing/clock.hpp>
#include <simul/testing/print.hpp>

#include <cstdio>
#include <utility>
#include <vector>

namespace simul::testing {
namespace {

/// Runs in each turn until it finds that nothing else does, then lets all go on that wait for that.
class quiet_probe final : public simul::detail::work {
public:
    future<> wait_on(loop& here)
    {
        waiting_.emplace_back();
        if (!std::exchange(queued_, true))
            (on_ = &here)->post(*this);
        return waiting_.back().get_future();
    }

    void run() noexcept override
    {
        on_->set_running(nullptr);
        if (!is_quiet()) {
            on_->post(*this);
            return;
        }
        queued_ = false;
        for (promise<>& each : std::exchange(waiting_, {}))
            each.set_value();
    }
    void drop() noexcept override
    {
        queued_ = false;
        waiting_.clear();
    }

private:
    /// Looks for all that could make a task ready, as a turn does, but for the clock: what runs before this in a turn may
    /// have started operations that have ended already.
    bool is_quiet()
    {
        loop::parts& parts = on_->internals();
        if (!parts.nothing_ready())
            return false;
        parts.io->wait(time_point::min());
        parts.io->dispatch();
        parts.take_remote();
        parts.fire_timers();
        return parts.nothing_ready() && parts.pending_signals.load(std::memory_order_relaxed) == 0;
    }

    loop* on_ = nullptr;
    bool queued_ = false;
    std::vector<promise<>> waiting_;
};

thread_local quiet_probe probe; // loops don't nest: one at a time in a thread

} // namespace

task<> wait_all_blocked()
{
    co_await probe.wait_on(loop::current());
}

std::string readable(duration d)
{
    const double ns = static_cast<double>(d.count());
    const double size = ns < 0 ? -ns : ns;
    char text[48];
    if (size >= 1e9)
        std::snprintf(text, sizeof text, "%.12g s", ns / 1e9);
    else if (size >= 1e6)
        std::snprintf(text, sizeof text, "%.12g ms", ns / 1e6);
    else if (size >= 1e3)
        std::snprintf(text, sizeof text, "%.12g us", ns / 1e3);
    else
        std::snprintf(text, sizeof text, "%g ns", ns);
    return text;
}

} // namespace simul::testing
