// SPDX-License-Identifier: MIT
#include "../task/outcome.hpp"

#include <simul/http/content.hpp>
#include <simul/io/fs.hpp>
#include <simul/testing/gtest.hpp>

#include <string>
#include <utility>
#include <vector>

namespace {

using outcome::error_of;
using simul::bytes;
using simul::task;
namespace fs = simul::fs;
namespace http = simul::http;

/// What is sent of it, piece by piece.
task<std::vector<bytes>> sent(http::content from)
{
    auto reader = co_await from.source()->open();
    std::vector<bytes> all;
    for (bytes piece = co_await reader->next(); !piece.empty(); piece = co_await reader->next())
        all.push_back(std::move(piece));
    co_await reader->close();
    co_return all;
}

simul::async_generator<bytes> two()
{
    co_yield "one";
    co_yield ""; // is nothing, and no end
    co_yield "two";
}

TEST(HttpContent, KnowsItsType)
{
    EXPECT_EQ(http::content("a").type(), "text/plain; charset=utf-8");
    EXPECT_EQ(http::text("a").data(), "a");
    EXPECT_EQ(http::html("<p>").type(), "text/html; charset=utf-8");
    EXPECT_EQ(http::json(std::vector<int>{1, 2}).type(), "application/json");
    EXPECT_EQ(http::json(std::vector<int>{1, 2}).data(), "[1,2]");
    EXPECT_EQ(http::form({{"a b", "&"}}).data(), "a+b=%26");
    EXPECT_EQ(http::form({}).type(), "application/x-www-form-urlencoded");
    EXPECT_EQ(http::data("x").type(), "application/octet-stream");
    EXPECT_EQ(http::file("page.html").type(), "text/html");
    EXPECT_EQ(http::file("page.html", "x/y").type(), "x/y");
    EXPECT_EQ(http::pieces(two).type(), "application/octet-stream");
}

TEST(HttpContent, MayBeMovedAndGivenAnotherType)
{
    http::content given = "a";
    http::content taken = std::move(given);
    EXPECT_EQ(taken.type(), "text/plain; charset=utf-8");
    EXPECT_TRUE(given.is_none());
    http::content copied = taken;
    copied.set_type("x/y");
    EXPECT_EQ(copied.type(), "x/y");
    EXPECT_EQ(taken.type(), "text/plain; charset=utf-8");
    copied.set_type("");
    EXPECT_EQ(copied.type(), "");
}

TEST(HttpContent, IsNoneOrEmpty)
{
    EXPECT_TRUE(http::content().is_none());
    EXPECT_FALSE(http::content("").is_none());
    EXPECT_FALSE(http::pieces(two).is_none());
    EXPECT_THROW(http::content(std::shared_ptr<http::content_source>(), "x/y"), simul::error);
}

SIMUL_TEST(HttpContent, ComesFromAFunctionAgainAndAgain)
{
    const http::content from = http::pieces(two);
    EXPECT_TRUE(from.source()->is_repeatable());
    for (int i = 0; i < 2; ++i)
        EXPECT_EQ(co_await sent(from), (std::vector<bytes>{"one", "two"}));
}

SIMUL_TEST(HttpContent, ComesFromAGeneratorOnce)
{
    const http::content from = http::pieces(two());
    EXPECT_FALSE(from.source()->is_repeatable());
    EXPECT_EQ(co_await sent(from), (std::vector<bytes>{"one", "two"}));
    EXPECT_EQ(co_await error_of(sent(from)),
              "HTTP: a generator's pieces can be sent once; give a function that returns a generator");
}

SIMUL_TEST_REAL(HttpContent, ComesFromAFile)
{
    fs::temp_directory folder = co_await fs::temp_dir();
    const bytes data(100'000, 'x');
    co_await fs::write(folder / "a.txt", data);
    const http::content from = http::file(folder / "a.txt");
    EXPECT_EQ(from.type(), "text/plain");
    auto reader = co_await from.source()->open();
    EXPECT_EQ(reader->size(), data.size());
    co_await reader->close();
    bytes all;
    for (const bytes& piece : co_await sent(from))
        all += piece;
    EXPECT_EQ(all, data);
    co_await folder.close();
}

} // namespace
