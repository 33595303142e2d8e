// SPDX-License-Identifier: MIT
#include "site.hpp"

#include "http/content_coding.hpp"

#include <simul/task/this_task.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace {

using namespace site;

/// The status, and the body.
std::string in_short(std::string_view got)
{
    return std::string(got.substr(9, 3)) + ' ' + std::string(got.substr(std::min(got.find("$$") + 2, got.size())));
}

/// One request to a server of one handler.
template <class Handler> task<std::string> answer(Handler handler, std::string text, http::server_options options = {})
{
    http::server site(options);
    site.any("/{rest...}", std::move(handler));
    served now(site);
    std::string got = in_short(co_await ask(now.at, text));
    co_await now.close();
    co_return got;
}

SIMUL_TEST(Request, TellsWhatIsAskedFor)
{
    EXPECT_EQ(co_await answer(
                  [](request& asked) {
                      std::string text = std::string(asked.method_name()) + '|' + std::string(asked.target()) + '|' +
                                         std::string(asked.path()) + '|' + std::string(asked.query()) + '|' +
                                         std::string(asked.host());
                      for (const auto& [name, value] : asked.query_parameters())
                          text += '|' + name + '=' + value;
                      return text;
                  },
                  "GET /a%20b?x=1&y=%26+&x=2 HTTP/1.1$Host: a:80$$"),
              "200 GET|/a%20b?x=1&y=%26+&x=2|/a b|x=1&y=%26+&x=2|a:80|x=1|y=& |x=2");
}

SIMUL_TEST(Request, ReadsNumbersStrictly)
{
    const auto numbers = [](request& asked) {
        return std::to_string(asked.query<int>("i").value_or(-1)) + ' ' +
               std::to_string(asked.query<unsigned char>("c").value_or(1)) + ' ' +
               std::to_string(asked.query<double>("d").value_or(0.5)) + ' ' +
               asked.query<std::string>("s").value_or("none");
    };
    EXPECT_EQ(co_await answer(numbers, "GET /?i=-7&c=255&d=2.5&s=x HTTP/1.1$Host: a$$"), "200 -7 255 2.500000 x");
    EXPECT_EQ(co_await answer(numbers, "GET / HTTP/1.1$Host: a$$"), "200 -1 1 0.500000 none");
    for (const char* const bad : {"i=", "i=7x", "i=+7", "i= 7", "i=2147483648", "c=256", "c=-1", "d=x", "i=0x7"})
        EXPECT_EQ((co_await answer(numbers, "GET /?" + std::string(bad) + " HTTP/1.1$Host: a$$")).substr(0, 3), "400") << bad;
    http::server site;
    site.get("/{n}", [](request& asked) { return std::to_string(asked.param<unsigned>("n")); });
    served now(site);
    EXPECT_EQ(in_short(co_await ask(now.at, "GET /7 HTTP/1.1$Host: a$$")), "200 7");
    EXPECT_EQ(in_short(co_await ask(now.at, "GET /-7 HTTP/1.1$Host: a$$")), "404 404 Not Found\n");
    co_await now.close();
}

SIMUL_TEST(Request, AParameterThatTheRouteHasNotIsAMistakeOfOurs)
{
    EXPECT_EQ((co_await answer([](request& asked) { return std::string(asked.param("id")); }, bytes(get_root))).substr(0, 3), "500");
    const auto found = simul::testing::problems();
    CO_ASSERT_EQ(found.size(), 1u);
    EXPECT_NE(found[0].text().find("the route \"/{rest...}\" has no {id}"), std::string::npos) << found[0].text();
    EXPECT_NE(found[0].text().find("the handler of GET / failed"), std::string::npos) << found[0].text();
}

SIMUL_TEST(Request, FindsCookies)
{
    const auto cookies = [](request& asked) {
        std::string text;
        for (const char* const name : {"a", "b", "quoted", "none", "=", ""})
            text += std::string(asked.cookie(name).value_or("-")) + '|';
        return text;
    };
    EXPECT_EQ(co_await answer(cookies, "GET / HTTP/1.1$Host: a$Cookie: aa=0; a=1;b = 2 ; a=3$cookie: quoted=\"x y\"; b=4; ;;x$$"),
              "200 1|2|x y|-|-|-|");
}

// ---- bodies

task<response> echo(request& asked)
{
    co_return std::move(co_await asked.body());
}

