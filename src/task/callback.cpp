// SPDX-License-Identifier: MIT
#include <simul/detail/callback.hpp>

#include <utility>

namespace simul::detail {

void callback::call() noexcept
{
    if (cancelled_)
        return;
    home_.set_running(nullptr);
    try {
        invoke();
    } catch (...) {
        failure caught = failure::capture(std::source_location{});
        home_.report({"a callback failed", caught.error(), {}, {}, {}});
    }
}

void callback::cancel() noexcept
{
    if (std::exchange(cancelled_, true))
        return;
    if (armed()) { // its schedule lets go of it now, not when it would have been due
        home_.disarm(*this);
        release();
    }
}

} // namespace simul::detail
