// SPDX-License-Identifier: MIT
#include <simul/http/date.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <random>

namespace {

using namespace std::chrono;
using namespace std::literals;
using simul::http::parse_date;
using simul::http::parse_retry_after;
using simul::http::to_date;

constexpr sys_seconds the_example = sys_seconds(784111777s); // of RFC 9110

TEST(Date, IsWrittenInOneForm)
{
    EXPECT_EQ(to_date(the_example), "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(to_date(sys_seconds(0s)), "Thu, 01 Jan 1970 00:00:00 GMT");
    EXPECT_EQ(to_date(sys_seconds(-1s)), "Wed, 31 Dec 1969 23:59:59 GMT");
    EXPECT_EQ(to_date(sys_seconds(1709164800s)), "Thu, 29 Feb 2024 00:00:00 GMT");
    EXPECT_EQ(to_date(sys_seconds::max()), "Fri, 31 Dec 9999 23:59:59 GMT");
    EXPECT_EQ(to_date(sys_seconds::min()), "Sat, 01 Jan 0000 00:00:00 GMT");
}

TEST(Date, IsReadInThreeForms)
{
    EXPECT_EQ(parse_date("Sun, 06 Nov 1994 08:49:37 GMT"), the_example);
    EXPECT_EQ(parse_date("Sunday, 06-Nov-94 08:49:37 GMT"), the_example);
    EXPECT_EQ(parse_date("Sun Nov  6 08:49:37 1994"), the_example);
    EXPECT_EQ(parse_date("Sun Nov 06 08:49:37 1994"), the_example);
    EXPECT_EQ(parse_date("Mon, 06 Nov 1994 08:49:37 GMT"), the_example); // somebody's mistake
    EXPECT_EQ(parse_date("Tuesday, 01-Jan-69 00:00:00 GMT"), sys_days(2069y / 1 / 1));
    EXPECT_EQ(parse_date("Thursday, 01-Jan-70 00:00:00 GMT"), sys_days(1970y / 1 / 1));
    EXPECT_EQ(parse_date("Sat, 31 Dec 2016 23:59:60 GMT"), sys_days(2017y / 1 / 1)); // a leap second
    EXPECT_EQ(parse_date("Thu, 29 Feb 2024 00:00:00 GMT"), sys_days(2024y / 2 / 29));
}

TEST(Date, IsNothingElse)
{
    for (const char* none : {"",
                             "Sun",
                             "0",
                             "Sun, 06 Nov 1994",
                             "Sun, 06 Nov 1994 08:49:37",
                             "Sun, 06 Nov 1994 08:49:37 UTC",
                             "Sun, 06 Nov 1994 08:49:37 GMT ",
                             " Sun, 06 Nov 1994 08:49:37 GMT",
                             "sun, 06 Nov 1994 08:49:37 GMT",
                             "Sun, 06 nov 1994 08:49:37 GMT",
                             "Sun, 6 Nov 1994 08:49:37 GMT",
                             "Sun, 06 Nov 94 08:49:37 GMT",
                             "Sun, 31 Nov 1994 08:49:37 GMT",
                             "Sun, 00 Nov 1994 08:49:37 GMT",
                             "Sun, 29 Feb 2023 08:49:37 GMT",
                             "Sun, 06 Nov 1994 24:49:37 GMT",
                             "Sun, 06 Nov 1994 08:60:37 GMT",
                             "Sun, 06 Nov 1994 08:49:61 GMT",
                             "Sun, 06 Nov 1994 08:49:-7 GMT",
                             "Sun, 06 Nov +994 08:49:37 GMT",
                             "Xyz, 06 Nov 1994 08:49:37 GMT",
                             "Sun, 06-Nov-94 08:49:37 GMT",
                             "Sunday, 06-Nov-1994 08:49:37 GMT",
                             "Sun Nov 6 08:49:37 1994",
                             "Sun Nov  6 08:49:37 94",
                             "Sun Nov  6 08:49:37 1994 GMT",
                             "1994-11-06T08:49:37Z",
                             "784111777"})
        EXPECT_EQ(parse_date(none), std::nullopt) << none;
}

TEST(Date, IsReadAsItIsWritten)
{
    std::mt19937_64 random(1);
    for (int i = 0; i < 10'000; ++i) {
        const sys_seconds time = sys_seconds(seconds(static_cast<std::int64_t>(random() % 253'402'300'800)));
        ASSERT_EQ(parse_date(to_date(time)), time);
        const std::string text = to_date(time);
        ASSERT_FALSE(parse_date(std::string_view(text).substr(0, random() % text.size())));
    }
}

TEST(Date, OfRetryAfterIsAWait)
{
    EXPECT_EQ(parse_retry_after("120", the_example), 120s);
    EXPECT_EQ(parse_retry_after("0", the_example), 0s);
    EXPECT_EQ(parse_retry_after("99999999999999999999", the_example), 2147483647s);
    EXPECT_EQ(parse_retry_after("4294967295", the_example), 2147483647s);
    EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:57 GMT", the_example), 20s);
    EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:07 GMT", the_example), 0s); // is over
    for (const char* none : {"", "-1", "+1", "1.5", "1 ", "soon"})
        EXPECT_EQ(parse_retry_after(none, the_example), std::nullopt) << none;
}

} // namespace
