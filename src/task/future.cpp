// SPDX-License-Identifier: MIT
#include <simul/task/future.hpp>

namespace simul::detail {

void future_wait::refuse_empty()
{
    throw invalid_state("this future is empty: it was moved from, detached, or never filled");
}

bool future_wait::cancel() noexcept
{
    if (state_->passes_cancel_on() || asked_elsewhere_) // it waits for us: the circle is cut here
        return waiter::cancel();
    asked_elsewhere_ = state_->is_elsewhere();
    return state_->request_cancel() || state_->ended_cancelled();
}

} // namespace simul::detail
