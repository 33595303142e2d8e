// SPDX-License-Identifier: MIT
#include "../../task/outcome.hpp"
#include "scripted_server.hpp"

#include <simul/http/client.hpp>
#include <simul/testing/gtest.hpp>

#include <string>

namespace {

using scripted::answer;
using scripted::server;
using simul::bytes;
namespace http = simul::http;

bytes asks(std::string_view nonce, std::string_view more = "")
{
    return answer("who?",
                  "WWW-Authenticate: Digest realm=\"site\", qop=\"auth\", nonce=\"" + std::string(nonce) + "\"" +
                      std::string(more) + "\r\n",
                  "401 Unauthorized");
}

bool has(const bytes& text, std::string_view part)
{
    return text.find(part) != bytes::npos;
}

SIMUL_TEST(HttpDigest, IsSaidWhenTheServerAsksAndThenAtOnce)
{
    server site({{asks("n1"), answer("one"), answer("two"), asks("n2", ", stale=true"), answer("three")}});
    http::client web({.auth = http::digest("magnus", "secret")});
    EXPECT_EQ((co_await web.post(site.url("/a?b"), "body")).text(), "one");
    EXPECT_FALSE(has(site.requests().at(0), "Authorization"));
    EXPECT_TRUE(has(site.requests().at(1),
                    "Authorization: Digest username=\"magnus\", realm=\"site\", nonce=\"n1\", uri=\"/a?b\""));
    EXPECT_TRUE(has(site.requests().at(1), "nc=00000001"));
    EXPECT_TRUE(site.requests().at(1).ends_with("body"));
    EXPECT_EQ((co_await web.get(site.url())).text(), "two");
    EXPECT_TRUE(has(site.requests().at(2), "nc=00000002"));
    EXPECT_EQ((co_await web.get(site.url())).text(), "three");
    EXPECT_TRUE(has(site.requests().at(3), "nonce=\"n1\""));
    EXPECT_TRUE(has(site.requests().at(4), "nonce=\"n2\""));
    EXPECT_EQ(site.connections(), 1u);
}

SIMUL_TEST(HttpDigest, AWrongPasswordIsAnAnswer)
{
    server site({{asks("n1"), asks("n2"), asks("n3", ", stale=true"), asks("n4", ", stale=true"),
                  asks("n5", ", stale=true"), answer("no")}});
    http::client web;
    const http::request_options wrong = {.auth = http::digest("magnus", "wrong")};
    EXPECT_EQ((co_await web.get(site.url(), wrong)).status(), 401);
    EXPECT_EQ(site.requests().size(), 2u);
    EXPECT_EQ((co_await web.get(site.url(), wrong)).status(), 401); // a nonce that is always too old
    EXPECT_EQ(site.requests().size(), 5u);
}

SIMUL_TEST(HttpDigest, GoesToNobodyElse)
{
    server other({{asks("n2")}}), site({{asks("n1"), scripted::redirect(other.url())}});
    http::client web;
    EXPECT_EQ((co_await web.get(site.url(), {.auth = http::digest("magnus", "secret")})).status(), 401);
    EXPECT_EQ(other.requests().size(), 1u);
    EXPECT_FALSE(has(other.requests().at(0), "Authorization"));
}

SIMUL_TEST(HttpDigest, ContentThatCannotBeSentAgainIsNot)
{
    server site({{asks("n1")}});
    http::client web;
    auto once = []() -> simul::async_generator<bytes> { co_yield "x"; };
    const auto got = co_await web.post(site.url(), http::pieces(once()), {.auth = http::digest("magnus", "secret")});
    EXPECT_EQ(got.status(), 401);
    EXPECT_EQ(site.requests().size(), 1u);
}

} // namespace
