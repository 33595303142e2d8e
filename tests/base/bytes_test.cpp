// SPDX-License-Identifier: MIT
#include <simul/base/bytes.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace {

TEST(Bytes, OfNumbersAreTheirMemory)
{
    const std::vector<std::uint16_t> numbers{0x4241, 0x4443};
    EXPECT_EQ(simul::bytes_of(numbers), "ABCD"); // little-endian, as every machine we run on
}

TEST(Bytes, RoomIsWrittenInPlace)
{
    std::array<std::uint8_t, 3> header{};
    simul::room_of(header)[1] = 'x';
    EXPECT_EQ(header[1], 'x');
    EXPECT_EQ(simul::room_of(header).size(), 3U);
}

TEST(Bytes, OfNothingAreEmpty)
{
    EXPECT_TRUE(simul::bytes_of(std::vector<int>{}).empty());
}

template <class T>
concept has_bytes = requires(const T& range) { simul::bytes_of(range); };

static_assert(has_bytes<std::string>);
static_assert(!has_bytes<std::vector<std::string>>, "its elements are more than their bytes");
static_assert(!has_bytes<std::deque<int>>, "it lies in several pieces");
static_assert(!has_bytes<std::vector<bool>>, "it has no elements in memory");

} // namespace