SIMUL_TEST(Request, ReadsABodyWhole)
{
    EXPECT_EQ(co_await answer(echo, "POST / HTTP/1.1$Host: a$Content-Length: 5$$hello"), "200 hello");
    EXPECT_EQ(co_await answer(echo, "POST / HTTP/1.1$Host: a$Transfer-Encoding: chunked$$2$he$3$llo$0$X-Sum: 1$$"), "200 hello");
    EXPECT_EQ(co_await answer(echo, "POST / HTTP/1.1$Host: a$Content-Length: 0$$"), "200 ");
    EXPECT_EQ(co_await answer(echo, "GET / HTTP/1.1$Host: a$$"), "200 ");
    EXPECT_EQ(co_await answer(
                  [](request& asked) -> task<response> {
                      const bytes first = co_await asked.body();
                      co_return first + co_await asked.body() + std::to_string(asked.body_size().value_or(0));
                  },
                  "POST / HTTP/1.1$Host: a$Content-Length: 2$$ab"),
              "200 abab2");
}

SIMUL_TEST(Request, ReadsABodyInPiecesWhateverItsCut)
{
    http::server site;
    std::vector<bytes> pieces;
    site.post("/", [&](request& asked) -> task<response> {
        for (bytes piece = co_await asked.read_some(); !piece.empty(); piece = co_await asked.read_some())
            pieces.push_back(piece);
        EXPECT_TRUE((co_await asked.read_some()).empty());
        co_return "read";
    });
    served now(site);
    client one = co_await client::connect(now.at);
    co_await one.say("POST / HTTP/1.1$Host: a$Transfer-Encoding: chunked$$2$he$3$ll");
    co_await simul::sleep(1s);
    co_await one.say("o");
    co_await simul::sleep(1s);
    EXPECT_NE((co_await one.hear("$0$$")).find("read"), std::string::npos);
    EXPECT_EQ(pieces, (std::vector<bytes>{"hell", "o"}));
    EXPECT_NE((co_await one.hear("POST / HTTP/1.1$Host: a$Content-Length: 1$$x")).find("read"), std::string::npos);
    co_await one.peer.close();
    co_await now.close();
}

SIMUL_TEST(Request, RefusesABodyBeyondTheLimit)
{
    const http::server_options ten{.body_limit = 10};
    EXPECT_EQ(co_await answer(echo, "POST / HTTP/1.1$Host: a$Content-Length: 10$$0123456789", ten), "200 0123456789");
    EXPECT_EQ(co_await answer(echo, "POST / HTTP/1.1$Host: a$Content-Length: 11$$0123456789x", ten), "413 413 Content Too Large\n");
    EXPECT_EQ((co_await answer(echo, "POST / HTTP/1.1$Host: a$Transfer-Encoding: chunked$$8$01234567$3$89x$0$$", ten)).substr(0, 3), "413");
    // Who doesn't read it doesn't mind.
    EXPECT_EQ(co_await answer(say_hello, "POST / HTTP/1.1$Host: a$Content-Length: 11$$0123456789x", ten), "200 hello");
    const auto more = [](request& asked) -> task<response> {
        asked.limit_body(12);
        co_return co_await echo(asked);
    };
    EXPECT_EQ(co_await answer(more, "POST / HTTP/1.1$Host: a$Content-Length: 11$$0123456789x", ten), "200 0123456789x");
    EXPECT_EQ((co_await answer(more, "POST / HTTP/1.1$Host: a$Content-Length: 13$$0123456789xyz", ten)).substr(0, 3), "413");
    const bytes mebibyte(1 << 20, 'x');
    EXPECT_EQ((co_await answer(echo, "POST / HTTP/1.1$Host: a$Content-Length: 1048577$$x" + mebibyte)).substr(0, 3), "413");
    EXPECT_EQ((co_await answer(echo, "POST / HTTP/1.1$Host: a$Content-Length: 1048576$$" + mebibyte)).size(), 4 + mebibyte.size());
}

/// A body of that Content-Encoding, and what is answered; once more on the same connection.
template <class Handler>
task<std::string> post_coded(Handler handler, std::string coding, bytes body, std::uint64_t limit = 5000)
{
    http::server site({.body_limit = limit});
    site.post("/", std::move(handler));
    site.get("/", say_hello);
    served now(site);
    client one = co_await client::connect(now.at);
    co_await one.say("POST / HTTP/1.1$Host: a$Content-Encoding: " + coding +
                     "$Content-Length: " + std::to_string(body.size()) + "$$");
    co_await one.peer.write(body);
    std::string got = co_await one.hear();
    EXPECT_EQ(co_await one.hear(get_root), hello);
    co_await one.peer.close();
    co_await now.close();
    co_return got.find("Accept-Encoding: gzip, deflate, br, zstd$") == got.npos ? in_short(got)
                                                                                : "takes others: " + in_short(got);
}

