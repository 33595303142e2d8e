// SPDX-License-Identifier: MIT
#include "loop_resource.hpp"

#include "loop_parts.hpp"

#include <utility>

namespace simul::detail {

loop_resource::loop_resource(loop& home) noexcept : home_(&home)
{
    loop_resource*& first = home.internals().resources.first_;
    next_ = std::exchange(first, this);
    if (next_)
        next_->previous_ = this;
}

void loop_resource::leave_loop() noexcept
{
    if (!home_)
        return;
    (previous_ ? previous_->next_ : home_->internals().resources.first_) = next_;
    if (next_)
        next_->previous_ = previous_;
    home_ = nullptr;
    previous_ = next_ = nullptr;
}

void loop_resources::close_all() noexcept
{
    while (loop_resource* const each = first_) {
        each->loop_closes();
        each->leave_loop();
    }
}

} // namespace simul::detail
