// SPDX-License-Identifier: MIT
#include "http/ranges.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace simul::http::detail;

/// "0-4 8-9" of what is sent, "416", or "all".
std::string sent(std::string_view field, std::uint64_t size = 10)
{
    const auto ranges = ranges_of(field, size);
    if (!ranges)
        return "all";
    if (ranges->empty())
        return "416";
    std::string text;
    for (const auto& [first, count] : *ranges) {
        EXPECT_GT(count, 0u);
        EXPECT_LE(count, size - first);
        text += (text.empty() ? "" : " ") + std::to_string(first) + '-' + std::to_string(first + count - 1);
    }
    return text;
}

TEST(Ranges, HaveAFirstAndALastByte)
{
    EXPECT_EQ(sent("bytes=0-0"), "0-0");
    EXPECT_EQ(sent("bytes=0-4"), "0-4");
    EXPECT_EQ(sent("bytes=9-9"), "9-9");
    EXPECT_EQ(sent("bytes=0-9"), "0-9");
    EXPECT_EQ(sent("bytes=5-"), "5-9");
    EXPECT_EQ(sent("bytes=0-"), "0-9");
    EXPECT_EQ(sent("Bytes=0-0"), "0-0");
    EXPECT_EQ(sent("bytes= 0 - 4 "), "0-4");
}

TEST(Ranges, MayGoBeyondTheEnd)
{
    EXPECT_EQ(sent("bytes=5-10"), "5-9");
    EXPECT_EQ(sent("bytes=5-99999999999999999999999"), "5-9");
    EXPECT_EQ(sent("bytes=10-"), "416");
    EXPECT_EQ(sent("bytes=10-20"), "416");
    EXPECT_EQ(sent("bytes=99999999999999999999999-"), "416");
    EXPECT_EQ(sent("bytes=18446744073709551615-18446744073709551615"), "416");
}

TEST(Ranges, MayBeCountedFromTheEnd)
{
    EXPECT_EQ(sent("bytes=-1"), "9-9");
    EXPECT_EQ(sent("bytes=-10"), "0-9");
    EXPECT_EQ(sent("bytes=-11"), "0-9");
    EXPECT_EQ(sent("bytes=-99999999999999999999999"), "0-9");
    EXPECT_EQ(sent("bytes=-0"), "416");
}

TEST(Ranges, MayBeSeveral)
{
    EXPECT_EQ(sent("bytes=0-0,-1"), "0-0 9-9");
    EXPECT_EQ(sent("bytes=0-0, ,5-6 ,"), "0-0 5-6");
    EXPECT_EQ(sent("bytes=8-9,0-1"), "8-9 0-1");
    EXPECT_EQ(sent("bytes=0-0,20-30"), "0-0");
    EXPECT_EQ(sent("bytes=20-30,-0"), "416");
    EXPECT_EQ(sent("bytes=0-3,2-5"), "0-3 2-5"); // overlapping, and less than the whole
}

TEST(Ranges, AreNoWayToGetMoreThanThereIs)
{
    EXPECT_EQ(sent("bytes=0-9,0-9"), "all");
    EXPECT_EQ(sent("bytes=0-5,3-7"), "all");
    EXPECT_EQ(sent("bytes=0-,0-,0-"), "all");
    EXPECT_EQ(sent("bytes=0-0,1-1,2-2,3-3,4-4,5-5,6-6,7-7,8-8,9-9"), "0-0 1-1 2-2 3-3 4-4 5-5 6-6 7-7 8-8 9-9");
    EXPECT_EQ(sent("bytes=0-0,1-1,2-2,3-3,4-4,5-5,6-6,7-7,8-8,9-9,10-10", 100), "all");
    EXPECT_EQ(sent("bytes=20-,20-,20-,20-,20-,20-,20-,20-,20-,20-,20-"), "all");
}

TEST(Ranges, ThatNobodyUnderstandsAreNone)
{
    for (const char* none :
         {"", "bytes", "bytes=", "bytes=,", "bytes=-", "bytes=5", "bytes=5-4", "bytes=a-b", "bytes=1-2x", "bytes=1-2,x",
          "bytes=--1", "bytes=+1-2", "bytes=1-2-3", "lines=1-2", "bytes:1-2", "1-2", "bytes =1-2", "bytes=0x1-2"})
        EXPECT_EQ(sent(none), "all") << none;
}

TEST(Ranges, OfNothingAreNone)
{
    EXPECT_EQ(sent("bytes=0-", 0), "all");
    EXPECT_EQ(sent("bytes=-5", 0), "all");
}

TEST(Ranges, OfTheLargestFiles)
{
    constexpr std::uint64_t most = 18446744073709551615u;
    EXPECT_EQ(sent("bytes=-1", most), "18446744073709551614-18446744073709551614");
    EXPECT_EQ(sent("bytes=0-", most), "0-18446744073709551614");
    EXPECT_EQ(sent("bytes=1-18446744073709551615", most), "1-18446744073709551614");
}

TEST(Ranges, AreWritten)
{
    EXPECT_EQ(content_range({0, 5}, 10), "bytes 0-4/10");
    EXPECT_EQ(content_range({9, 1}, 10), "bytes 9-9/10");
    EXPECT_EQ(unsatisfied_range(10), "bytes */10");
}

TEST(Ranges, AreWrittenTogether)
{
    const std::string whole = "0123456789";
    const byteranges parts("xyz", "text/plain", *ranges_of("bytes=0-1,-3", whole.size()), whole.size());
    std::string body;
    for (std::size_t i = 0; i < parts.ranges().size(); ++i)
        body += parts.head(i) + whole.substr(parts.ranges()[i].first, parts.ranges()[i].size);
    body += parts.end();
    EXPECT_EQ(body, "--xyz\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-1/10\r\n\r\n01"
                    "\r\n--xyz\r\nContent-Type: text/plain\r\nContent-Range: bytes 7-9/10\r\n\r\n789"
                    "\r\n--xyz--\r\n");
    EXPECT_EQ(parts.content_length(), body.size());
    EXPECT_EQ(parts.content_type(), "multipart/byteranges; boundary=xyz");
}

} // namespace
