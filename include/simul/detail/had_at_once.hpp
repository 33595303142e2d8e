// SPDX-License-Identifier: MIT
#pragma once

#include <simul/detail/selectable.hpp>
#include <simul/detail/spin_lock.hpp>

#include <concepts>

namespace simul::detail {

/// Whether what is awaited is there already, so that `await_resume` may follow at once. A queue's awaiters find that out
/// only in `await_suspend`, to lock once: where suspending is dear, they are asked here.
template <class Awaiter> bool had_at_once(Awaiter& awaiter)
{
    if constexpr (std::derived_from<Awaiter, queue_wait>) {
        const guard held(*awaiter.guarded_by());
        return awaiter.attempt();
    } else {
        return awaiter.await_ready();
    }
}

} // namespace simul::detail
