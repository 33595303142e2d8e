// SPDX-License-Identifier: MIT
#include <simul/task/future.hpp>

namespace simul::detail {

future_wait::future_wait(future_state_base* state) : state_(state)
{
    if (!state_) [[unlikely]]
        throw invalid_state("this future is empty: it was moved from, detached, or never filled");
}

bool future_wait::cancel() noexcept
{
    const bool taken = state_->request_cancel() || state_->ended_cancelled();
    return frame().line->cancel_came_round() ? waiter::cancel() : taken;
}

bool future_wait::wait(promise_base& frame)
{
    if (!state_->enqueue(*this, [&] { wait_in(frame); }))
        return false;
    settle();
    return true;
}

} // namespace simul::detail
