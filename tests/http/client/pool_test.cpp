// SPDX-License-Identifier: MIT
//
// Which connections are made, used again, and closed.
#include "../../task/outcome.hpp"
#include "scripted_server.hpp"

#include <simul/http/client.hpp>
#include <simul/task/gather.hpp>
#include <simul/testing/gtest.hpp>

#include <array>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using outcome::error_of;
using outcome::raises;
using scripted::answer;
using scripted::script;
using scripted::server;
using scripted::step;
using simul::bytes;
using simul::task;
namespace http = simul::http;

script many(std::size_t count, const step& each)
{
    return script(count, each);
}

/// How many connections two requests take, one after the other.
task<std::size_t> connections_for(step first, http::client_options options = {}, simul::duration between = {})
{
    server site({{first, answer("second")}});
    http::client web(std::move(options));
    co_await web.get(site.url());
    co_await simul::sleep(between);
    co_await web.get(site.url());
    co_return site.connections();
}

SIMUL_TEST(HttpPool, UsesAConnectionAgain)
{
    EXPECT_EQ(co_await connections_for(answer("a")), 1u);
    EXPECT_EQ(
        co_await connections_for(bytes("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n")),
        1u);
    EXPECT_EQ(
        co_await connections_for(bytes("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\na")), 1u);
    EXPECT_EQ(co_await connections_for(answer("a"), {}, 14s), 1u);
    EXPECT_EQ(co_await connections_for(bytes("HTTP/1.1 204 No Content\r\n\r\n")), 1u);
    EXPECT_EQ(co_await connections_for(bytes("HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n")), 1u);
    server site({{bytes("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n"), answer("second")}});
    http::client web;
    co_await web.head(site.url());
    EXPECT_EQ((co_await web.get(site.url())).text(), "second");
    EXPECT_EQ(site.connections(), 1u);
}

SIMUL_TEST(HttpPool, ClosesWhatCantBeUsedAgain)
{
    EXPECT_EQ(co_await connections_for(answer("a", "Connection: close\r\n")), 2u);
    EXPECT_EQ(co_await connections_for(answer("a") + "x"), 2u);
    EXPECT_EQ(co_await connections_for(bytes("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na")), 2u);
    EXPECT_EQ(co_await connections_for(answer("a"), {}, 16s), 2u);
    EXPECT_EQ(co_await connections_for(answer("a"), {.keep_alive = 0s}), 2u);
    EXPECT_EQ(co_await connections_for(answer("a"), {.headers = {{"Connection", "close"}}}), 2u);
}

SIMUL_TEST(HttpPool, ClosesIdleConnectionsInTime)
{
    server site({{answer("a"), scripted::wait}});
    http::client web;
    auto first = simul::spawn(web.get(site.url()));
    co_await web.get(site.url());
    co_await first;
    EXPECT_EQ(site.open(), 2u);
    co_await simul::sleep(14s);
    EXPECT_EQ(site.open(), 2u);
    co_await simul::sleep(2s);
    EXPECT_EQ(site.open(), 0u);
}

SIMUL_TEST(HttpPool, KeepsToItsLimits)
{
    for (const auto& [all, per_host, most] :
         std::vector<std::array<std::size_t, 3>>{{100, 2, 2}, {3, 8, 3}, {0, 0, 20}, {100, 8, 8}}) {
        server site({many(20, step(answer("a"), 100ms))});
        http::client web({.limit = all, .limit_per_host = per_host});
        std::vector<task<http::response>> requests;
        for (int i = 0; i < 20; ++i)
            requests.push_back(web.get(site.url()));
        co_await simul::gather(std::move(requests));
        EXPECT_EQ(site.most_open(), most);
        EXPECT_EQ(site.connections(), most);
    }
}

SIMUL_TEST(HttpPool, ServesInOrder)
{
    server site({many(20, step(answer("a"), 100ms))});
    http::client web({.limit_per_host = 1});
    std::vector<task<http::response>> requests;
    for (int i = 0; i < 10; ++i)
        requests.push_back(web.get(site.url("/" + std::to_string(i))));
    co_await simul::gather(std::move(requests));
    for (std::size_t i = 0; i < 10; ++i)
        EXPECT_TRUE(site.requests().at(i).starts_with("GET /" + std::to_string(i) + " "));
}

SIMUL_TEST(HttpPool, AFullHostHoldsNobodyElseUp)
{
    server slow({{step(answer("slow"), 1h)}}), quick({{answer("quick")}});
    http::client web({.limit_per_host = 1});
    auto one = simul::spawn(web.get(slow.url())), other = simul::spawn(web.get(slow.url()));
    co_await simul::sleep(1s);
    EXPECT_EQ((co_await web.get(quick.url())).text(), "quick");
}

SIMUL_TEST(HttpPool, AnIdleConnectionGivesWayToAnotherHosts)
{
    server one({{answer("1"), scripted::wait}}), two({{answer("2"), scripted::wait}});
    http::client web({.limit = 1});
    co_await web.get(one.url());
    EXPECT_EQ(one.open(), 1u);
    co_await web.get(two.url());
    co_await simul::sleep(1ms);
    EXPECT_EQ(one.open(), 0u);
    EXPECT_EQ(two.open(), 1u);
}

