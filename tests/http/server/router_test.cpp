// SPDX-License-Identifier: MIT
#include "site.hpp"

#include "http/server/routes.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

using namespace site;
using http::router;

/// "200 what it said", or "405 GET, HEAD, OPTIONS".
task<std::string> outcome(simul::address at, std::string_view request_line)
{
    const std::string got = co_await ask(at, std::string(request_line) + " HTTP/1.1$Host: a$Connection: close$$");
    std::string short_form = got.substr(9, 3);
    if (const std::size_t allow = got.find("Allow: "); allow != std::string::npos)
        short_form += ' ' + got.substr(allow + 7, got.find('$', allow) - allow - 7);
    else if (got.starts_with("HTTP/1.1 200"))
        short_form += ' ' + got.substr(got.find("$$") + 2);
    co_return short_form;
}

/// Says its route and its parameters.
struct tell {
    std::vector<std::string> names;

    response operator()(request& asked) const
    {
        std::string text(asked.route());
        for (const std::string& each : names)
            text += ' ' + each + '=' + std::string(asked.param(each));
        return text;
    }
};

SIMUL_TEST(Router, FindsTheMostExactPattern)
{
    http::server site;
    site.get("/{rest...}", tell{{"rest"}});
    site.get("/user/{name}", tell{{"name"}});
    site.get("/user/{id:int}", tell{{"id"}});
    site.get("/user/me", tell{});
    site.get("/user/{id:int}/notes/{note}", tell{{"id", "note"}});
    site.get("/", tell{});
    served now(site);
    EXPECT_EQ(co_await outcome(now.at, "GET /user/me"), "200 /user/me");
    EXPECT_EQ(co_await outcome(now.at, "GET /user/12"), "200 /user/{id:int} id=12");
    EXPECT_EQ(co_await outcome(now.at, "GET /user/-12"), "200 /user/{id:int} id=-12");
    EXPECT_EQ(co_await outcome(now.at, "GET /user/12a"), "200 /user/{name} name=12a");
    EXPECT_EQ(co_await outcome(now.at, "GET /user/12345678901234567890"), "200 /user/{name} name=12345678901234567890");
    EXPECT_EQ(co_await outcome(now.at, "GET /user/12/notes/a%20b"), "200 /user/{id:int}/notes/{note} id=12 note=a b");
    EXPECT_EQ(co_await outcome(now.at, "GET /user/12/notes"), "200 /{rest...} rest=user/12/notes");
    EXPECT_EQ(co_await outcome(now.at, "GET /user/"), "200 /{rest...} rest=user/");
    EXPECT_EQ(co_await outcome(now.at, "GET /user"), "200 /{rest...} rest=user");
    EXPECT_EQ(co_await outcome(now.at, "GET /"), "200 /");
    EXPECT_EQ(co_await outcome(now.at, "GET /?user=me"), "200 /");
    EXPECT_EQ(co_await outcome(now.at, "GET //user/me"), "200 /{rest...} rest=/user/me");
    EXPECT_EQ(co_await outcome(now.at, "GET http://a/user/me"), "200 /user/me");
    co_await now.close();
}

SIMUL_TEST(Router, APathsEndMatters)
{
    http::server site;
    site.get("/a", tell{});
    site.get("/b/", tell{});
    site.get("/files/{path...}", tell{{"path"}});
    served now(site);
    EXPECT_EQ(co_await outcome(now.at, "GET /a/"), "404");
    EXPECT_EQ(co_await outcome(now.at, "GET /b"), "404");
    EXPECT_EQ(co_await outcome(now.at, "GET /files"), "404");
    EXPECT_EQ(co_await outcome(now.at, "GET /files/"), "200 /files/{path...} path=");
    EXPECT_EQ(co_await outcome(now.at, "GET /A"), "404");
    co_await now.close();
}

SIMUL_TEST(Router, DecodesOnceAndAnEncodedSlashIsNone)
{
    http::server site;
    site.get("/a b/{one}/end", tell{{"one"}});
    site.get("/x/y", tell{});
    served now(site);
    EXPECT_EQ(co_await outcome(now.at, "GET /a%20b/c%2Fd/end"), "200 /a b/{one}/end one=c/d");
    EXPECT_EQ(co_await outcome(now.at, "GET /%61%20b/%2525/end"), "200 /a b/{one}/end one=%25");
    EXPECT_EQ(co_await outcome(now.at, "GET /a+b/c/end"), "404");
    EXPECT_EQ(co_await outcome(now.at, "GET /x%2Fy"), "404");
    co_await now.close();
}

