// SPDX-License-Identifier: MIT
#include "tour/report.hpp"

#include <gtest/gtest.h>

namespace {

using namespace tour;

const heat sync_heat{.job = "titles", .model = "sync", .lane = "program", .lesson = "slow", .run = nullptr, .in_workers = false};
const heat async_heat{.job = "titles", .model = "async", .lane = "task", .lesson = "fast", .run = nullptr, .in_workers = false};
const heat both_heat{.job = "titles", .model = "both", .lane = "task", .lesson = "faster", .run = nullptr, .in_workers = true};
const heat other_heat{.job = "powers", .model = "sync", .lane = "program", .lesson = "hot", .run = nullptr, .in_workers = false};

outcome seen(double wall, std::vector<piece> pieces)
{
    return {.wall = wall, .cpu = 0, .peak_kib = 1024, .workers = 1, .pieces = std::move(pieces)};
}

/// Two pieces after each other, and at once.
report example()
{
    return {.processors = 2,
            .system = "a system",
            .version = "0",
            .where = {},
            .results = {{&sync_heat, 2, seen(2, {{"A", 0, 0, 1}, {"B", 0, 1, 2}})},
                        {&async_heat, 1, seen(1, {{"A", 0, 0, 1}, {"B", 1, 0, 0.5}})},
                        {&other_heat, 5, seen(5, {})}}};
}

TEST(TourReport, ComparesRowsWithTheFirstOfTheirJob)
{
    const report all = example();
    const std::vector<row> rows = rows_of(all, "titles");
    ASSERT_EQ(rows.size(), 2u);
    EXPECT_EQ(rows[0].faster, 1);
    EXPECT_FALSE(rows[0].fastest);
    EXPECT_EQ(rows[1].what, &all.results[1]);
    EXPECT_EQ(rows[1].faster, 2);
    EXPECT_TRUE(rows[1].fastest);
}

TEST(TourReport, NamesLanesAsPeopleCountThem)
{
    course where;
    where.at_once = 10;
    EXPECT_EQ(lane_name(sync_heat, where, 0), "the program");
    EXPECT_EQ(lane_name(async_heat, where, 2), "task 3");
    EXPECT_EQ(lane_name(both_heat, where, 16), "process 2, task 7");
}

TEST(TourReport, ShowsTwoLanesInALineAndAGapBehindAPiece)
{
    const std::string table = table_of(example(), "titles", false);
    const auto many = [](int count, std::string_view what) {
        std::string text;
        while (count-- > 0)
            text += what;
        return text;
    };
    EXPECT_NE(table.find("  sync       |" + many(30, "▀") + " " + many(30, "▀") + " |\n"), std::string::npos) << table;
    EXPECT_NE(table.find("  async      |" + many(15, "█") + many(15, "▀") + many(32, " ") + "|\n"), std::string::npos) << table;
    EXPECT_NE(table.find("  async         1.00    2.0x   1.00   0.00        2    1   fast\n"), std::string::npos) << table;
}

TEST(TourReport, SaysHowManyLanesItLeavesOut)
{
    std::vector<piece> pieces;
    for (int lane = 0; lane < 13; ++lane)
        pieces.push_back({"A", lane, 0, 1});
    report all = example();
    all.results[1].seen.pieces = pieces;
    EXPECT_NE(table_of(all, "titles", false).find("| and 3 more\n"), std::string::npos);
}

TEST(TourReport, SaysWhatWasDoneAndWhere)
{
    report all = example();
    EXPECT_EQ(title_of(all, "titles"), "The titles of a hundred articles");
    EXPECT_EQ(machine_of(all), "2 processors, a system");
    all.where.pages = 6;
    all.processors = 1;
    EXPECT_EQ(title_of(all, "titles"), "The titles of 6 articles");
    EXPECT_EQ(machine_of(all), "1 processor, a system");
    EXPECT_NE(lessons_of(all)[1].find("there is one"), std::string::npos);
}

TEST(TourReport, LetsNoNameEndTheDataOfThePage)
{
    report all = example();
    all.results[0].seen.pieces[0].name = "</script><b>";
    EXPECT_EQ(page_of(all).find("</script><b>"), std::string::npos);
}

} // namespace
