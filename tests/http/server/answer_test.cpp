// SPDX-License-Identifier: MIT
//
// What a server makes of them is in server_test.cpp and router_test.cpp.
#include <simul/base/error.hpp>
#include <simul/http/answer.hpp>

#include <gtest/gtest.h>

namespace {

namespace http = simul::http;

TEST(HttpAnswer, SaysItsStatusWhenItHasNothingElseToSay)
{
    const http::answer nothing(404);
    EXPECT_EQ(nothing.status(), 404);
    EXPECT_EQ(nothing.response().body(), "404 Not Found\n");
    EXPECT_EQ(nothing.response().content().type(), "text/plain; charset=utf-8");
    EXPECT_STREQ(nothing.what(), "answered with 404 Not Found");
    EXPECT_EQ(http::answer(499).response().body(), "499\n");
    EXPECT_EQ(http::answer(204).response().body(), ""); // has none
    const http::answer words(403, "members only", {{"X-Why", "age"}});
    EXPECT_EQ(words.response().body(), "members only");
    EXPECT_EQ(words.response().headers().get("x-why"), "age");
}

TEST(HttpAnswer, IsCaughtAsTheResponseThatItIs)
{
    try {
        throw http::answer(http::redirect("/login"));
    } catch (const simul::error& thrown) {
        const auto* const given = dynamic_cast<const http::answer*>(&thrown);
        ASSERT_NE(given, nullptr);
        const http::answer copy = *given; // as exceptions are
        EXPECT_EQ(copy.status(), 303);
        EXPECT_EQ(&copy.response(), &given->response());
    }
}

TEST(HttpRedirect, LeadsElsewhere)
{
    EXPECT_EQ(http::redirect("/a").headers().get("Location"), "/a");
    EXPECT_EQ(http::redirect("/a").status(), 303);
    EXPECT_EQ(http::redirect("https://example.org/", 308).status(), 308);
    EXPECT_THROW(static_cast<void>(http::redirect("/a\r\nSet-Cookie: b=c")), simul::error);
}

} // namespace
