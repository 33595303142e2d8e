// SPDX-License-Identifier: MIT
#include "command_line.hpp"
#include "fetch/extract.hpp"

#include <gtest/gtest.h>

namespace {

using fetch::extract;
using fetch::parse_selection;
using values = std::vector<std::string>;

constexpr const char* page = "<h1> A\n title </h1><a href=/x class=e>one</a><a>two</a><a HREF='/y'>three</a>";

TEST(Selection, HasANameATextAndAnAttribute)
{
    const auto plain = parse_selection("h1", false);
    EXPECT_EQ(plain.name, "h1");
    EXPECT_EQ(plain.css, "h1");
    EXPECT_EQ(plain.attribute, "");

    const auto named = parse_selection("link=a.e::attr(HREF)", true);
    EXPECT_EQ(named.name, "link");
    EXPECT_EQ(named.css, "a.e");
    EXPECT_EQ(named.attribute, "href");
    EXPECT_TRUE(named.all);

    EXPECT_EQ(parse_selection("a[href=x]", false).css, "a[href=x]"); // that "=" is the selector's
    EXPECT_EQ(parse_selection("t=h1::text", false).css, "h1");
}

TEST(Selection, RefusesWhatIsNoSelector)
{
    EXPECT_THROW(parse_selection("h1[[", false), cli::usage_error);
    EXPECT_THROW(parse_selection("t=", false), cli::usage_error);
    EXPECT_THROW(parse_selection("h1::before", false), cli::usage_error);
}

TEST(Extract, TakesTheFirstOrAll)
{
    const auto found = extract(page, "text/html",
                               {parse_selection("h1::text", false), parse_selection("a", true),
                                parse_selection("a::attr(href)", true), parse_selection("a::attr(href)", false)});
    EXPECT_EQ(found[0], values{"A title"});
    EXPECT_EQ(found[1], (values{"one", "two", "three"}));
    EXPECT_EQ(found[2], (values{"/x", "/y"}));
    EXPECT_EQ(found[3], values{"/x"});
}

TEST(Extract, IsNothingWhereNothingMatches)
{
    EXPECT_EQ(extract(page, "", {parse_selection("h2", false)})[0], values{});
    EXPECT_EQ(extract("", "", {parse_selection("h1", true)})[0], values{});
}

TEST(Extract, KnowsTheCharsetOfTheType)
{
    EXPECT_EQ(extract("<h1>\xe9t\xe9</h1>", "text/html; charset=latin1", {parse_selection("h1", false)})[0], values{"été"});
}

} // namespace
