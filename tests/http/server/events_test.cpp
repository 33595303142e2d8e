// SPDX-License-Identifier: MIT
#include "site.hpp"

#include <simul/http/compression.hpp>
#include <simul/http/events.hpp>
#include <simul/task/this_task.hpp>

#include <gtest/gtest.h>

#include <stdexcept>

namespace {

using namespace site;
using http::server_event;
using simul::testing::advance;

TEST(Events, AreWrittenAsBrowsersReadThem)
{
    EXPECT_EQ(http::to_bytes({.data = "7"}), "data: 7\n\n");
    EXPECT_EQ(http::to_bytes({}), "data: \n\n");
    EXPECT_EQ(http::to_bytes({.data = "a\nb\r\nc\rd\n"}), "data: a\ndata: b\ndata: c\ndata: d\ndata: \n\n");
    EXPECT_EQ(http::to_bytes({.data = "7", .name = "price", .id = "x1", .retry = 1500ms}),
              "event: price\nid: x1\nretry: 1500\ndata: 7\n\n");
    EXPECT_THROW(http::to_bytes({.name = "a\nb"}), simul::error);
    EXPECT_THROW(http::to_bytes({.id = "a\rb"}), simul::error);
    EXPECT_THROW(http::to_bytes({.id = std::string(1, '\0')}), simul::error);
}

simul::async_generator<server_event> ticks(int last, simul::duration pause)
{
    for (int i = 1; i <= last; ++i) {
        co_await simul::sleep(pause);
        co_yield {.data = std::to_string(i)};
    }
}

SIMUL_TEST(Events, ComeWhenTheyHappenAndHeartbeatsBetween)
{
    http::server site;
    site.get("/", [](request&) { return http::events(ticks(2, 20s)); });
    served now(site);
    client one = co_await client::connect(now.at);
    co_await one.say(get_root);
    EXPECT_EQ(readable(co_await one.peer.read_some()),
              "HTTP/1.1 200 OK$Cache-Control: no-store$Content-Type: text/event-stream$Transfer-Encoding: chunked$$");
    const auto begin = simul::now();
    EXPECT_EQ(readable(co_await one.peer.read_some()), "3$:\n\n$");
    EXPECT_EQ(simul::now() - begin, 15s);
    EXPECT_EQ(readable(co_await one.peer.read_some()), "9$data: 1\n\n$");
    EXPECT_EQ(simul::now() - begin, 20s);
    EXPECT_EQ(readable(co_await one.peer.read_some()), "3$:\n\n$");
    EXPECT_EQ(readable(co_await one.peer.read_some()), "9$data: 2\n\n$");
    EXPECT_EQ(readable(co_await one.peer.read_some()), "0$$");
    EXPECT_EQ(simul::now() - begin, 40s);
    co_await one.peer.close();
    co_await now.close();
}

SIMUL_TEST(Events, EndWithTheirListener)
{
    http::server site;
    bool closed = false;
    site.get("/", [&closed](request&) {
        return http::events([](bool& over) -> simul::async_generator<server_event> {
            struct note_end {
                bool& at;
                ~note_end() { at = true; }
            } const guard{over};
            co_await simul::sleep(1000h);
            co_yield {};
        }(closed));
    });
    served now(site);
    client one = co_await client::connect(now.at);
    co_await one.say(get_root);
    co_await advance(1s);
    one.peer.abort();
    co_await advance(31s);
    EXPECT_TRUE(closed);
    co_await now.close();
}

/// What comes of a stream when its server is stopped, to a client that says so much in its head.
task<std::string> ended_by_stop(std::string_view fields)
{
    http::server site;
    site.use(http::compression());
    site.get("/", [](request&) { return http::events(ticks(2, 1h), {.heartbeat = 0s}); });
    served now(site);
    client one = co_await client::connect(now.at);
    co_await one.say("GET / HTTP/1.1$Host: a$" + std::string(fields) + "$");
    co_await one.peer.read_until("\r\n\r\n");
    const auto begin = simul::now();
    co_await now.close();
    EXPECT_EQ(simul::now(), begin); // and not the grace later
    co_return co_await one.hear_out();
}

SIMUL_TEST(Events, EndInOrderWhenTheServerIsStopped)
{
    EXPECT_EQ(co_await ended_by_stop(""), "0$$");
    const std::string packed = co_await ended_by_stop("Accept-Encoding: gzip$");
    EXPECT_TRUE(packed.starts_with("14$\x1f\x8b")) << packed; // the gzip of nothing, to its end
    EXPECT_TRUE(packed.ends_with("$0$$"));
}

SIMUL_TEST(Events, AFailureBreaksThemOff)
{
    http::server site;
    site.get("/", [](request&) {
        return http::events([]() -> simul::async_generator<server_event> {
            co_yield {.data = "1"};
            throw std::runtime_error("no more");
        }());
    });
    site.get("/name", [](request&) {
        return http::events([]() -> simul::async_generator<server_event> { co_yield {.name = "a\nb"}; }());
    });
    served now(site);
    for (const char* const path : {"/", "/name"}) {
        const std::string got = co_await ask(now.at, "GET " + std::string(path) + " HTTP/1.1$Host: a$$");
        EXPECT_FALSE(got.ends_with("0$$")) << got;
        EXPECT_EQ(simul::testing::problems().size(), 1u);
    }
    co_await now.close();
}

} // namespace
