// SPDX-License-Identifier: MIT
#include "../../task/outcome.hpp"
#include "scripted_server.hpp"

#include <simul/http/client.hpp>
#include <simul/http/events.hpp>
#include <simul/testing/gtest.hpp>

#include <string>

namespace {

using namespace std::chrono_literals;
using outcome::error_of;
using scripted::answer;
using scripted::server;
using scripted::step;
namespace http = simul::http;

SIMUL_TEST(HttpEventsFrom, ComeAsTheyAreSent)
{
    server site(
        {{step({{0s, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nContent-Length: 34\r\n\r\n"},
                {10s, ":\n\nid: 1\ndata: a\n\n"},
                {10s, "data: b\n\ndata: c"}}),
          answer("next")}});
    http::client web;
    http::download from = co_await web.open("GET", site.url());
    auto events = http::events_from(from);
    const auto before = simul::now();
    auto first = co_await events.next();
    CO_ASSERT_TRUE(first);
    EXPECT_EQ(first->data, "a");
    EXPECT_EQ(simul::now() - before, 10s);
    auto second = co_await events.next();
    CO_ASSERT_TRUE(second);
    EXPECT_EQ(second->data, "b");
    EXPECT_EQ(second->id, "1"); // for Last-Event-ID
    EXPECT_FALSE(co_await events.next());
    EXPECT_EQ((co_await web.get(site.url())).text(), "next");
    EXPECT_EQ(site.connections(), 1u);
}

SIMUL_TEST(HttpEventsFrom, AreNotWhatSomethingElseSays)
{
    server site({{answer("{}", "Content-Type: application/json\r\n"),
                  answer("data: " + std::string(2000, 'x'), "Content-Type: text/event-stream\r\n")}});
    http::client web;
    http::download json = co_await web.open("GET", site.url("/a"));
    EXPECT_EQ(co_await error_of([&]() -> simul::task<> { co_await http::events_from(json).next(); }()),
              site.url("/a") + ": no event stream, but \"application/json\"");
    co_await json.close();
    http::download endless = co_await web.open("GET", site.url("/b"));
    EXPECT_EQ(co_await error_of([&]() -> simul::task<> { co_await http::events_from(endless, 1000).next(); }()),
              site.url("/b") + ": an event of more than 1000 bytes");
}

} // namespace