SIMUL_SIM_TEST(HttpPool, CancelledWaitersLeaveNothing, seeds(5))
{
    server site({many(200, step(answer("a"), 1ms))});
    http::client web({.limit = 1});
    std::vector<simul::future<http::response>> requests;
    for (int i = 0; i < 100; ++i)
        requests.push_back(simul::spawn(web.get(site.url())));
    int cancelled = 0;
    for (auto& each : requests) {
        co_await simul::sleep(500us);
        if (simul::loop::current().random() % 2 == 0)
            cancelled += each.cancel();
    }
    int answered = 0;
    for (auto& each : requests)
        answered += (co_await error_of(each)).empty();
    EXPECT_EQ(answered + cancelled, 100);
    EXPECT_LE(site.most_open(), 2u); // the server may see the end of one a little later than the beginning of the next
    EXPECT_EQ((co_await web.get(site.url())).text(), "a");
}

// ---- what is closed under it

SIMUL_TEST(HttpPool, AsksOnceMoreWhenAnOldConnectionIsDead)
{
    for (const std::string method : {"GET", "PUT", "DELETE", "OPTIONS"}) {
        // The server closes when the second request has come: nobody could have known.
        server site({{answer("first"), ""}, {answer("again")}});
        http::client web;
        co_await web.get(site.url());
        EXPECT_EQ((co_await web.request(method, site.url())).text(), "again") << method;
        EXPECT_EQ(site.connections(), 2u);
        EXPECT_EQ(site.requests().size(), 3u);
    }
}

SIMUL_TEST(HttpPool, DoesNotAskTwiceForWhatMayBeDoneTwice)
{
    server site({{answer("first"), ""}, {answer("again")}});
    http::client web;
    co_await web.get(site.url());
    EXPECT_EQ(co_await error_of(web.post(site.url(), "x")),
              "POST " + site.url() + ": the connection ended without an answer");
    EXPECT_EQ(site.connections(), 1u);
}

SIMUL_TEST(HttpPool, DoesNotAskThreeTimes)
{
    server site({{answer("first"), ""}, {""}, {answer("third")}});
    http::client web;
    co_await web.get(site.url());
    EXPECT_TRUE(co_await raises<http::answer_error>(web.get(site.url())));
    EXPECT_EQ(site.connections(), 2u);
}

SIMUL_TEST(HttpPool, DoesNotAskAgainWhenSomethingWasAnswered)
{
    server site({{answer("first"), "HTTP/1.1 200 O"}, {answer("again")}});
    http::client web;
    co_await web.get(site.url());
    EXPECT_EQ(co_await error_of(web.get(site.url())), "GET " + site.url() + ": the connection ended within a message");
    EXPECT_EQ(site.connections(), 1u);
}

SIMUL_TEST(HttpPool, DoesNotAskAgainOverAFreshConnection)
{
    server site({{""}, {answer("again")}});
    http::client web;
    EXPECT_TRUE(co_await raises<http::answer_error>(web.get(site.url())));
    EXPECT_EQ(site.connections(), 1u);
}

simul::async_generator<bytes> once()
{
    co_yield "x";
}

SIMUL_TEST(HttpPool, DoesNotSendAGeneratorTwice)
{
    server site({{answer("first"), ""}, {answer("again")}});
    http::client web;
    co_await web.get(site.url());
    EXPECT_TRUE(co_await raises<http::answer_error>(web.put(site.url(), http::pieces(once()))));
    server other({{answer("first"), ""}, {answer("again")}});
    co_await web.get(other.url());
    EXPECT_EQ((co_await web.put(other.url(), http::pieces(once))).text(), "again");
}

SIMUL_TEST(HttpPool, DoesNotTryAConnectionThatIsKnownToBeClosed)
{
    server site({{answer("first")}, {answer("second")}});
    http::client web;
    co_await web.get(site.url());
    co_await simul::sleep(1s);
    EXPECT_EQ((co_await web.post(site.url(), "x")).text(), "second");
}

// ---- unread bodies

SIMUL_TEST(HttpPool, ASmallRestIsReadAndALargeOneIsNot)
{
    const auto connections = [](bytes body, bool closes) -> task<std::size_t> {
        server site({{answer(body), answer("next")}, {answer("next")}});
        http::client web;
        {
            http::download in = co_await web.open("GET", site.url());
            if (closes)
                co_await in.close();
        }
        co_await web.get(site.url());
        co_return site.connections();
    };
    EXPECT_EQ(co_await connections(bytes(1000, 'x'), true), 1u);
    EXPECT_EQ(co_await connections(bytes(1000, 'x'), false), 1u); // it had arrived
    EXPECT_EQ(co_await connections(bytes(1000'000, 'x'), true), 2u);
    EXPECT_EQ(co_await connections(bytes(1000'000, 'x'), false), 2u);
}

SIMUL_TEST(HttpPool, WaitsForASmallRestASecond)
{
    const auto connections = [](simul::duration late) -> task<std::size_t> {
        server site({{step({{0s, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\na"}, {late, "bc"}}), answer("next")},
                     {answer("next")}});
        http::client web;
        http::download in = co_await web.open("GET", site.url());
        co_await in.close();
        co_await web.get(site.url());
        co_return site.connections();
    };
    EXPECT_EQ(co_await connections(500ms), 1u);
    EXPECT_EQ(co_await connections(5s), 2u);
}

} // namespace
