// SPDX-License-Identifier: MIT
//
// Limits in time, each with its sentence; and policies for trying again.
#include "../../task/outcome.hpp"
#include "scripted_server.hpp"

#include <simul/http/client.hpp>
#include <simul/io/dns.hpp>
#include <simul/io/tcp.hpp>
#include <simul/testing/gtest.hpp>
#include <simul/testing/network.hpp>

#include <string>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using outcome::error_of;
using outcome::raises;
using scripted::answer;
using scripted::server;
using scripted::step;
using simul::bytes;
using simul::task;
namespace http = simul::http;
using limit = http::request_timeout::limit;

struct ended {
    std::string what;
    limit passed;
    simul::duration after;
};

template <class Work> task<ended> timed_out(Work work)
{
    const auto before = simul::now();
    try {
        co_await std::move(work);
    } catch (const http::request_timeout& e) {
        co_return ended{e.what(), e.passed(), simul::now() - before};
    }
    co_return ended{"no timeout", limit::total, {}};
}

SIMUL_TEST(HttpTimeouts, OfTheAnswer)
{
    server site({{step(answer("late"), 40s)}});
    http::client web;
    const ended how = co_await timed_out(web.get(site.url()));
    EXPECT_EQ(how.what, "GET " + site.url() + ": no answer for 30 s");
    EXPECT_EQ(how.passed, limit::read);
    EXPECT_EQ(how.after, 30s);
    EXPECT_EQ((co_await web.get(site.url(), {.read_timeout = 50s})).text(), "late");
    EXPECT_EQ((co_await web.get(site.url(), {.read_timeout = 0s})).text(), "late");
}

SIMUL_TEST(HttpTimeouts, OfABodyThatStops)
{
    const bytes head = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n";
    server site({{step({{29s, head}, {29s, "a"}, {29s, "b"}, {29s, "c"}, {31s, "d"}})}});
    http::client web;
    const ended how = co_await timed_out(web.get(site.url()));
    EXPECT_EQ(how.what, "GET " + site.url() + ": the body stopped: nothing came for 30 s");
    EXPECT_EQ(how.after, 4 * 29s + 30s); // each piece begins another wait
}

