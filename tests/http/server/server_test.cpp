// SPDX-License-Identifier: MIT
#include "../h1/smuggling.hpp"
#include "site.hpp"

#include <simul/task/this_task.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace site;
using simul::testing::advance;
using simul::testing::elapsed;
using simul::testing::problems;

task<response> slow_hello(request&)
{
    co_await simul::sleep(3s);
    co_return "hello";
}

// ---- conversations

SIMUL_TEST(Server, AnswersOneAfterTheOther)
{
    http::server site({.name = "simul"});
    site.get("/", say_hello);
    served now(site);
    client one = co_await client::connect(now.at);
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(co_await one.hear(get_root),
                  "HTTP/1.1 200 OK$Content-Type: text/plain; charset=utf-8$Server: simul$Content-Length: 5$$hello");
    EXPECT_EQ(co_await one.hear("GET / HTTP/1.1$Host: a$Connection: close$$"),
              "HTTP/1.1 200 OK$Content-Type: text/plain; charset=utf-8$Server: simul$Content-Length: 5$Connection: close$$hello");
    EXPECT_EQ(co_await one.hear_out(), "");
    EXPECT_EQ(co_await ask(now.at, "GET / HTTP/1.0$$"),
              "HTTP/1.1 200 OK$Content-Type: text/plain; charset=utf-8$Server: simul$Content-Length: 5$Connection: close$$hello");
    co_await now.close();
}

SIMUL_TEST(Server, GivesTheDate)
{
    http::server site;
    site.get("/", say_hello);
    site.get("/old", [](request&) { return response(200, {}, {{"Date", "yesterday"}}); });
    served now(site);
    client one = co_await client::connect(now.at);
    co_await one.say(get_root);
    const bytes got = co_await one.peer.read_until("hello");
    EXPECT_NE(got.find("\r\nDate: "), bytes::npos);
    EXPECT_NE(got.find(" GMT\r\n"), bytes::npos);
    co_await one.say("GET /old HTTP/1.1$Host: a$$");
    EXPECT_EQ(co_await one.peer.read_until("\r\n\r\n"), wire("HTTP/1.1 200 OK$Date: yesterday$Content-Length: 0$$"));
    co_await one.peer.close();
    co_await now.close();
}

SIMUL_TEST(Server, AnswersWhatIsSentAheadInOrderAndInOneWrite)
{
    http::server site;
    int running = 0;
    site.get("/{n}", [&running](request& asked) -> task<response> {
        EXPECT_EQ(++running, 1);
        if (asked.param<int>("n") % 10 == 0)
            co_await simul::sleep(1s);
        --running;
        co_return std::string(asked.param("n"));
    });
    served now(site);
    std::string requests, expected;
    for (int i = 0; i < 100; ++i)
        requests += "GET /" + std::to_string(i) + " HTTP/1.1$Host: a$$";
    const std::string got = co_await ask(now.at, requests);
    std::size_t at = 0;
    for (int i = 0; i < 100; ++i) {
        at = got.find("$$" + std::to_string(i), at);
        CO_ASSERT_NE(at, std::string::npos) << i;
    }
    client one = co_await client::connect(now.at);
    co_await one.say("GET /1 HTTP/1.1$Host: a$$GET /2 HTTP/1.1$Host: a$$");
    const bytes both = co_await one.peer.read_some();
    EXPECT_NE(readable(both).find("$$1HTTP/1.1 200"), std::string::npos);
    co_await one.peer.close();
    co_await now.close();
}