SIMUL_TEST(Router, RefusesPathsThatHideSomething)
{
    http::server site;
    site.get("/{rest...}", tell{{"rest"}});
    served now(site);
    for (const char* const path : {"/%", "/%4", "/%zz", "/a%00b", "/..", "/../a", "/a/..", "/a/../b", "/a/./b", "/%2e%2E/a", "/.%2e"})
        EXPECT_EQ(co_await outcome(now.at, "GET " + std::string(path)), "400") << path;
    for (const char* const path : {"/...", "/.a", "/a..", "/a?..", "/a?%"})
        EXPECT_EQ((co_await outcome(now.at, "GET " + std::string(path))).substr(0, 3), "200") << path;
    co_await now.close();
}

SIMUL_TEST(Router, KnowsMethods)
{
    http::server site;
    site.get("/both", tell{});
    site.post("/both", [](request&) { return "posted"; });
    site.route("PROPFIND", "/both", [](request&) { return "properties"; });
    site.any("/any", [](request& asked) { return std::string(asked.method_name()); });
    site.get("/any", tell{});
    site.get("/user/me", tell{});
    site.delete_("/user/{name}", tell{{"name"}});
    site.put("/only", [](request&) { return "put"; });
    site.patch("/only", [](request&) { return "patched"; });
    served now(site);
    EXPECT_EQ(co_await outcome(now.at, "POST /both"), "200 posted");
    EXPECT_EQ(co_await outcome(now.at, "PROPFIND /both"), "200 properties");
    EXPECT_EQ(co_await outcome(now.at, "DELETE /both"), "405 GET, POST, PROPFIND, HEAD, OPTIONS");
    EXPECT_EQ(co_await outcome(now.at, "OPTIONS /both"), "204 GET, POST, PROPFIND, HEAD, OPTIONS");
    EXPECT_EQ(co_await outcome(now.at, "get /both"), "405 GET, POST, PROPFIND, HEAD, OPTIONS");
    EXPECT_EQ(co_await outcome(now.at, "HEAD /only"), "405 PUT, PATCH, OPTIONS");
    EXPECT_EQ(co_await outcome(now.at, "GET /any"), "200 /any");
    EXPECT_EQ(co_await outcome(now.at, "HEAD /any"), "200 ");
    EXPECT_EQ(co_await outcome(now.at, "MKCOL /any"), "200 MKCOL");
    EXPECT_EQ(co_await outcome(now.at, "DELETE /user/me"), "200 /user/{name} name=me");
    EXPECT_EQ(co_await outcome(now.at, "PUT /user/me"), "405 GET, DELETE, HEAD, OPTIONS");
    EXPECT_EQ(co_await outcome(now.at, "OPTIONS /nowhere"), "404");
    EXPECT_EQ(co_await outcome(now.at, "OPTIONS *"), "204");
    co_await now.close();
}

SIMUL_TEST(Router, AnswersHeadByGetsHandlerWithoutTheBody)
{
    http::server site;
    site.get("/", say_hello);
    site.get("/own", say_hello);
    site.head("/own", [](request&) { return response(299); });
    served now(site);
    EXPECT_EQ(co_await ask(now.at, "HEAD / HTTP/1.1$Host: a$$"),
              "HTTP/1.1 200 OK$Content-Type: text/plain; charset=utf-8$Content-Length: 5$$");
    EXPECT_EQ(co_await outcome(now.at, "HEAD /own"), "299");
    co_await now.close();
}

