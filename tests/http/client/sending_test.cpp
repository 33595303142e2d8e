// SPDX-License-Identifier: MIT
//
// Content that is sent while the answer comes.
#include "../../task/outcome.hpp"
#include "scripted_server.hpp"

#include <simul/http/client.hpp>
#include <simul/io/tcp.hpp>
#include <simul/task/timeout.hpp>
#include <simul/testing/gtest.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

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

/// A server of one connection.
class peer {
public:
    template <class Fn>
    explicit peer(Fn talk) : door_(simul::tcp::listen("127.0.0.1:0")), url_("http://" + door_.local().text() + "/")
    {
        serving_ = simul::spawn([](simul::listener door, Fn fn) -> task<> {
            simul::stream one = co_await door.accept();
            try {
                co_await fn(one);
                co_await one.close();
            } catch (const simul::error&) {
            }
        }(std::move(door_), std::move(talk)));
    }

    const std::string& url() const { return url_; }

private:
    simul::listener door_;
    std::string url_;
    simul::future<> serving_;
};

/// Counts what was asked for and whether it was closed.
struct watched_source final : http::content_source {
    struct reader final : http::content_reader {
        explicit reader(watched_source& whose) : of(whose) {}
        task<bytes> next() override
        {
            if (of.asked++ >= of.pieces)
                co_return bytes();
            co_await simul::sleep(of.pause);
            if (of.breaks)
                throw std::runtime_error("the disk is broken");
            co_return bytes(50'000, 'x');
        }
        task<> close() override
        {
            ++of.closed;
            co_return;
        }
        watched_source& of;
    };

    task<std::unique_ptr<http::content_reader>> open() override { co_return std::make_unique<reader>(*this); }
    bool is_repeatable() const noexcept override { return true; }

