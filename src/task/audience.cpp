// SPDX-License-Identifier: MIT
#include <simul/base/assert.hpp>
#include <simul/base/error.hpp>
#include <simul/detail/audience.hpp>

#include <string>
#include <utility>

namespace simul::detail {

audience::~audience()
{
    const guard held(waiters_);
    while (first_)
        first_->leave();
}

listener::listener(listener&& other) noexcept
{
    SIMUL_ASSERT(!other.waits_);
    if (!other.hub_)
        return;
    const guard held(other.hub_->waiters_);
    join(*other.hub_);
    other.leave();
}

listener::~listener()
{
    if (!hub_)
        return;
    const guard held(hub_->waiters_);
    leave();
}

void listener::join(audience& to) noexcept
{
    hub_ = &to;
    next_ = to.first_;
    if (next_)
        next_->previous_ = this;
    to.first_ = this;
    ++to.listeners_;
}

void listener::leave() noexcept
{
    (previous_ ? previous_->next_ : hub_->first_) = next_;
    if (next_)
        next_->previous_ = previous_;
    --hub_->listeners_;
    next_ = previous_ = nullptr;
    hub_ = nullptr;
}

audience& listener::hub(const char* what) const
{
    if (!hub_)
        throw invalid_state(std::string("the ") + what + " was destroyed, or this listener was moved from");
    return *hub_;
}

bool listener_wait::park() noexcept
{
    listener_.waits_ = parked_ = true;
    queue_.push(*this);
    return false;
}

void listener_wait::unpark() noexcept
{
    release_listener();
    static_cast<void>(withdraw());
}

void listener_wait::release_listener() noexcept
{
    if (std::exchange(parked_, false))
        listener_.waits_ = false;
}

void listener_wait::check_alone(const char* what) const
{
    if (listener_.waits_)
        throw invalid_state(std::string("another task waits at this listener of the ") + what + "; give each its own");
}

} // namespace simul::detail
