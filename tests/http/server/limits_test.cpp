// SPDX-License-Identifier: MIT
//
// Clients that are slow, many, or don't listen.
#include "site.hpp"

#include "http/server/h1_connection.hpp"

#include <simul/io/unix_socket.hpp>
#include <simul/task/this_task.hpp>
#include <simul/testing/network.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

using namespace site;
using simul::testing::advance;
using simul::testing::elapsed;

/// Sends `piece` each `pause`, until the server has enough of it: how long that took.
task<simul::duration> drip(simul::address at, std::string first, std::string piece, simul::duration pause)
{
    client slow = co_await client::connect(at);
    const auto begin = simul::now();
    auto end = simul::spawn(elapsed(slow.hear_out()));
    auto dripping = simul::spawn([](client& from, std::string head, std::string more, simul::duration wait) -> task<> {
        try {
            co_await from.say(head);
            for (;;) {
                co_await simul::sleep(wait);
                co_await from.say(more);
            }
        } catch (const simul::error&) {
        }
    }, std::ref(slow), first, piece, pause);
    simul::duration took{};
    try {
        took = co_await end;
    } catch (const simul::error&) { // reset
        took = simul::now() - begin;
    }
    slow.peer.abort();
    co_await dripping;
    co_return took;
}

task<response> read_all(request& asked)
{
    co_await asked.body();
    co_return "hello";
}

SIMUL_TEST(Limits, ASlowHeadIsCutOffWhileOthersAreServed)
{
    http::server site;
    site.get("/", say_hello);
    served now(site);
    auto slow = simul::spawn(drip(now.at, "GET / HTTP/1.1$", "X: y$", 1s));
    co_await advance(5s);
    EXPECT_EQ(co_await ask(now.at, get_root), hello);
    EXPECT_EQ(co_await slow, 10s);
    EXPECT_EQ(co_await drip(now.at, "", "", 100s), 10s); // who says nothing at all
    co_await now.close();
}

SIMUL_TEST(Limits, AnIdleConnectionIsClosedAfterAWhile)
{
    http::server site;
    site.get("/", say_hello);
    served now(site);
    client one = co_await client::connect(now.at);
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(co_await one.hear(get_root), hello);
        co_await simul::sleep(74s);
    }
    EXPECT_EQ(co_await one.hear(get_root), hello);
    EXPECT_EQ(co_await elapsed(one.hear_out()), 75s);
    one.peer.abort();
    co_await now.close();
}

SIMUL_TEST(Limits, TheTimeForAHeadBeginsWithItsFirstByte)
{
    http::server site;
    site.get("/", say_hello);
    served now(site);
    client one = co_await client::connect(now.at);
    EXPECT_EQ(co_await one.hear(get_root), hello);
    co_await simul::sleep(60s);
    co_await one.say("GET / ");
    co_await simul::sleep(9s);
    EXPECT_EQ(co_await one.hear("HTTP/1.1$Host: a$$"), hello);
    co_await one.say("GET / ");
    EXPECT_EQ(co_await elapsed(one.hear_out()), 10s);
    one.peer.abort();
    co_await now.close();
}

SIMUL_TEST(Limits, ABodyHasToComeAtACertainRate)
{
    http::server site;
    site.post("/", read_all);
    served now(site);
    const std::string head = "POST / HTTP/1.1$Host: a$Content-Length: 100000$$";
    EXPECT_EQ(co_await drip(now.at, head, "", 100s), 20s);
    // A byte a second is above no rate, but one each 19 s would be above the idle limit alone.
    const simul::duration byte_by_byte = co_await drip(now.at, head, "x", 1s);
    EXPECT_GE(byte_by_byte, 20s);
    EXPECT_LE(byte_by_byte, 21s);
    client steady = co_await client::connect(now.at);
    co_await steady.say(head);
    for (int i = 0; i < 100; ++i) {
        co_await simul::sleep(4s);
        co_await steady.say(std::string(1000, 'x')); // 250 a second
    }
    EXPECT_EQ(co_await steady.hear(), hello);
    co_await steady.peer.close();
    co_await now.close();
}