SIMUL_TEST(Server, ReadsNoFurtherWhileAHandlerRuns)
{
    http::server site;
    int begun = 0;
    site.get("/", [&begun](request&) -> task<response> {
        ++begun;
        co_await simul::sleep(1h);
        co_return "hello";
    });
    served now(site);
    client one = co_await client::connect(now.at);
    auto sending = simul::spawn([](client& from) -> task<> {
        for (;;) { // more than what anybody keeps
            for (int i = 0; i < 1000; ++i)
                co_await from.say(get_root);
        }
    }, std::ref(one));
    co_await advance(1min);
    EXPECT_EQ(begun, 1);
    EXPECT_GT(one.peer.unsent(), 16'000u); // the client has to wait
    sending.cancel();
    one.peer.abort();
    now.serving.cancel();
    CO_ASSERT_THROW(co_await std::move(now.serving), simul::cancelled);
}

SIMUL_TEST(Server, DropsASmallRestOfABodyAndClosesBeforeALargeOne)
{
    http::server site;
    site.post("/", say_hello);
    served now(site);
    client one = co_await client::connect(now.at);
    EXPECT_EQ(co_await one.hear("POST / HTTP/1.1$Host: a$Content-Length: 5$$ab"), hello);
    EXPECT_EQ(co_await one.hear("cdePOST / HTTP/1.1$Host: a$Transfer-Encoding: chunked$$3$abc$"), hello);
    EXPECT_EQ(co_await one.hear("0$$POST / HTTP/1.1$Host: a$Content-Length: 200000$$" + std::string(200'000, 'x')), hello);
    EXPECT_NE((co_await one.hear("POST / HTTP/1.1$Host: a$Content-Length: 300000$$" + std::string(100'000, 'x'))).find("Connection: close"),
              std::string::npos);
    EXPECT_EQ(co_await one.hear_out(), "");
    co_await one.peer.close();
    // Of a chunked one nobody knows before.
    client other = co_await client::connect(now.at);
    EXPECT_EQ(co_await other.hear("POST / HTTP/1.1$Host: a$Transfer-Encoding: chunked$$50000$" + std::string(0x50000, 'x') + "$"), hello);
    EXPECT_EQ(co_await other.hear_out(), "");
    co_await other.peer.close();
    co_await now.close();
}

SIMUL_TEST(Server, GoesOnAfterAnUpgradeThatItDoesNotKnow)
{
    http::server site;
    site.get("/", say_hello);
    served now(site);
    const std::string got = co_await ask(now.at, "GET / HTTP/1.1$Host: a$Connection: Upgrade$Upgrade: websocket$$GET / HTTP/1.1$Host: a$$");
    EXPECT_EQ(got, hello + hello);
    EXPECT_TRUE((co_await ask(now.at, "CONNECT a:80 HTTP/1.1$Host: a:80$$GET / HTTP/1.1$Host: a$$")).starts_with("HTTP/1.1 501 "));
    co_await now.close();
}

SIMUL_TEST(Server, SendsBodiesOnlyWhereThereAreAny)
{
    http::server site;
    site.get("/204", [](request&) { return response(204); });
    site.get("/304", [](request&) { return response(304, "hello"); });
    site.get("/empty", [](request&) { return response(); });
    site.get("/large", [](request&) { return http::data(bytes(100'000, 'x'), "text/x"); });
    served now(site);
    client one = co_await client::connect(now.at);
    EXPECT_EQ(co_await one.hear("GET /204 HTTP/1.1$Host: a$$"), "HTTP/1.1 204 No Content$$");
    EXPECT_EQ(co_await one.hear("GET /empty HTTP/1.1$Host: a$$"), "HTTP/1.1 200 OK$Content-Length: 0$$");
    EXPECT_TRUE((co_await one.hear("GET /large HTTP/1.1$Host: a$$")).ends_with("$$" + std::string(100'000, 'x')));
    co_await one.say("HEAD /large HTTP/1.1$Host: a$$GET /304 HTTP/1.1$Host: a$Connection: close$$");
    EXPECT_EQ(co_await one.hear_out(), "HTTP/1.1 200 OK$Content-Type: text/x$Content-Length: 100000$$"
                                       "HTTP/1.1 304 Not Modified$Content-Type: text/plain; charset=utf-8$Content-Length: 5$Connection: close$$");
    co_await one.peer.close();
    co_await now.close();
}

// ---- handlers that fail

SIMUL_TEST(Server, AnswersForAHandlerThatThrowsAndGoesOn)
{
    http::server site;
    site.get("/", say_hello);
    site.get("/throws", [](request&) -> task<response> { throw std::runtime_error("a secret"); });
    site.get("/number", [](request&) -> response { throw 7; });
    site.get("/404", [](request&) -> response { throw http::answer(404); });
    site.get("/403", [](request&) -> response { throw http::answer(403, http::html("<h1>no</h1>"), {{"X-Why", "because"}}); });
    site.get("/away", [](request&) -> response { throw http::answer(http::redirect("/")); });
    site.get("/cancelled", [](request&) -> task<response> {
        simul::future<> other = simul::spawn(simul::sleep(1h));
        other.cancel();
        co_await std::move(other);
        co_return "no";
    });
    served now(site);
    client one = co_await client::connect(now.at);
    const std::string failure = "HTTP/1.1 500 Internal Server Error$Content-Type: text/plain; charset=utf-8$Content-Length: 26$$500 Internal Server Error\n";
    EXPECT_EQ(co_await one.hear("GET /throws HTTP/1.1$Host: a$$"), failure);
    EXPECT_EQ(co_await one.hear("GET /number HTTP/1.1$Host: a$$"), failure);
    EXPECT_EQ(co_await one.hear("GET /cancelled HTTP/1.1$Host: a$$"), failure);
    const auto found = problems();
    CO_ASSERT_EQ(found.size(), 3u);
    EXPECT_NE(found[0].text().find("HTTP: the handler of GET /throws failed"), std::string::npos);
    EXPECT_NE(found[0].text().find("a secret"), std::string::npos);
    EXPECT_EQ(co_await one.hear("GET /404 HTTP/1.1$Host: a$$"),
              "HTTP/1.1 404 Not Found$Content-Type: text/plain; charset=utf-8$Content-Length: 14$$404 Not Found\n");
    EXPECT_EQ(co_await one.hear("GET /403 HTTP/1.1$Host: a$$"),
              "HTTP/1.1 403 Forbidden$X-Why: because$Content-Type: text/html; charset=utf-8$Content-Length: 11$$<h1>no</h1>");
    EXPECT_EQ(co_await one.hear("GET /away HTTP/1.1$Host: a$$"), "HTTP/1.1 303 See Other$Location: /$Content-Length: 0$$");
    EXPECT_EQ(co_await one.hear(get_root), hello);
    co_await one.peer.close();
    co_await now.close();
}

SIMUL_TEST(Server, ShowsWhatWasThrownOnlyWhenItDebugs)
{
    http::server site({.debug = true});
    site.get("/", [](request&) -> task<response> { throw std::runtime_error("a secret"); });
    served now(site);
    EXPECT_NE((co_await ask(now.at, get_root)).find("std::runtime_error: a secret"), std::string::npos);
    EXPECT_EQ(problems().size(), 1u);
    co_await now.close();
}

SIMUL_TEST(Server, AResponseThatCannotBeSentIsAFailure)
{
    http::server site;
    site.get("/", say_hello);
    site.get("/length", [](request&) { return response(200, "x", {{"Content-Length", "7"}}); });
    site.get("/chunked", [](request&) { return response(200, "x", {{"Transfer-Encoding", "chunked"}}); });
    site.get("/status", [](request&) { return response(99); });
    site.get("/101", [](request&) { return response(101); });
    site.get("/type", [](request&) { return http::data("x", "text/x\r\nX-Evil: 1"); });
    site.get("/split", [](request&) {
        response made("x");
        made.headers().set("X", "1\r\nX-Evil: 1");
        return made;
    });
    site.get("/file", [](request&) { return http::file("/nothing/there"); });
    served now(site);
    client one = co_await client::connect(now.at);
    for (const char* const path : {"length", "chunked", "status", "101", "type", "split", "file"}) {
        const std::string got = co_await one.hear("GET /" + std::string(path) + " HTTP/1.1$Host: a$$");
        EXPECT_TRUE(got.starts_with("HTTP/1.1 500 ")) << path << got;
        EXPECT_EQ(got.find("Evil"), std::string::npos);
        EXPECT_EQ(problems().size(), 1u) << path;
    }
    EXPECT_EQ(co_await one.hear(get_root), hello);
    co_await one.peer.close();
    co_await now.close();
}

// ---- streams

simul::async_generator<bytes> count_to(int last, simul::duration pause)
{
    for (int i = 1; i <= last; ++i) {
        co_yield std::to_string(i);
        co_await simul::sleep(pause);
    }
}

SIMUL_TEST(Server, SendsAStreamAsItComes)
{
    http::server site;
    site.get("/", [](request&) { return http::pieces(count_to(3, 1s), "text/x"); });
    served now(site);
    client one = co_await client::connect(now.at);
    co_await one.say("GET / HTTP/1.1$Host: a$Connection: close$$");
    EXPECT_EQ(readable(co_await one.peer.read_some()),
              "HTTP/1.1 200 OK$Content-Type: text/x$Transfer-Encoding: chunked$Connection: close$$1$1$");
    EXPECT_EQ(readable(co_await one.peer.read_some()), "1$2$");
    EXPECT_EQ(co_await one.hear_out(), "1$3$0$$");
    co_await one.peer.close();
    // HTTP/1.0 has no chunks.
    EXPECT_EQ(co_await ask(now.at, "GET / HTTP/1.0$Connection: keep-alive$$"), "HTTP/1.1 200 OK$Content-Type: text/x$Connection: close$$123");
    EXPECT_EQ(co_await ask(now.at, "HEAD / HTTP/1.1$Host: a$$"), "HTTP/1.1 200 OK$Content-Type: text/x$Transfer-Encoding: chunked$$");
    co_await now.close();
}

SIMUL_TEST(Server, BreaksOffAStreamThatFails)
{
    http::server site;
    site.get("/", [](request&) {
        return http::pieces([]() -> simul::async_generator<bytes> {
            co_yield "some";
            throw std::runtime_error("no more");
        });
    });
    served now(site);
    const std::string got = co_await ask(now.at, get_root);
    EXPECT_FALSE(got.ends_with("0$$")) << got;
    EXPECT_EQ(problems().size(), 1u);
    co_await now.close();
}

SIMUL_TEST(Server, AStreamEndsWhenItsReaderIsGone)
{
    http::server site;
    bool closed = false;
    int yielded = 0;
    site.get("/", [&](request&) {
        return http::pieces([](bool& over, int& count) -> simul::async_generator<bytes> {
            struct note_end {
                bool& at;
                ~note_end() { at = true; }
            } const guard{over};
            for (;;) {
                ++count;
                co_yield bytes(10'000, 'x');
                co_await simul::sleep(1s);
            }
        }(closed, yielded));
    });
    served now(site);
    client one = co_await client::connect(now.at);
    co_await one.say(get_root);
    co_await advance(2500ms);
    EXPECT_FALSE(closed);
    one.peer.abort();
    co_await advance(5s);
    EXPECT_TRUE(closed);
    EXPECT_LE(yielded, 6);
    co_await now.close();
}

SIMUL_TEST(Server, AClientThatLeavesDoesNotEndItsHandler)
{
    http::server site;
    bool finished = false;
    site.get("/", [&finished](request&) -> task<response> {
        co_await simul::sleep(3s);
        finished = true;
        co_return "hello";
    });
    served now(site);
    client one = co_await client::connect(now.at);
    co_await one.say(get_root);
    co_await advance(1s);
    one.peer.abort();
    co_await advance(3s);
    EXPECT_TRUE(finished);
    co_await now.close();
}

// ---- the end

SIMUL_TEST(Server, StopsInOrder)
{
    http::server site;
    site.get("/", say_hello);
    site.get("/slow", slow_hello);
    served now(site);
    client idle = co_await client::connect(now.at);
    EXPECT_EQ(co_await idle.hear(get_root), hello);
    client busy = co_await client::connect(now.at);
    co_await busy.say("GET /slow HTTP/1.1$Host: a$$" + std::string(get_root));
    co_await advance(1s);
    auto over = simul::spawn(elapsed(now.close()));
    EXPECT_EQ(co_await elapsed(idle.hear_out()), 0s); // at once
    CO_ASSERT_THROW(co_await simul::tcp::connect(now.at), simul::error);
    EXPECT_EQ(co_await busy.hear_out(), "HTTP/1.1 200 OK$Content-Type: text/plain; charset=utf-8$Content-Length: 5$Connection: close$$hello");
    idle.peer.abort();
    co_await busy.peer.close();
    EXPECT_EQ(co_await over, 2s);
}

SIMUL_TEST(Server, SendsLargePiecesBetweenSmallOnes)
{
    const bytes large(40'000, 'x');
    http::server site;
    site.get("/", [&large](request&) {
        return http::pieces([&large]() -> simul::async_generator<bytes> {
            co_yield "a";
            co_yield large;
            co_yield large;
            co_yield "b";
        });
    });
    served now(site);
    const std::string got = co_await ask(now.at, get_root);
    EXPECT_TRUE(got.ends_with("chunked$$1$a$9c40$" + large + "$9c40$" + large + "$1$b$0$$")) << got.size();
    co_await now.close();
}

SIMUL_TEST(Server, SendsTheAnswerThatWasOnItsWayWhenItStopped)
{
    http::server site;
    site.get("/", say_hello);
    site.get("/stop", [&site](request&) {
        site.stop();
        return "hello";
    });
    for (const bool by_handler : {true, false}) {
        if (!by_handler)
            site.on_access([&site](const http::access&) { site.stop(); });
        served now(site);
        client one = co_await client::connect(now.at);
        co_await one.say(by_handler ? "GET /stop HTTP/1.1$Host: a$$" : get_root);
        EXPECT_TRUE((co_await one.hear_out()).ends_with("$$hello"));
        co_await now.close();
    }
}

SIMUL_TEST(Server, SendsWhatAClientHasNotReadYetWhenItStops)
{
    const bytes page(30'000, 'x');
    for (int ahead = 1; ahead <= 12; ++ahead) { // some of them leave it idle, with an answer half sent
        http::server site;
        site.get("/", [&page](request&) { return http::text(page); });
        served now(site);
        client one = co_await client::connect(now.at);
        for (int i = 0; i < ahead; ++i)
            co_await one.say(get_root);
        co_await advance(1s);
        auto over = simul::spawn(now.close());
        co_await advance(1s);
        const std::string got = co_await one.hear_out();
        EXPECT_TRUE(got.ends_with("$$" + page)) << ahead << ": " << got.size();
        co_await one.peer.close();
        co_await over;
    }
}

SIMUL_TEST(Server, CancelsWhatDoesNotEndWithinTheGrace)
{
    http::server site;
    std::string log;
    site.get("/", [&log](request&) -> task<response> {
        try {
            co_await simul::sleep(1h);
        } catch (const simul::cancelled&) {
            log += "cancelled";
            throw;
        }
        co_return "hello";
    });
    site.get("/stubborn", [&log](request&) -> task<response> {
        try {
            co_await simul::sleep(1h);
        } catch (const simul::cancelled&) {
        }
        co_await simul::sleep(5s);
        log += " finished";
        co_return "hello";
    });
    served now(site);
    client one = co_await client::connect(now.at);
    client other = co_await client::connect(now.at);
    co_await one.say(get_root);
    co_await other.say("GET /stubborn HTTP/1.1$Host: a$$");
    co_await advance(1s);
    EXPECT_EQ(co_await elapsed(now.close()), 15s);
    EXPECT_EQ(log, "cancelled finished");
    EXPECT_EQ(co_await one.hear_out(), "");
    EXPECT_TRUE((co_await other.hear_out()).ends_with("hello")); // it was let finish
    one.peer.abort();
    other.peer.abort();
}

SIMUL_TEST(Server, ACancellationStopsItInOrderAndASecondOneAtOnce)
{
    http::server site;
    site.get("/", slow_hello);
    served now(site);
    client one = co_await client::connect(now.at);
    co_await one.say(get_root);
    co_await advance(1s);
    now.serving.cancel();
    EXPECT_TRUE((co_await one.hear_out()).ends_with("hello"));
    CO_ASSERT_THROW(co_await std::move(now.serving), simul::cancelled);
    one.peer.abort();

    served again(site);
    client other = co_await client::connect(again.at);
    co_await other.say(get_root);
    co_await advance(1s);
    const auto before = simul::now();
    again.serving.cancel();
    co_await simul::testing::wait_all_blocked();
    again.serving.cancel();
    CO_ASSERT_THROW(co_await std::move(again.serving), simul::cancelled);
    EXPECT_EQ(simul::now() - before, 0s);
    EXPECT_EQ(co_await other.hear_out(), "");
    other.peer.abort();
}

SIMUL_TEST(Server, SigtermStopsEveryServerOfTheLoop)
{
    http::server one, other;
    served first(one), second(other);
    co_await simul::testing::wait_all_blocked();
    std::raise(SIGTERM);
    co_await std::move(first.serving);
    co_await std::move(second.serving);
}

SIMUL_TEST(Server, SaysWhyItCannotListen)
{
    http::server site;
    auto door = simul::tcp::listen("127.0.0.1:0");
    try {
        co_await site.serve(door.local().text());
        ADD_FAILURE();
    } catch (const simul::error& why) {
        EXPECT_EQ(why.code(), std::errc::address_in_use) << why.what();
    }
    CO_ASSERT_THROW(co_await site.serve("nowhere"), simul::error);
    CO_ASSERT_THROW(co_await site.serve({.at = "127.0.0.1:0", .threads = 2}), simul::error); // virtual time has one thread
}

SIMUL_TEST(Server, ServesAtUnixSockets)
{
    http::server site;
    site.get("/", say_hello);
    auto serving = simul::spawn(site.serve("unix:@simul-http-test"));
    co_await simul::testing::wait_all_blocked();
    EXPECT_EQ(co_await ask(simul::address::parse("unix:@simul-http-test"), get_root), hello);
    site.stop();
    co_await std::move(serving);
}

SIMUL_TEST(Server, LogsWhatItHasAnswered)
{
    http::server site;
    site.get("/", slow_hello);
    std::string log;
    site.on_access([&log](const http::access& done) {
        log += std::string(done.asked.method_name()) + ' ' + std::string(done.asked.target()) + ' ' + std::to_string(done.status) + ' ' +
               std::to_string(done.took / 1s) + "s\n";
    });
    served now(site);
    co_await ask(now.at, std::string(get_root) + "POST /?x HTTP/1.1$Host: a$$");
    co_await now.close();
    EXPECT_EQ(log, "GET / 200 3s\nPOST /?x 405 0s\n");
}

// ---- what isn't HTTP

SIMUL_TEST(Server, RefusesWhatCouldBeUnderstoodTwice)
{
    http::server site;
    site.any("/{rest...}", [](request& asked) -> task<response> {
        asked.limit_body(request::no_limit);
        co_await asked.body();
        co_return "understood";
    });
    served now(site);
    int refused = 0;
    for (const auto& [text, outcome] : http::h1::smuggled_requests) {
        // What comes after what was understood.
        const std::size_t last = outcome.rfind(" | ");
        const std::string_view end = last == std::string_view::npos ? outcome : outcome.substr(last + 3);
        if (end.size() < 4 || end[3] != ' ' || end[0] < '4' || end[0] > '5')
            continue;
        ++refused;
        const std::string got = co_await ask(now.at, text);
        const std::size_t at = std::max(got.rfind("HTTP/1.1 4") + 1, got.rfind("HTTP/1.1 5") + 1) - 1;
        CO_ASSERT_NE(at, std::string::npos) << text;
        EXPECT_EQ(got.substr(at + 9, 3), end.substr(0, 3)) << text;
        EXPECT_NE(got.find("Connection: close$", at), std::string::npos) << text;
        EXPECT_NE(got.find(end.substr(4), at), std::string::npos) << text << " got " << got;
    }
    EXPECT_GE(refused, 150);
    co_await now.close();
}

} // namespace