SIMUL_TEST(Request, DecodesABodyThatComesCoded)
{
    using http::detail::content_coding;
    using http::detail::encoded;
    const bytes text(5000, 'x');
    for (const content_coding each :
         {content_coding::gzip, content_coding::deflate, content_coding::br, content_coding::zstd})
        EXPECT_EQ(co_await post_coded(echo, std::string(to_string(each)), encoded(each, text)), "200 " + text);
    EXPECT_EQ(co_await post_coded(echo, "gzip, br", encoded(content_coding::br, encoded(content_coding::gzip, text))),
              "200 " + text);
    EXPECT_EQ(co_await post_coded(echo, "identity", "plain"), "200 plain");
    const auto in_pieces = [](request& asked) -> task<response> {
        bytes all;
        for (bytes piece = co_await asked.read_some(); !piece.empty(); piece = co_await asked.read_some())
            all += piece;
        EXPECT_TRUE((co_await asked.read_some()).empty());
        co_return all;
    };
    EXPECT_EQ(co_await post_coded(in_pieces, "br", encoded(content_coding::br, text)), "200 " + text);
    const auto as_it_comes = [](request& asked) -> task<response> {
        asked.leave_coded();
        co_return co_await echo(asked);
    };
    EXPECT_EQ(co_await post_coded(as_it_comes, "compress", "raw"), "200 raw");
}

SIMUL_TEST(Request, RefusesABodyThatCannotBeDecoded)
{
    using http::detail::content_coding;
    using http::detail::encoded;
    const bytes packed = encoded(content_coding::gzip, bytes(5001, 'x'));
    EXPECT_LT(packed.size(), 100u);
    EXPECT_EQ(co_await post_coded(echo, "gzip", packed), "413 413 Content Too Large\n");
    const bytes bomb = encoded(content_coding::br, bytes(8 << 20, 'x'));
    EXPECT_EQ(co_await post_coded(echo, "br", bomb, 0), "413 413 Content Too Large\n"); // by its ratio
    EXPECT_EQ(co_await post_coded(echo, "gzip", packed.substr(0, 30), 0),
              "400 400 Bad Request: decode gzip: it breaks off\n");
    EXPECT_TRUE((co_await post_coded(echo, "gzip", "no gzip")).starts_with("400 400 Bad Request: decode gzip: "));
    EXPECT_EQ(co_await post_coded(echo, "compress", "x"),
              "takes others: 415 415 Unsupported Media Type: a Content-Encoding that is not known here\n");
    EXPECT_EQ(co_await post_coded(say_hello, "compress", "x"), "200 hello"); // nobody reads it
}

SIMUL_TEST(Request, ABodyThatBreaksOffOrIsWrongIsABadRequest)
{
    EXPECT_EQ(co_await answer(echo, "POST / HTTP/1.1$Host: a$Content-Length: 5$$hell"),
              "400 400 Bad Request: the connection ended within a message\n");
    EXPECT_EQ(co_await answer(echo, "POST / HTTP/1.1$Host: a$Transfer-Encoding: chunked$$x$he"),
              "400 400 Bad Request: a chunk's size is no number\n");
    // A handler may make of it what it likes, but the connection is over.
    http::server site;
    site.post("/", [](request& asked) -> task<response> {
        try {
            co_await asked.body();
        } catch (const http::answer& wrong) {
            co_return std::to_string(wrong.status());
        }
        co_return "no";
    });
    served now(site);
    const std::string got = co_await ask(now.at, "POST / HTTP/1.1$Host: a$Transfer-Encoding: chunked$$x$heGET / HTTP/1.1$Host: a$$");
    EXPECT_EQ(in_short(got), "200 400");
    EXPECT_NE(got.find("Connection: close"), std::string::npos);
    co_await now.close();
}

struct note {
    std::string title;
    std::optional<int> year;
};

