// SPDX-License-Identifier: MIT
#include <simul/task/select.hpp>

namespace simul::detail {

bool timer_case::attempt() noexcept
{
    home_ = executor::current();
    const time_point now = home_->now();
    if (wait_ != duration::min())
        deadline = deadline_after(now, wait_);
    return deadline <= now;
}

bool timer_case::park() noexcept
{
    fire = [](timer& fired) noexcept {
        auto& self = static_cast<timer_case&>(fired);
        if (self.claim())
            self.served();
    };
    home_->arm(*this);
    return false;
}

void timer_case::unpark() noexcept
{
    if (armed())
        home_->disarm(*this);
}

} // namespace simul::detail