TEST(Limits, PatienceIsEarned)
{
    http::detail::patience left(20s, 100);
    EXPECT_EQ(left.left(), 20s);
    left.waited(15s, 0);
    EXPECT_EQ(left.left(), 5s);
    left.waited(1s, 200);
    EXPECT_EQ(left.left(), 6s);
    left.waited(0s, ~std::uint64_t{0});
    EXPECT_EQ(left.left(), 20s); // no more than at the beginning
    http::detail::patience no_rate(20s, 0);
    no_rate.waited(19s, 1);
    EXPECT_EQ(no_rate.left(), 20s);
}

SIMUL_TEST(Limits, TheTimeOfAHandlerThatDoesNotReadIsItsOwn)
{
    http::server site;
    site.post("/", [](request& asked) -> task<response> {
        co_await simul::sleep(1h);
        co_return co_await read_all(asked);
    });
    served now(site);
    client one = co_await client::connect(now.at);
    co_await one.say("POST / HTTP/1.1$Host: a$Content-Length: 3$$a");
    co_await advance(1h);
    EXPECT_EQ(co_await one.hear("bc"), hello);
    co_await one.peer.close();
    co_await now.close();
}

SIMUL_TEST(Limits, AHandlerMayHaveALimit)
{
    http::server site({.handler = 2s});
    site.get("/", say_hello);
    bool cancelled = false;
    site.get("/slow", [&cancelled](request&) -> task<response> {
        try {
            co_await simul::sleep(1h);
        } catch (const simul::cancelled&) {
            cancelled = true;
            throw;
        }
        co_return "no";
    });
    served now(site);
    client one = co_await client::connect(now.at);
    const auto before = simul::now();
    EXPECT_TRUE((co_await one.hear("GET /slow HTTP/1.1$Host: a$$")).starts_with("HTTP/1.1 503 "));
    EXPECT_EQ(simul::now() - before, 2s);
    EXPECT_TRUE(cancelled);
    EXPECT_EQ(co_await one.hear(get_root), hello);
    co_await one.peer.close();
    co_await now.close();
}