SIMUL_TEST(Request, ReadsJsonAndForms)
{
    const auto titles = [](request& asked) -> task<response> { co_return (co_await asked.json<note>()).title; };
    const auto json = [](std::string_view type, std::string_view body) {
        return "POST / HTTP/1.1$Host: a$Content-Type: " + std::string(type) + "$Content-Length: " + std::to_string(body.size()) + "$$" +
               std::string(body);
    };
    EXPECT_EQ(co_await answer(titles, json("application/json", R"({"title": "So What"})")), "200 So What");
    EXPECT_EQ(co_await answer(titles, json("application/ld+json; charset=utf-8", R"({"title": "x"})")), "200 x");
    EXPECT_EQ((co_await answer(titles, json("text/plain", R"({"title": "x"})"))).substr(0, 3), "415");
    const std::string wrong = co_await answer(titles, json("application/json", R"({"title": 7})"));
    EXPECT_NE(wrong.find("line 1, column 11: $.title: expected a string"), std::string::npos) << wrong;
    EXPECT_TRUE(wrong.starts_with("400 "));
    EXPECT_EQ((co_await answer(titles, json("application/json", "{"))).substr(0, 3), "400");

    const auto fields = [](request& asked) -> task<response> {
        std::string text;
        for (const auto& [name, value] : co_await asked.form())
            text += name + '=' + value + ';';
        co_return text;
    };
    EXPECT_EQ(co_await answer(fields, json("application/x-www-form-urlencoded", "a=1+2&b=%26")), "200 a=1 2;b=&;");
    EXPECT_EQ((co_await answer(fields, json("application/json", "{}"))).substr(0, 3), "415");
}

// ---- Expect: 100-continue

SIMUL_TEST(Request, TellsAClientToGoOnWhenItsBodyIsWanted)
{
    http::server site;
    site.post("/", echo);
    site.post("/no", [](request&) { return response(403, "no"); });
    served now(site);
    client one = co_await client::connect(now.at);
    EXPECT_EQ(co_await one.hear("POST / HTTP/1.1$Host: a$Content-Length: 5$Expect: 100-Continue$$"), "HTTP/1.1 100 Continue$$");
    EXPECT_EQ(co_await one.hear("hello"), hello);
    // One that doesn't wait isn't told.
    EXPECT_EQ(co_await one.hear("POST / HTTP/1.1$Host: a$Content-Length: 5$Expect: 100-continue$$hello"), hello);
    // A refusal comes instead; as nobody knows whether the body will, it is the last answer.
    EXPECT_NE((co_await one.hear("POST /no HTTP/1.1$Host: a$Content-Length: 5$Expect: 100-continue$$")).find("Connection: close$"),
              std::string::npos);
    EXPECT_EQ(co_await one.hear_out(), "");
    co_await one.peer.close();

    client too_much = co_await client::connect(now.at);
    const std::string refused = co_await too_much.hear("POST / HTTP/1.1$Host: a$Content-Length: 5000000$Expect: 100-continue$$");
    EXPECT_TRUE(refused.starts_with("HTTP/1.1 413 ")) << refused;
    co_await too_much.peer.close();

    client strange = co_await client::connect(now.at);
    EXPECT_TRUE((co_await strange.hear("GET / HTTP/1.1$Host: a$Expect: tea$$")).starts_with("HTTP/1.1 417 "));
    EXPECT_TRUE((co_await strange.hear("GET /none HTTP/1.1$Host: a$$")).starts_with("HTTP/1.1 404 ")); // it goes on
    co_await strange.peer.close();
    co_await now.close();
}

// ---- for middleware

SIMUL_TEST(Request, CarriesWhatMiddlewareKnows)
{
    http::server site;
    struct user {
        std::string name;
    };
    site.use([](request& asked, http::next rest) -> task<response> {
        EXPECT_EQ(asked.attached<user>(), nullptr); // nothing is left of the one before
        asked.attach(user{"nobody"});
        asked.attach(7);
        asked.attach(user{"me"});
        co_return co_await rest(asked);
    });
    site.get("/", [](request& asked) { return asked.attached<user>()->name + std::to_string(*asked.attached<int>()); });
    served now(site);
    client one = co_await client::connect(now.at);
    EXPECT_TRUE((co_await one.hear(get_root)).ends_with("$$me7"));
    EXPECT_TRUE((co_await one.hear(get_root)).ends_with("$$me7"));
    co_await one.peer.close();
    co_await now.close();
}

SIMUL_TEST(Request, KnowsItsPeer)
{
    http::server site;
    simul::address seen;
    site.get("/", [&seen](request& asked) {
        seen = asked.peer();
        EXPECT_FALSE(asked.is_encrypted());
        return "hello";
    });
    served now(site);
    client one = co_await client::connect(now.at);
    co_await one.hear(get_root);
    EXPECT_EQ(seen, one.peer.local());
    co_await one.peer.close();
    co_await now.close();
}

} // namespace