SIMUL_TEST(Router, MiddlewareGoesAroundInItsOrder)
{
    http::server site;
    std::string log;
    const auto noting = [&log](std::string name) {
        return [&log, name](request& asked, http::next rest) -> task<response> {
            log += name + '>';
            response made = co_await rest(asked);
            log += '<' + name;
            co_return made;
        };
    };
    router inner;
    inner.use(noting("i"));
    inner.get("/x", [&log](request&) { log += 'x'; return "x"; });
    inner.get("", [&log](request&) { log += 'r'; return "r"; });
    site.get("/", [&log](request&) { log += 'h'; return "h"; });
    site.get("/gone", [](request&) -> response { throw http::answer(410); });
    site.get("/broken", [](request&) -> response { throw simul::error(std::errc::io_error, "broken"); });
    site.use(noting("1"));
    site.mount("/in/", std::move(inner));
    site.use(noting("2"));
    served now(site);
    const auto logged = [&](std::string_view line) -> task<std::string> {
        co_await outcome(now.at, line);
        co_return std::exchange(log, {});
    };
    EXPECT_EQ(co_await logged("GET /"), "1>2>h<2<1");
    EXPECT_EQ(co_await logged("GET /in/x"), "1>2>i>x<i<2<1");
    EXPECT_EQ(co_await logged("GET /in"), "1>2>i>r<i<2<1");
    EXPECT_EQ(co_await logged("GET /nowhere"), "1>2><2<1");
    EXPECT_EQ(co_await logged("GET /in/nowhere"), "1>2>i><i<2<1");
    EXPECT_EQ(co_await logged("PUT /in/x"), "1>2>i><i<2<1");
    EXPECT_EQ(co_await logged("GET /gone"), "1>2><2<1"); // comes back as a response
    EXPECT_EQ(co_await logged("GET /broken"), "1>2>");   // goes through as what it is
    EXPECT_EQ(simul::testing::problems().size(), 1u);
    EXPECT_EQ(co_await logged("GET /%zz"), "1>2><2<1");
    co_await now.close();
}

SIMUL_TEST(Router, MiddlewareMayAnswerAskAgainAndChangeTheAnswer)
{
    http::server site;
    int calls = 0;
    site.use([](request& asked, http::next rest) -> task<response> {
        if (!asked.headers().contains("Authorization"))
            co_return response(401, "who are you?");
        response made = co_await rest(asked);
        made.headers().set("X-Seen", "yes");
        co_return made;
    });
    site.use([](request& asked, http::next rest) -> task<response> {
        response first = co_await rest(asked);
        co_return first.ok() ? std::move(first) : co_await rest(asked);
    });
    site.get("/", [&calls](request&) { return ++calls == 1 ? response(503) : response("at last"); });
    served now(site);
    EXPECT_EQ(co_await outcome(now.at, "GET /"), "401");
    EXPECT_EQ(calls, 0);
    const std::string got = co_await ask(now.at, "GET / HTTP/1.1$Host: a$Authorization: me$Connection: close$$");
    EXPECT_NE(got.find("X-Seen: yes$"), std::string::npos);
    EXPECT_TRUE(got.ends_with("at last"));
    EXPECT_EQ(calls, 2);
    co_await now.close();
}

SIMUL_TEST(Router, MountsWithParametersAndTwiceDeep)
{
    http::server site;
    router notes, users;
    notes.get("/{note}", tell{{"user", "note"}});
    users.mount("/{user}/notes", std::move(notes));
    users.get("/{user}", tell{{"user"}});
    site.mount("/users", std::move(users));
    served now(site);
    EXPECT_EQ(co_await outcome(now.at, "GET /users/me/notes/7"), "200 /users/{user}/notes/{note} user=me note=7");
    EXPECT_EQ(co_await outcome(now.at, "GET /users/me"), "200 /users/{user} user=me");
    EXPECT_EQ(co_await outcome(now.at, "GET /users/me/notes"), "404");
    co_await now.close();
}

TEST(Router, RefusesWhatIsNoPattern)
{
    router one;
    for (const char* const pattern : {"a", "{x}", "/{", "/}", "/{}", "/a{x}", "/{x}b", "/{x...}/b", "/{...}", "/{x:uuid}", "/{:int}", "/{x}/{x}"})
        EXPECT_THROW(one.get(pattern, say_hello), simul::error) << pattern;
    EXPECT_THROW(one.route("no word", "/", say_hello), simul::error);
    one.get("/a", say_hello);
    EXPECT_THROW(one.get("/a", say_hello), simul::invalid_state);
    one.any("/a", say_hello);
    EXPECT_THROW(one.any("/a", say_hello), simul::invalid_state);
    one.get("/b/{x}", say_hello);
    EXPECT_THROW(one.get("/b/{y}", say_hello), simul::invalid_state);
    router other;
    other.get("/{z}", say_hello);
    EXPECT_THROW(one.mount("/b", std::move(other)), simul::invalid_state);
    response (*nobody)(request&) = nullptr;
    EXPECT_THROW(one.get("/c", nobody), simul::error);
}

SIMUL_TEST(Router, IsClosedWhileItServes)
{
    http::server site;
    site.get("/", say_hello);
    served now(site);
    co_await simul::testing::wait_all_blocked();
    CO_ASSERT_THROW(site.get("/late", say_hello), simul::invalid_state);
    co_await now.close();
    site.get("/late", say_hello);
}

} // namespace
