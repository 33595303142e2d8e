// SPDX-License-Identifier: MIT
//
// Time as simul counts it: monotonic, in nanoseconds.
//
//     co_await simul::sleep(250ms);
//     co_await simul::sleep_until(simul::now() + 2s);
//
// Any std::chrono duration is taken. What can't be a wait (NaN) is refused with an error; what is too long
// (infinity, centuries) means "never".
#pragma once

#include <simul/base/error.hpp>

#include <chrono>
#include <type_traits>

namespace simul {

using clock = std::chrono::steady_clock;
using duration = std::chrono::nanoseconds;
using time_point = std::chrono::time_point<clock, duration>;

/// The deadline that is never reached.
inline constexpr time_point never = time_point::max();

/// Any duration as nanoseconds: rounded up, so that a wait never ends early, and clamped to what fits.
/// *Throws:* `error` when `wanted` is not a number.
template <class Rep, class Period>
constexpr duration to_duration(std::chrono::duration<Rep, Period> wanted)
{
    if constexpr (std::is_floating_point_v<Rep>) {
        const double nanoseconds = std::chrono::duration<double, std::nano>(wanted).count();
        if (nanoseconds != nanoseconds)
            throw error(std::errc::invalid_argument, "the duration is not a number");
        if (nanoseconds >= 9.2e18)
            return duration::max();
        if (nanoseconds <= -9.2e18)
            return duration::min();
        return std::chrono::ceil<duration>(wanted);
    } else {
        constexpr auto longest = std::chrono::duration_cast<std::chrono::duration<long double, Period>>(duration::max());
        if (static_cast<long double>(wanted.count()) >= longest.count())
            return duration::max();
        if (static_cast<long double>(wanted.count()) <= -longest.count())
            return duration::min();
        return std::chrono::ceil<duration>(wanted);
    }
}

/// `start + wait`, or `never` where the sum does not fit.
constexpr time_point deadline_after(time_point start, duration wait)
{
    if (wait > duration::zero() && start.time_since_epoch() > duration::max() - wait)
        return never;
    if (wait < duration::zero() && start.time_since_epoch() < duration::min() - wait)
        return time_point::min();
    return start + wait;
}

} // namespace simul
