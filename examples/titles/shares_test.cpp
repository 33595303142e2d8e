// SPDX-License-Identifier: MIT
//
// No page is lost, and none is asked for twice, whatever the number of processors.
#include "workers.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

TEST(Shares, AreEvenAndMakeUpAll)
{
    for (int pages : {0, 1, 7, 100}) {
        for (int workers = 1; workers <= 2 * 100; ++workers) {
            const std::vector<int> each = shares(pages, workers);
            EXPECT_EQ(std::ssize(each), workers);
            EXPECT_EQ(std::accumulate(each.begin(), each.end(), 0), pages);
            EXPECT_LE(std::ranges::max(each) - std::ranges::min(each), 1);
        }
    }
}