SIMUL_TEST(Limits, AClientThatDoesNotReadIsDropped)
{
    http::server site({.slowest = 100'000});
    bool closed = false;
    site.get("/", [&closed](request&) {
        return http::pieces([](bool& over) -> simul::async_generator<bytes> {
            struct note_end {
                bool& at;
                ~note_end() { at = true; }
            } const guard{over};
            for (;;)
                co_yield bytes(20'000, 'x');
        }(closed));
    });
    site.get("/whole", [](request&) { return http::data(bytes(10'000'000, 'x')); });
    served now(site);
    client one = co_await client::connect(now.at);
    co_await one.say(get_root);
    co_await advance(19s);
    EXPECT_FALSE(closed);
    co_await advance(5s);
    EXPECT_TRUE(closed);
    one.peer.abort();

    client other = co_await client::connect(now.at);
    co_await other.say("GET /whole HTTP/1.1$Host: a$$");
    co_await advance(125s); // 20 s, and 100 s for so much
    bytes got;
    try {
        got = co_await other.peer.read_all();
    } catch (const simul::error&) {
    }
    EXPECT_LT(got.size(), 10'000'000u);
    other.peer.abort();
    co_await now.close();
}

SIMUL_TEST(Limits, OneConnectionTooManyTakesTheIdleOnesPlaceOrWaits)
{
    http::server site({.connections = 2});
    site.get("/", say_hello);
    site.get("/slow", [](request&) -> task<response> {
        co_await simul::sleep(3s);
        co_return "hello";
    });
    served now(site);
    client idle = co_await client::connect(now.at);
    EXPECT_EQ(co_await idle.hear(get_root), hello);
    client busy = co_await client::connect(now.at);
    co_await busy.say("GET /slow HTTP/1.1$Host: a$$");
    co_await advance(1s);
    client third = co_await client::connect(now.at);
    co_await third.say("GET /slow HTTP/1.1$Host: a$$");
    EXPECT_EQ(co_await elapsed(idle.hear_out()), 0s);
    co_await advance(1s);
    EXPECT_EQ(co_await elapsed(ask(now.at, get_root)), 1s); // until `busy` is done
    EXPECT_EQ(co_await busy.hear_out(), hello);             // and has its answer
    EXPECT_EQ(co_await third.hear(), hello);
    idle.peer.abort();
    busy.peer.abort();
    co_await third.peer.close();
    co_await now.close();
}

SIMUL_TEST(Limits, OnePeerHasOnlySoManyConnections)
{
    http::server site({.connections_of_a_peer = 2});
    site.get("/", say_hello);
    served now(site);
    client one = co_await client::connect(now.at);
    client two = co_await client::connect(now.at);
    EXPECT_EQ(co_await one.hear(get_root), hello);
    EXPECT_EQ(co_await two.hear(get_root), hello);
    client three = co_await client::connect(now.at);
    EXPECT_EQ(co_await three.hear_out(), "");
    co_await one.peer.close();
    co_await simul::testing::wait_all_blocked();
    client four = co_await client::connect(now.at);
    EXPECT_EQ(co_await four.hear(get_root), hello);
    three.peer.abort();
    co_await two.peer.close();
    co_await four.peer.close();
    co_await now.close();
}

SIMUL_TEST(Limits, HeadsHaveTheirSizes)
{
    http::server site;
    site.get("/{rest...}", say_hello);
    served now(site);
    const auto status = [&](std::string text) -> task<std::string> { co_return (co_await ask(now.at, text)).substr(9, 3); };
    EXPECT_EQ(co_await status("GET /" + std::string(8000, 'x') + " HTTP/1.1$Host: a$$"), "200");
    EXPECT_EQ(co_await status("GET /" + std::string(9000, 'x') + " HTTP/1.1$Host: a$$"), "414");
    EXPECT_EQ(co_await status("GET / HTTP/1.1$Host: a$X: " + std::string(9000, 'x') + "$$"), "431");
    std::string many = "GET / HTTP/1.1$Host: a$";
    for (int i = 0; i < 100; ++i)
        many += "X: y$";
    EXPECT_EQ(co_await status(many + "$"), "431");
    std::string long_ones = "GET / HTTP/1.1$Host: a$";
    for (int i = 0; i < 5; ++i)
        long_ones += "X: " + std::string(8000, 'x') + '$';
    EXPECT_EQ(co_await status(long_ones + "$"), "431");
    co_await now.close();
}

SIMUL_TEST(Limits, ARefusedClientHearsWhyThoughItStillSends)
{
    simul::testing::network net;
    const auto here = net.add_host("here", "10.0.0.1");
    const auto there = net.add_host("there", "10.0.0.2");
    net.link(here, there, {.latency = 40ms});
    http::server site;
    site.post("/", read_all);
    auto serving = net.spawn(here, site.serve("10.0.0.1:80"));
    co_await simul::testing::wait_all_blocked();
    const std::string got = co_await net.on(there, [](std::string_view head) -> task<std::string> {
        client one = co_await client::connect(simul::address::parse("10.0.0.1:80"));
        co_await one.say(head);
        for (int i = 0; i < 20; ++i) {
            co_await one.say(std::string(10'000, 'x'));
            co_await simul::sleep(20ms);
        }
        std::string answer = co_await one.hear_out();
        co_await one.peer.close();
        co_return answer;
    }("POST / HTTP/1.1$Host: a$Content-Length: 2000000$$"));
    EXPECT_TRUE(got.starts_with("HTTP/1.1 413 ")) << got;
    site.stop();
    co_await std::move(serving);
}

SIMUL_TEST(Limits, ManyRequestsAheadLetOthersHaveTheirTurn)
{
    http::server site;
    std::string order;
    site.get("/{who}", [&order](request& asked) {
        order += asked.param("who");
        return "hello";
    });
    served now(site);
    client greedy = co_await client::connect(now.at);
    client modest = co_await client::connect(now.at);
    std::string many;
    for (int i = 0; i < 200; ++i)
        many += "GET /g HTTP/1.1$Host: a$$";
    co_await greedy.say(many);
    co_await modest.say("GET /m HTTP/1.1$Host: a$$");
    co_await modest.hear();
    EXPECT_LE(order.find('m'), 64u);
    greedy.peer.abort();
    modest.peer.abort();
    co_await now.close();
}

} // namespace