    int pieces = 100;
    simul::duration pause = 10ms;
    bool breaks = false;
    int asked = 0, closed = 0;
};

SIMUL_TEST(HttpSending, AnEarlyRefusalIsRead)
{
    peer refusing([](simul::stream& one) -> task<> {
        co_await one.read_until("\r\n\r\n");
        co_await one.write(answer("too much", "Connection: close\r\n", "413 Content Too Large"));
        co_await simul::sleep(10s);
    });
    auto source = std::make_shared<watched_source>();
    http::client web;
    EXPECT_EQ((co_await web.post(refusing.url(), http::content(source, ""))).text(), "too much");
    co_await simul::sleep(1s);
    EXPECT_LT(source->asked, 100);
    EXPECT_EQ(source->closed, 1);
}

SIMUL_TEST(HttpSending, AnEarlyRefusalIsReadOfLargeContentToo)
{
    peer refusing([](simul::stream& one) -> task<> {
        co_await one.read_until("\r\n\r\n");
        co_await one.write(answer("too much", "", "413 Content Too Large"));
        co_await simul::sleep(10s);
    });
    http::client web;
    EXPECT_EQ((co_await web.post(refusing.url(), http::data(bytes(10'000'000, 'x')))).text(), "too much");
}

SIMUL_TEST(HttpSending, BothWaysAtOnce)
{
    peer echo([](simul::stream& one) -> task<> {
        co_await one.read_until("\r\n\r\n");
        co_await one.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        while (true) { // a chunk for each chunk
            const bytes size = co_await one.read_until("\r\n");
            const bytes data = co_await one.read_exactly(std::stoul(size, nullptr, 16) + 2);
            co_await one.write(size + data);
            if (size == "0\r\n")
                break;
        }
        co_await simul::sleep(1s);
    });
    auto source = std::make_shared<watched_source>();
    source->pieces = 5;
    http::client web;
    http::download in = co_await web.open("POST", echo.url(), http::content(source, ""));
    EXPECT_LT(source->asked, 5);
    EXPECT_EQ((co_await in.read_all()).size(), 250'000u);
    EXPECT_EQ(source->closed, 1);
}

SIMUL_TEST(HttpSending, ContentThatBreaksBreaksTheRequest)
{
    server site({{answer("")}});
    auto source = std::make_shared<watched_source>();
    source->breaks = true;
    http::client web;
    EXPECT_EQ(co_await error_of(web.post(site.url(), http::content(source, ""))), "the disk is broken");
    EXPECT_EQ(source->closed, 1);
    EXPECT_EQ(co_await error_of(web.post(site.url(), http::file("/nothing/here"))),
              "open /nothing/here: No such file or directory");
}

SIMUL_TEST(HttpSending, ACancelledRequestClosesItsContent)
{
    server site({{answer("")}});
    for (const simul::duration after : {0ms, 5ms, 100ms}) {
        auto source = std::make_shared<watched_source>();
        source->pause = 1h;
        http::client web;
        EXPECT_FALSE(co_await simul::move_on_after(after, web.post(site.url(), http::content(source, ""))));
        co_await simul::sleep(1s);
        EXPECT_EQ(source->closed, after == 0ms ? source->closed : 1);
    }
}

SIMUL_TEST(HttpSending, WaitsForTheServerToAgree)
{
    peer agreeing([](simul::stream& one) -> task<> {
        EXPECT_NE((co_await one.read_until("\r\n\r\n")).find("Expect: 100-continue\r\n"), bytes::npos);
        EXPECT_FALSE(co_await simul::move_on_after(500ms, one.fetch()));
        co_await one.write("HTTP/1.1 100 Continue\r\n\r\n");
        EXPECT_EQ(co_await one.read_exactly(4), "body");
        co_await one.write(answer("thanks"));
    });
    http::client web;
    EXPECT_EQ((co_await web.post(agreeing.url(), "body", {.expect_continue = true})).text(), "thanks");
}

SIMUL_TEST(HttpSending, WaitsAgainTheNextTime)
{
    peer agreeing([](simul::stream& one) -> task<> {
        for (int i = 0; i < 2; ++i) {
            co_await one.read_until("\r\n\r\n");
            EXPECT_FALSE(co_await simul::move_on_after(500ms, one.fetch()));
            co_await one.write("HTTP/1.1 100 Continue\r\n\r\n");
            EXPECT_EQ(co_await one.read_exactly(4), "body");
            co_await one.write(answer("thanks"));
        }
    });
    http::client web;
    for (int i = 0; i < 2; ++i)
        EXPECT_EQ((co_await web.post(agreeing.url(), "body", {.expect_continue = true})).text(), "thanks");
}

SIMUL_TEST(HttpSending, SendsNothingWhenTheServerDoesNotAgree)
{
    server site({{answer("no", "", "417 Expectation Failed")}, {answer("next")}});
    http::client web;
    auto source = std::make_shared<watched_source>();
    EXPECT_EQ((co_await web.post(site.url(), http::content(source, ""), {.expect_continue = true})).status(), 417);
    co_await simul::sleep(5s);
    EXPECT_EQ(source->asked, 0);
    EXPECT_EQ(source->closed, 1);
    EXPECT_EQ((co_await web.get(site.url())).text(), "next");
}

SIMUL_TEST(HttpSending, SendsAfterASecondToAServerThatSaysNothing)
{
    peer silent([](simul::stream& one) -> task<> {
        co_await one.read_until("\r\n\r\n");
        const auto before = simul::now();
        co_await one.read_exactly(4);
        EXPECT_EQ(simul::now() - before, 1s);
        co_await one.write(answer("thanks"));
    });
    http::client web;
    EXPECT_EQ((co_await web.put(silent.url(), "body", {.expect_continue = true})).text(), "thanks");
}

SIMUL_TEST(HttpSending, AServerThatGoesIsAnError)
{
    peer leaving([](simul::stream& one) -> task<> {
        co_await one.read_until("\r\n\r\n");
        one.abort();
    });
    http::client web;
    auto source = std::make_shared<watched_source>();
    EXPECT_TRUE(co_await raises<http::answer_error>(web.post(leaving.url(), http::content(source, ""))));
    co_await simul::sleep(1s);
    EXPECT_EQ(source->closed, 1);
}

} // namespace
