// SPDX-License-Identifier: MIT
#include "http/scan.hpp"

#include <gtest/gtest.h>

namespace simul::http::detail {
namespace {

TEST(Scan, FindsEveryByteThatTheTableFindsAtEveryPlace)
{
    for (int byte = 0; byte < 256; ++byte) {
        for (std::size_t size = 1; size <= 50; ++size) {
            for (std::size_t at = 0; at < size; ++at) {
                std::string text(size, 'a');
                text[at] = static_cast<char>(byte);
                ASSERT_EQ(find_control(text), find_other(value_set, text)) << byte << " at " << at << " of " << size;
                ASSERT_EQ(find_target_end(text), find_other(target_set, text))
                    << byte << " at " << at << " of " << size;
            }
        }
    }
    EXPECT_EQ(find_control(""), 0u);
    EXPECT_EQ(find_target_end(""), 0u);
}

TEST(Scan, FindsTheFirstOfSeveral)
{
    for (std::size_t first = 0; first < 40; ++first) {
        std::string text(40, 'a');
        for (std::size_t at = first; at < text.size(); at += 3)
            text[at] = '\n';
        EXPECT_EQ(find_control(text), first);
        EXPECT_EQ(find_target_end(text), first);
    }
}

TEST(Scan, KnowsTheSetsOfTheStandard)
{
    const auto count = [](character_set set) {
        int in = 0;
        for (int byte = 0; byte < 256; ++byte)
            in += is_in(set, static_cast<char>(byte));
        return in;
    };
    EXPECT_EQ(count(token_set), 62 + 15);
    EXPECT_EQ(count(host_set), 62 + 4);
    EXPECT_EQ(count(value_set), 256 - 32 + 1 - 1);
    EXPECT_EQ(count(target_set), 93);
    for (const char c : std::string_view("\"(),/:;<=>?@[\\]{} \t\x7f\xe9"))
        EXPECT_FALSE(is_in(token_set, c)) << c;
}

} // namespace
} // namespace simul::http::detail
