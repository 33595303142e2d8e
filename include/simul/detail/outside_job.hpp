// SPDX-License-Identifier: MIT
//
// A job that a loop gave away, to a thread for example: as long as it exists, the loop's virtual time stands still. It may
// end in any thread, and may outlive its loop.
#pragma once

#include <memory>
#include <utility>

namespace simul::detail {

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

} // namespace simul::detail
