// SPDX-License-Identifier: MIT
//
// A job that a loop gave away, to a thread for example: as long as it exists, the loop's virtual time stands still. It may
// end in any thread, and may outlive its loop. Costs nothing where time is real.
#pragma once

#include <memory>
#include <utility>

namespace simul::detail {

class future_state_base;
class outside_gate;

class outside_job {
public:
    /// None.
    outside_job() noexcept = default;
    /// A job of the loop that runs here; none where no loop does, or its time is real.
    static outside_job begin() noexcept;

    outside_job(outside_job&& other) noexcept = default;
    outside_job& operator=(outside_job&& other) noexcept
    {
        std::swap(gate_, other.gate_);
        return *this;
    }
    ~outside_job()
    {
        if (gate_)
            end();
    }

private:
    void end() noexcept;

    std::shared_ptr<outside_gate> gate_;
};

/// The way to the loop that runs here; null where none does.
std::shared_ptr<outside_gate> way_back() noexcept;

/// Gives back a share of `ended`, which may be the last one: so that an error which nobody has looked at is reported to the
/// loop at the end of `way`, if that is there.
void release_there(const std::shared_ptr<outside_gate>& way, future_state_base& ended) noexcept;

} // namespace simul::detail
