// SPDX-License-Identifier: MIT
#include "loop_parts.hpp"
#include "outside_gate.hpp"

#include <simul/detail/outside_job.hpp>

namespace simul::detail {

outside_job outside_job::begin() noexcept
{
    outside_job begun;
    if (executor::current())
        begun.gate_ = loop::current().internals().gate;
    if (begun.gate_)
        begun.gate_->change(+1);
    return begun;
}

void outside_job::end() noexcept
{
    gate_->change(-1);
}

} // namespace simul::detail
