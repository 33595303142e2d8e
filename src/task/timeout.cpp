// SPDX-License-Identifier: MIT
#include <simul/task/timeout.hpp>

namespace simul::detail {

void timed_join::arm(promise_base& frame) noexcept
{
    executor& home = frame.line->home();
    deadline = limit_.relative ? deadline_after(home.now(), limit_.from_now) : limit_.at;
    if (deadline == never)
        return;
    fire = [](timer& due) noexcept { static_cast<timed_join&>(due).expire(); };
    // What is late from the start is cancelled at its first wait, however soon a timer could fire.
    if (limit_.relative ? limit_.from_now <= duration::zero() : deadline <= home.now())
        expire();
    else
        home.arm(*this);
}

void timed_join::expire() noexcept
{
    expired_ = true;
    cancel_others();
}

void timed_join::disarm() noexcept
{
    if (armed())
        frame().line->home().disarm(*this);
}

} // namespace simul::detail
