// SPDX-License-Identifier: MIT
#include "performed.hpp"

#include "run/loop_parts.hpp"

#include <simul/base/error.hpp>

#include <unistd.h>

namespace simul::detail {

backend& backend_here(const char* wanted)
{
    return *static_cast<loop&>(executor::require(wanted)).internals().io;
}

void performed::begin(promise_base& frame) noexcept
{
    wait_in(frame);
    settle();
    if (cancelled_) { // before it began
        result = -ECANCELED;
        wake_here();
        return;
    }
    complete = [](operation& ended) noexcept {
        auto& self = static_cast<performed&>(ended);
        self.in_flight_ = nullptr;
        self.wake_here();
    };
    began_ = true;
    in_flight_ = static_cast<loop&>(frame.line->home()).internals().io.get();
    in_flight_->start(*this);
}

bool performed::cancel() noexcept
{
    if (began_ && !in_flight_) // it has its result, and waits for its turn to run
        return false;
    cancelled_ = true;
    if (in_flight_)
        in_flight_->cancel(*this);
    return true;
}

performed::~performed()
{
    if ((kind == operation_kind::open || kind == operation_kind::open_as) && began_ && !taken_ && result >= 0)
        ::close(result);
}

std::int32_t performed::await_resume()
{
    taken_ = true;
    if (cancelled_ && result == -ECANCELED)
        throw cancelled{};
    if (cancelled_) // it had its result by then
        frame().line->cancel_again();
    return result;
}

} // namespace simul::detail
