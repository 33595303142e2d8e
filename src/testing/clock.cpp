// SPDX-License-Identifier: MIT
#include "run/loop_parts.hpp"

#include <simul/run/loop.hpp>
#include <simul/task/event.hpp>
#include <simul/testing/clock.hpp>

#include <map>
#include <utility>

namespace simul::testing {
namespace {

/// Runs in each turn of a loop until it finds that nothing else does, then lets all go on that wait for that.
class quiet_probe final : public simul::detail::work {
public:
    explicit quiet_probe(loop& on) noexcept : on_(on) {}

    void start() noexcept
    {
        if (!std::exchange(queued_, true))
            on_.post(*this);
    }
    void run() noexcept override;
    void drop() noexcept override { queued_ = false; }

    event quiet;

private:
    bool is_quiet();

    loop& on_;
    bool queued_ = false;
};

thread_local std::map<loop*, quiet_probe> probes;

void quiet_probe::run() noexcept
{
    on_.set_running(nullptr);
    if (!is_quiet()) {
        on_.post(*this);
        return;
    }
    quiet.set();
    probes.erase(&on_);
}

/// Looks for all that could make a task ready, as a turn does, but for the clock: what ran before this in the turn may
/// have started operations that have ended already.
bool quiet_probe::is_quiet()
{
    loop::parts& parts = on_.internals();
    if (!parts.nothing_ready())
        return false;
    parts.io->wait(time_point::min());
    parts.io->dispatch();
    parts.take_remote();
    parts.fire_timers();
    return parts.nothing_ready() && parts.pending_signals.load(std::memory_order_relaxed) == 0;
}

} // namespace

task<> wait_all_blocked()
{
    loop& here = loop::current();
    quiet_probe& probe = probes.try_emplace(&here, here).first->second;
    probe.start();
    co_await probe.quiet.wait();
}

} // namespace simul::testing
