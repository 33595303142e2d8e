// SPDX-License-Identifier: MIT
#include "loop_parts.hpp"
#include "outside_gate.hpp"

#include <simul/detail/outside_job.hpp>

#include <utility>

namespace simul::detail {
namespace {

struct held_share {
    explicit held_share(future_state_base& held) noexcept : of(&held) {}
    held_share(held_share&& other) noexcept : of(std::exchange(other.of, nullptr)) {}
    held_share& operator=(held_share&&) = delete;
    ~held_share()
    {
        if (of)
            of->release();
    }
    future_state_base* of;
};

} // namespace

void outside_gate::release(future_state_base& of) noexcept
{
    held_share given(of);
    const std::lock_guard held(mutex_);
    try {
        if (loop_)
            loop_->call_soon_threadsafe([on_the_loop = std::move(given)] {});
    } catch (...) { // closed at this moment, or no memory: it is given back here
    }
}

outside_job outside_job::begin() noexcept
{
    outside_job begun;
    if (executor::current())
        if (const auto& gate = loop::current().internals().gate; gate->counts()) {
            begun.gate_ = gate;
            gate->change(+1);
        }
    return begun;
}

void outside_job::end() noexcept
{
    gate_->change(-1);
}

std::shared_ptr<outside_gate> way_back() noexcept
{
    return executor::current() ? loop::current().internals().gate : nullptr;
}

void release_there(const std::shared_ptr<outside_gate>& way, future_state_base& ended) noexcept
{
    if (way && ended.ended_with_error())
        way->release(ended);
    else
        ended.release();
}

} // namespace simul::detail
