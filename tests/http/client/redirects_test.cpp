// SPDX-License-Identifier: MIT
#include "../../task/outcome.hpp"
#include "scripted_server.hpp"

#include <simul/http/client.hpp>
#include <simul/testing/gtest.hpp>

#include <string>
#include <utility>
#include <vector>

namespace {

using outcome::error_of;
using outcome::raises;
using scripted::answer;
using scripted::redirect;
using scripted::server;
using simul::bytes;
using simul::task;
namespace http = simul::http;

/// "GET /a" and so on, of each request.
std::string lines(const server& of)
{
    std::string all;
    for (const bytes& each : of.requests())
        all.append(each.substr(0, each.find(" HTTP/"))).append("; ");
    return all;
}

SIMUL_TEST(HttpRedirects, RememberTheWay)
{
    server site({{redirect("/b/x?q"), redirect("c"), answer("here")}});
    http::client web;
    const auto page = co_await web.get(site.url("/a#part"));
    EXPECT_EQ(page.text(), "here");
    EXPECT_EQ(page.url(), site.url("/b/c#part"));
    CO_ASSERT_EQ(page.history().size(), 2u);
    EXPECT_EQ(page.history()[0].status, 302);
    EXPECT_EQ(page.history()[0].url, site.url("/a#part"));
    EXPECT_EQ(page.history()[1].url, site.url("/b/x?q#part"));
    EXPECT_EQ(lines(site), "GET /a; GET /b/x?q; GET /b/c; ");
    EXPECT_EQ(site.connections(), 1u);
}

SIMUL_TEST(HttpRedirects, ANewFragmentWins)
{
    server site({{redirect("/b#new"), answer("")}});
    http::client web;
    EXPECT_EQ((co_await web.get(site.url("/a#old"))).url(), site.url("/b#new"));
}

/// What a request for "/a" becomes when it is answered with this status.
task<std::string> becomes(std::string method, std::string status)
{
    server site({{redirect("/b", status), "HTTP/1.1 204 No Content\r\n\r\n"}});
    http::client web;
    co_await web.request(method, site.url("/a"),
                         method == "GET" || method == "HEAD" ? http::content() : http::content("body"));
    const bytes second = site.requests().at(1);
    co_return second.substr(0, second.find(' ')) + (second.ends_with("body") ? " body" : "") +
        (second.find("Content-") != bytes::npos ? " fields" : "");
}

SIMUL_TEST(HttpRedirects, ChangeTheMethodAsBrowsersDo)
{
    for (const std::string status : {"301 Moved Permanently", "302 Found"}) {
        EXPECT_EQ(co_await becomes("POST", status), "GET");
        EXPECT_EQ(co_await becomes("GET", status), "GET");
        EXPECT_EQ(co_await becomes("HEAD", status), "HEAD");
        EXPECT_EQ(co_await becomes("PUT", status), "PUT body fields");
        EXPECT_EQ(co_await becomes("DELETE", status), "DELETE body fields");
    }
    EXPECT_EQ(co_await becomes("POST", "303 See Other"), "GET");
    EXPECT_EQ(co_await becomes("PUT", "303 See Other"), "GET");
    EXPECT_EQ(co_await becomes("HEAD", "303 See Other"), "HEAD");
    for (const std::string status : {"307 Temporary Redirect", "308 Permanent Redirect"}) {
        EXPECT_EQ(co_await becomes("POST", status), "POST body fields");
        EXPECT_EQ(co_await becomes("GET", status), "GET");
    }
}

SIMUL_TEST(HttpRedirects, OthersAreAnswers)
{
    for (const std::string status : {"300 Multiple Choices", "304 Not Modified", "305 Use Proxy", "201 Created"}) {
        server site({{redirect("/b", status)}});
        http::client web;
        EXPECT_EQ((co_await web.get(site.url())).status(), std::stoi(status));
    }
    server site({{answer("", "", "302 Found"), redirect("/b")}});
    http::client web;
    EXPECT_EQ((co_await web.get(site.url())).status(), 302); // to nowhere
    EXPECT_EQ((co_await web.get(site.url(), {.redirects = 0})).status(), 302);
}

SIMUL_TEST(HttpRedirects, EndSomewhere)
{
    server site({{scripted::script(20, redirect("/again"))}});
    http::client web;
    EXPECT_EQ(co_await error_of(web.get(site.url("/a"))), "GET " + site.url("/again") + ": more than 10 redirects");
    EXPECT_EQ(site.requests().size(), 11u);
    EXPECT_TRUE(co_await raises<http::redirect_error>(web.get(site.url("/a"), {.redirects = 1})));
}

SIMUL_TEST(HttpRedirects, CarryNothingSecretToOthers)
{
    server other({{answer("")}});
    server site({{redirect(other.url("/b"))}, {redirect("/c"), answer("")}});
    http::client web({.headers = {{"Cookie", "a=1"}, {"X-General", "g"}}});
    const http::request_options secrets = {
        .headers = {{"Proxy-Authorization", "p"}, {"X-Mine", "m"}, {"Host", "name.example"}},
        .auth = http::bearer("t")};
    co_await web.get(site.url("/a"), secrets);
    const bytes& elsewhere = other.requests().at(0);
    for (const char* const secret : {"Cookie", "Authorization", "name.example"})
        EXPECT_EQ(elsewhere.find(secret), bytes::npos) << elsewhere;
    EXPECT_NE(elsewhere.find("X-General: g\r\nX-Mine: m\r\n"), bytes::npos) << elsewhere;
    EXPECT_NE(elsewhere.find("Host: " + other.authority()), bytes::npos);

    co_await web.get(site.url("/a"), secrets);
    const bytes& here = site.requests().at(2);
    for (const char* const secret :
         {"Cookie: a=1", "Proxy-Authorization: p", "Authorization: Bearer t", "Host: name.example"})
        EXPECT_NE(here.find(secret), bytes::npos) << here;
}

SIMUL_TEST(HttpRedirects, WhatIsLeftBehindStaysThere)
{
    server home({{redirect("/"), answer("")}});
    server other({{redirect(home.url("/back"))}});
    server first({{redirect(other.url("/"))}});
    http::client web;
    co_await web.get(first.url(), {.auth = http::bearer("t")});
    EXPECT_NE(first.requests().at(0).find("Authorization"), bytes::npos);
    EXPECT_EQ(lines(home), "GET /back; GET /; ");
    EXPECT_EQ(home.requests().at(1).find("Authorization"), bytes::npos);
}

SIMUL_TEST(HttpRedirects, LeadNowhereElseThanHttp)
{
    for (const auto& [to, why] : std::vector<std::pair<std::string, std::string>>{
             {"ftp://example.org/", "redirects to ftp://example.org/, which is not of http"},
             {"javascript:alert(1)", "redirects to javascript:alert(1), which is not of http"},
             {"http://[bad", "redirects to what is no URL: http://[bad"}}) {
        server site({{redirect(to)}});
        http::client web;
        EXPECT_EQ(co_await error_of(web.get(site.url())), "GET " + site.url() + ": " + why);
    }
}

SIMUL_TEST(HttpRedirects, DropCredentialsInTheirUrls)
{
    server other({{answer("")}});
    std::string with_name = other.url();
    with_name.insert(7, "u:p@");
    server site({{redirect(with_name)}});
    http::client web;
    EXPECT_EQ((co_await web.get(site.url())).url(), other.url());
    EXPECT_EQ(other.requests().at(0).find("Authorization"), bytes::npos);
}

simul::async_generator<bytes> once()
{
    co_yield "x";
}

SIMUL_TEST(HttpRedirects, RefuseContentThatCantBeSentAgain)
{
    server site({{redirect("/b", "307 Temporary Redirect"), answer("")}, {redirect("/b", "302 Found"), answer("")}});
    http::client web;
    EXPECT_EQ(co_await error_of(web.post(site.url("/a"), http::pieces(once()))),
              "POST " + site.url("/a") + ": redirects to " + site.url("/b") + ", but the content can't be sent again");
    EXPECT_EQ((co_await web.post(site.url("/a"), http::pieces(once()))).status(), 200);
}

} // namespace
