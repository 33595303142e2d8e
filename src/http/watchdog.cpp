// SPDX-License-Identifier: MIT
#include "watchdog.hpp"

namespace simul::http {

watchdog::watchdog(simul::stream& guarded) noexcept : guarded_(guarded), home_(loop::current())
{
    fire = [](timer& of) noexcept { static_cast<watchdog&>(of).bite(); };
}

watchdog::~watchdog()
{
    if (armed())
        home_.disarm(*this);
}

void watchdog::set(duration limit, const char* reason) noexcept
{
    if (limit == duration::zero())
        return rest();
    until_ = deadline_after(home_.now(), limit);
    reason_ = reason;
    if (armed() && deadline <= until_)
        return; // it looks again then
    if (armed())
        home_.disarm(*this);
    deadline = until_;
    home_.arm(*this);
}

void watchdog::bite() noexcept
{
    if (until_ == time_point::max() || home_.is_closed()) // a loop that closes fires all that is left
        return;
    if (home_.now() < until_) {
        deadline = until_;
        home_.arm(*this);
        return;
    }
    bitten_ = reason_;
    time_is_up();
}

} // namespace simul::http
