// SPDX-License-Identifier: MIT
#include <simul/http/response.hpp>
#include <simul/text/html.hpp>

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace {

using simul::http::response;
namespace http = simul::http;

TEST(HttpResponse, IsContentOrMore)
{
    const response plain = "hello";
    EXPECT_EQ(plain.status(), 200);
    EXPECT_EQ(plain.reason(), "OK");
    EXPECT_EQ(plain.content().type(), "text/plain; charset=utf-8");
    EXPECT_EQ(plain.text(), "hello");

    const response made(http::status::created, http::json(7), {{"Location", "/orders/7"}});
    EXPECT_EQ(made.status(), 201);
    EXPECT_EQ(made.headers().get("location"), "/orders/7");
    EXPECT_EQ(made.json<int>(), 7);
    EXPECT_TRUE(response().content().is_none());
}

TEST(HttpResponse, IsReadInItsCharset)
{
    EXPECT_EQ(response(200, {"caf\xe9", "text/html; charset=latin1"}).text(), "caf\xc3\xa9");
    EXPECT_EQ(response(200, {"caf\xc3\xa9", ""}).text(), "caf\xc3\xa9");
    EXPECT_EQ(response(200, {"caf\xe9", "text/html"}).text(), "caf\xef\xbf\xbd");
}

TEST(HttpResponse, IsAPageInTheEncodingThatItNames)
{
    const std::string page = "<meta charset=latin1><h1>caf\xe9</h1>";
    EXPECT_EQ(response(200, {page, "text/html"}).html().find("h1")->text(), "caf\xc3\xa9");
    EXPECT_EQ(response(200, {page, ""}).html().find("h1")->text(), "caf\xc3\xa9");
    EXPECT_EQ(response(200, {page, "text/html; charset=windows-1251"}).html().find("h1")->text(), "caf\xd0\xb9");
    EXPECT_EQ(response(200, {"\xef\xbb\xbf" + page, "text/html; charset=windows-1251"}).html().charset(), "UTF-8");
}

TEST(HttpResponse, HasLinks)
{
    response page(200, "x", {{"Link", "<?page=2>; rel=next"}, {"Link", "<http://other.example/>; rel=author, <http://[/>; rel=bad"}});
    EXPECT_EQ(page.link("author"), "http://other.example/");
    EXPECT_EQ(page.link("next"), std::nullopt); // of nothing
    page.set_origin("GET", "http://example.org/orders?a=b", {});
    EXPECT_EQ(page.link("next"), "http://example.org/orders?page=2");
    EXPECT_EQ(page.link("bad"), std::nullopt);
    EXPECT_EQ(page.link("last"), std::nullopt);
}

TEST(HttpResponse, SaysWhatIsWrong)
{
    response gone(http::status::gone);
    EXPECT_FALSE(gone.ok());
    try {
        gone.raise_for_status();
        ADD_FAILURE();
    } catch (const http::status_error& e) {
        EXPECT_STREQ(e.what(), "HTTP: 410 Gone");
        EXPECT_EQ(e.status(), 410);
    }
    gone.set_origin("GET", "http://example.org/", {});
    gone.set_reason("Away");
    EXPECT_THROW(std::move(gone).raise_for_status(), http::status_error);
    try {
        gone.raise_for_status();
    } catch (const http::status_error& e) {
        EXPECT_STREQ(e.what(), "GET http://example.org/: 410 Away");
    }
    response fine("x");
    EXPECT_EQ(&fine.raise_for_status(), &fine);
}

TEST(HttpResponse, SaysWhoseJsonIsBroken)
{
    response broken(200, {"[1,", "application/json"});
    EXPECT_THROW(static_cast<void>(broken.json()), simul::json::error);
    broken.set_origin("GET", "http://example.org/", {});
    try {
        static_cast<void>(broken.json<std::vector<int>>());
        ADD_FAILURE();
    } catch (const simul::json::error& e) {
        EXPECT_TRUE(std::string(e.what()).starts_with("http://example.org/: ")) << e.what();
    }
}

} // namespace
