// SPDX-License-Identifier: MIT
#include "cluster/wall_clock.hpp"

#include <simul/base/error.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <string_view>

namespace {

using namespace simul::cluster::detail;
using namespace std::chrono;

const wall_time moment = sys_days(year(2026) / 11 / 21) + hours(1) + minutes(57) + seconds(46) + microseconds(956262);

TEST(WallClock, IsWrittenAsPythonDoes)
{
    EXPECT_EQ(write_time(moment), "2026-11-21T01:57:46.956262");
    EXPECT_EQ(write_time(wall_time()), "1970-01-01T00:00:00.000000");
}

TEST(WallClock, IsReadInAllForms)
{
    for (const std::string_view text :
         {"2026-11-21T01:57:46.956262", "2026-11-21T01:57:46.956262+00:00", "2026-11-21T01:57:46.956262Z",
          "2026-11-21 01:57:46.956262", "2026-11-21T03:27:46.956262+01:30", "2026-11-20T20:57:46.956262-0500",
          "2026-11-21T01:57:46.9562629"})
        EXPECT_EQ(read_time(text), moment) << text;
    EXPECT_EQ(read_time("2026-11-21T01:57:46"), floor<seconds>(moment));
    EXPECT_EQ(read_time("2026-11-21T01:57"), floor<minutes>(moment));
    EXPECT_EQ(read_time("2026-11-21T01:57:46.5Z"), floor<seconds>(moment) + milliseconds(500));
}

TEST(WallClock, RefusesWhatIsNoTime)
{
    for (const std::string_view bad :
         {"", "now", "2026", "2026-11-21", "2026-11-31T00:00", "2026-13-01T00:00", "2026-11-21T24:00",
          "2026-11-21T00:60", "2026-11-21T00:00:61", "2026-11-21T00:00:00.", "2026-11-21T00:00:00+",
          "2026-11-21T00:00:00+1", "2026-11-21T00:00:00x", "2026-11-21T00:00:00Zx", "-026-11-21T00:00",
          "2026-1-21T00:00:00", "2026-11-21T-1:00"})
        EXPECT_THROW(read_time(bad), simul::error) << bad;
}

} // namespace