SIMUL_TEST(HttpTimeouts, OfTheWhole)
{
    server site({{step({{1s, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"}, {1s, "a"}, {100s, "b"}})}});
    http::client web;
    const ended how = co_await timed_out(web.get(site.url(), {.timeout = 5s}));
    EXPECT_EQ(how.what, "GET " + site.url() + ": not done within 5 s: it was reading the body");
    EXPECT_EQ(how.passed, limit::total);
    EXPECT_EQ(how.after, 5s);
    EXPECT_EQ((co_await timed_out(web.get(site.url(), {.timeout = 500ms}))).what,
              "GET " + site.url() + ": not done within 0.5 s: it was waiting for the answer");
}

SIMUL_TEST(HttpTimeouts, OfTheWholeCoverRedirects)
{
    server site({{step(scripted::redirect("/b"), 3s), step(scripted::redirect("/c"), 3s), step(answer(""), 3s)}});
    http::client web;
    EXPECT_EQ((co_await timed_out(web.get(site.url(), {.timeout = 8s}))).what,
              "GET " + site.url("/c") + ": not done within 8 s: it was waiting for the answer");
}

SIMUL_TEST(HttpTimeouts, OfADownloadAreForItsHead)
{
    server site({{step({{1s, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na"}, {10s, "b"}})}});
    http::client web;
    auto in = co_await web.open("GET", site.url(), {}, {.timeout = 2s});
    EXPECT_EQ(co_await in.read_all(), "ab");
}

SIMUL_TEST(HttpTimeouts, OfThePool)
{
    server site({{step(answer("slow"), 20s)}});
    http::client web({.limit_per_host = 1, .pool_timeout = 5s});
    auto first = simul::spawn(web.get(site.url("/1")));
    co_await simul::sleep(1s);
    const ended how = co_await timed_out(web.get(site.url("/2")));
    EXPECT_EQ(how.what, "GET " + site.url("/2") + ": no connection was free within 5 s");
    EXPECT_EQ(how.passed, limit::pool);
    EXPECT_EQ((co_await first).text(), "slow");
}

SIMUL_TEST(HttpTimeouts, OfConnecting)
{
    simul::testing::network net;
    const auto there = net.add_host("there", "10.0.0.1");
    net.isolate(there);
    http::client web;
    const ended how = co_await timed_out(web.get("http://10.0.0.1/"));
    EXPECT_EQ(how.what, "GET http://10.0.0.1/: not connected within 10 s");
    EXPECT_EQ(how.passed, limit::connect);
    EXPECT_EQ(how.after, 10s);
}

SIMUL_TEST(HttpTimeouts, OfANameThatIsNotFound)
{
    simul::dns::use_resolver([](std::string) -> task<std::vector<simul::address>> {
        co_await simul::sleep(1h);
        co_return {};
    });
    http::client web({.connect_timeout = 3s});
    EXPECT_EQ((co_await timed_out(web.get("http://slow.example/"))).what,
              "GET http://slow.example/: not connected within 3 s");
}

SIMUL_TEST(HttpTimeouts, OfTls)
{
    server site({{answer("")}}); // it waits for a request
    http::client web({.tls_timeout = 4s});
    const std::string url = "https" + site.url().substr(4);
    EXPECT_EQ((co_await timed_out(web.get(url))).what, "GET " + url + ": no TLS within 4 s");
}

simul::async_generator<bytes> slow_pieces()
{
    for (int i = 0; i < 5; ++i) {
        co_await simul::sleep(40s);
        co_yield "x";
    }
}

SIMUL_TEST(HttpTimeouts, OfReadingBeginWhenAllIsSent)
{
    server site({{step(answer("thanks"), 25s)}, {step(answer("late"), 31s)}});
    http::client web({.keep_alive = 0s});
    EXPECT_EQ((co_await web.post(site.url(), http::pieces(slow_pieces))).text(), "thanks");
    const ended how = co_await timed_out(web.post(site.url(), http::pieces(slow_pieces)));
    EXPECT_EQ(how.passed, limit::read);
    EXPECT_EQ(how.after, 5 * 40s + 30s);
}

SIMUL_TEST(HttpTimeouts, OfWritingAreForAServerThatDoesNotRead)
{
    auto door = simul::tcp::listen("127.0.0.1:0");
    http::client web;
    const std::string url = "http://" + door.local().text() + "/";
    const ended how = co_await timed_out(web.post(url, http::data(bytes(5'000'000, 'x'))));
    EXPECT_EQ(how.what, "POST " + url + ": no answer for 30 s");
    EXPECT_EQ(how.after, 30s);
}

SIMUL_TEST(HttpTimeouts, DoNotRunWhileNobodyReads)
{
    server site({{step({{0s, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na"}, {1h, "b"}})}});
    http::client web;
    auto in = co_await web.open("POST", site.url(), http::pieces(slow_pieces));
    co_await simul::sleep(2h);
    EXPECT_EQ(co_await in.read_all(), "ab");
}

// ---- again

SIMUL_TEST(HttpRetries, TryAgainByPolicy)
{
    server site({{answer("", "", "503 Service Unavailable"), answer("", "", "429 Too Many Requests"), answer("now")}});
    http::client web({.retry = {.attempts = 3}});
    EXPECT_EQ((co_await web.get(site.url())).text(), "now");
    EXPECT_EQ(site.connections(), 1u);
}

SIMUL_TEST(HttpRetries, GiveTheLastAnswer)
{
    server site({{scripted::script(5, answer("busy", "", "503 Service Unavailable"))}});
    http::client web;
    EXPECT_EQ((co_await web.get(site.url(), {.retry = http::retry_policy{.attempts = 3}})).text(), "busy");
    EXPECT_EQ(site.requests().size(), 3u);
    EXPECT_EQ((co_await web.get(site.url())).status(), 503);
    EXPECT_EQ(site.requests().size(), 4u);
}

SIMUL_TEST(HttpRetries, AreForWhatMayBeSentTwice)
{
    server site(
        {{answer("", "", "503 Service Unavailable"), answer("", "", "500 Internal Server Error"), answer("now")}});
    http::client web({.retry = {.attempts = 3}});
    EXPECT_EQ((co_await web.post(site.url(), "x")).status(), 503);
    EXPECT_EQ((co_await web.get(site.url())).status(), 500);
}

SIMUL_TEST(HttpRetries, DoAsTheServerSays)
{
    server site({{answer("", "Retry-After: 7\r\n", "503 Service Unavailable"), answer("now")}});
    http::client web({.retry = {.attempts = 2, .backoff = 1ms}});
    const auto before = simul::now();
    EXPECT_EQ((co_await web.get(site.url())).text(), "now");
    EXPECT_EQ(simul::now() - before, 7s);

    server far({{answer("", "Retry-After: 3600\r\n", "503 Service Unavailable"), answer("now")}});
    EXPECT_EQ((co_await web.get(far.url())).status(), 503);
}

SIMUL_TEST(HttpRetries, TryAgainWhenNobodyAnswered)
{
    server site({{""}, {""}, {answer("third")}});
    http::client web({.retry = {.attempts = 3}});
    EXPECT_EQ((co_await web.get(site.url())).text(), "third");
    EXPECT_EQ(site.connections(), 3u);
    EXPECT_TRUE(co_await raises<http::connect_error>(web.get("http://127.0.0.1:9/")));

    server slow({{step(answer("late"), 1h)}, {answer("quick")}});
    EXPECT_EQ((co_await web.get(slow.url())).text(), "quick");
}

} // namespace
