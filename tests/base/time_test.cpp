// SPDX-License-Identifier: MIT
#include <simul/base/time.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <ratio>

namespace {

using namespace std::chrono_literals;
using simul::duration;
using simul::to_duration;

TEST(Time, TakesAnyDuration)
{
    EXPECT_EQ(to_duration(2s), duration(2'000'000'000));
    EXPECT_EQ(to_duration(std::chrono::duration<double>(0.25)), duration(250'000'000));
    EXPECT_EQ(to_duration(std::chrono::duration<float, std::milli>(1.5f)), duration(1'500'000));
    EXPECT_EQ(to_duration(-3ms), duration(-3'000'000));
    EXPECT_EQ(to_duration(0s), duration::zero());
    static_assert(to_duration(std::chrono::hours(1)) == std::chrono::hours(1));
}

TEST(Time, RoundsUpSoThatAWaitNeverEndsEarly)
{
    using picoseconds = std::chrono::duration<std::int64_t, std::pico>;
    EXPECT_EQ(to_duration(picoseconds(1)), duration(1));
    EXPECT_EQ(to_duration(picoseconds(1000)), duration(1));
    EXPECT_EQ(to_duration(picoseconds(1001)), duration(2));
    EXPECT_EQ(to_duration(std::chrono::duration<double>(1e-10)), duration(1));
    EXPECT_EQ(to_duration(picoseconds(-1)), duration(0));
}

TEST(Time, TurnsWhatIsTooLongIntoNever)
{
    EXPECT_EQ(to_duration(std::chrono::hours::max()), duration::max());
    EXPECT_EQ(to_duration(std::chrono::hours::min()), duration::min());
    EXPECT_EQ(to_duration(std::chrono::years(300)), duration::max());
    EXPECT_EQ(to_duration(duration::max()), duration::max());
    constexpr double infinity = std::numeric_limits<double>::infinity();
    EXPECT_EQ(to_duration(std::chrono::duration<double>(infinity)), duration::max());
    EXPECT_EQ(to_duration(std::chrono::duration<double>(-infinity)), duration::min());
    EXPECT_EQ(to_duration(std::chrono::duration<double>(1e300)), duration::max());
}

TEST(Time, RefusesWhatIsNotANumber)
{
    try {
        static_cast<void>(to_duration(std::chrono::duration<double>(std::numeric_limits<double>::quiet_NaN())));
        ADD_FAILURE() << "NaN was taken for a duration";
    } catch (const simul::error& e) {
        EXPECT_EQ(e.code(), std::errc::invalid_argument);
        EXPECT_STREQ(e.what(), "the duration is not a number");
    }
}

TEST(Time, AddsWithoutOverflow)
{
    const simul::time_point now(1000s);
    EXPECT_EQ(simul::deadline_after(now, 1s), simul::time_point(1001s));
    EXPECT_EQ(simul::deadline_after(now, -1s), simul::time_point(999s));
    EXPECT_EQ(simul::deadline_after(now, duration::max()), simul::never);
    EXPECT_EQ(simul::deadline_after(now, duration::max() - now.time_since_epoch()), simul::never);
    EXPECT_EQ(simul::deadline_after(simul::time_point(-1000s), duration::min()), simul::time_point::min());
    EXPECT_EQ(simul::deadline_after(simul::never, 1ns), simul::never);
}

} // namespace
