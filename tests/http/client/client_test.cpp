// SPDX-License-Identifier: MIT
#include "../../task/outcome.hpp"
#include "scripted_server.hpp"

#include <simul/http/client.hpp>
#include <simul/http/multipart.hpp>
#include <simul/io/unix_socket.hpp>
#include <simul/run/run.hpp>
#include <simul/task/gather.hpp>
#include <simul/testing/gtest.hpp>

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using outcome::error_of;
using outcome::raises;
using scripted::answer;
using scripted::server;
using simul::bytes;
using simul::task;
namespace http = simul::http;

SIMUL_TEST(HttpClient, GetsAPage)
{
    server site({{answer("hello", "Content-Type: text/plain\r\nX-A: 1\r\n")}});
    http::client web;
    const http::response page = co_await web.get(site.url("/a?b=c#d"));
    EXPECT_EQ(page.status(), 200);
    EXPECT_EQ(page.reason(), "OK");
    EXPECT_EQ(page.text(), "hello");
    EXPECT_EQ(page.headers().get("x-a"), "1");
    EXPECT_EQ(page.url(), site.url("/a?b=c#d"));
    EXPECT_EQ(site.requests().at(0), "GET /a?b=c HTTP/1.1\r\nHost: " + site.authority() +
                                         "\r\nUser-Agent: simul/0.1.0\r\nAccept: */*\r\n"
                                         "Accept-Encoding: gzip, deflate, br, zstd\r\n\r\n");
}

/// The request that comes of it, without what all have.
task<bytes> sent_by(http::client_options general, std::string method, std::string path, http::content body,
                    http::request_options with)
{
    server site({{answer("")}});
    general.base_url = site.url();
    http::client web(std::move(general));
    co_await web.request(std::move(method), std::move(path), std::move(body), std::move(with));
    bytes sent = site.requests().at(0);
    for (const std::string& usual :
         {"Host: " + site.authority() + "\r\n", std::string("User-Agent: simul/0.1.0\r\n"),
          std::string("Accept: */*\r\n"), std::string("Accept-Encoding: gzip, deflate, br, zstd\r\n")})
        if (const std::size_t at = sent.find(usual); at != bytes::npos)
            sent.erase(at, usual.size());
    co_return sent;
}

SIMUL_TEST(HttpClient, SendsContent)
{
    EXPECT_EQ(co_await sent_by({}, "POST", "/", "hello", {}),
              "POST / HTTP/1.1\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 5\r\n\r\nhello");
    EXPECT_EQ(co_await sent_by({}, "POST", "/", {}, {}), "POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(co_await sent_by({}, "DELETE", "/", {}, {}), "DELETE / HTTP/1.1\r\n\r\n");
    EXPECT_EQ(co_await sent_by({}, "PROPFIND", "/", {}, {}), "PROPFIND / HTTP/1.1\r\n\r\n");
    EXPECT_EQ(
        co_await sent_by({}, "PUT", "/", http::form({{"a", "1 2"}, {"b", "&"}}), {}),
        "PUT / HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 11\r\n\r\na=1+2&b=%26");
    EXPECT_EQ(co_await sent_by({}, "PATCH", "/", http::json(std::vector<int>{1, 2}),
                               {.headers = {{"content-type", "application/x"}}}),
              "PATCH / HTTP/1.1\r\ncontent-type: application/x\r\nContent-Length: 5\r\n\r\n[1,2]");
}

simul::async_generator<bytes> two_pieces()
{
    co_yield "one,";
    co_await simul::sleep(1s);
    co_yield "two";
}

SIMUL_TEST(HttpClient, SendsContentThatComesPieceByPiece)
{
    EXPECT_EQ(co_await sent_by({}, "POST", "/", http::pieces(two_pieces, "text/plain"), {}),
              "POST / HTTP/1.1\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
              "4\r\none,\r\n3\r\ntwo\r\n0\r\n\r\n");
    const bytes large(300'000, 'x');
    EXPECT_EQ(co_await sent_by({}, "PUT", "/", http::data(large), {}),
              "PUT / HTTP/1.1\r\nContent-Type: application/octet-stream\r\nContent-Length: 300000\r\n\r\n" + large);
    const bytes parts = co_await sent_by({}, "POST", "/", http::multipart({{.name = "a", .value = "1"}}), {});
    EXPECT_NE(parts.find("multipart/form-data; boundary="), bytes::npos);
    EXPECT_NE(parts.find("name=\"a\"\r\n"), bytes::npos);
}

SIMUL_TEST(HttpClient, AddsFieldsAndParameters)
{
    EXPECT_EQ(co_await sent_by(
                  {.headers = {{"X-A", "general"}, {"X-B", "general"}}}, "GET", "/p?a=1", {},
                  {.headers = {{"x-a", "mine"}, {"X-C", "1"}, {"X-C", "2"}}, .params = {{"q", "salt & pepper"}}}),
              "GET /p?a=1&q=salt+%26+pepper HTTP/1.1\r\nX-B: general\r\nx-a: mine\r\nX-C: 1\r\nX-C: 2\r\n\r\n");
    EXPECT_EQ(co_await sent_by({}, "GET", "/", {},
                               {.headers = {{"User-Agent", "Mozilla/5.0"}, {"Accept-Encoding", "identity"}}}),
              "GET / HTTP/1.1\r\nUser-Agent: Mozilla/5.0\r\nAccept-Encoding: identity\r\n\r\n");
    EXPECT_EQ(co_await sent_by({}, "GET", "/", {}, {.headers = {{"Host", "other.example"}}, .decode = false}),
              "GET / HTTP/1.1\r\nHost: other.example\r\n\r\n");
}

SIMUL_TEST(HttpClient, SaysWhoItIs)
{
    EXPECT_EQ(co_await sent_by({}, "GET", "/", {}, {.auth = http::basic("Aladdin", "open sesame")}),
              "GET / HTTP/1.1\r\nAuthorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n");
    EXPECT_EQ(co_await sent_by({.auth = http::bearer("t")}, "GET", "/", {}, {}),
              "GET / HTTP/1.1\r\nAuthorization: Bearer t\r\n\r\n");
    EXPECT_EQ(co_await sent_by({.auth = http::bearer("t")}, "GET", "/", {}, {.headers = {{"Authorization", "mine"}}}),
              "GET / HTTP/1.1\r\nAuthorization: mine\r\n\r\n");
    EXPECT_THROW(http::basic("a:b", "c"), simul::error);

    server site({{answer("")}});
    http::client web;
    std::string with_name = site.url();
    with_name.insert(7, "us%40er:p%3Aw@");
    const auto page = co_await web.get(with_name);
    EXPECT_NE(site.requests().at(0).find("Authorization: Basic dXNAZXI6cDp3\r\n"), bytes::npos); // us@er:p:w
    EXPECT_EQ(page.url(), site.url());
}

SIMUL_TEST(HttpClient, KeepsTheCredentialsOfItsBaseForThat)
{
    server home({{answer("")}}), other({{answer("")}});
    http::client web({.base_url = home.url(), .auth = http::bearer("t")});
    co_await web.get("/");
    co_await web.get(other.url());
    EXPECT_NE(home.requests().at(0).find("Authorization"), bytes::npos);
    EXPECT_EQ(other.requests().at(0).find("Authorization"), bytes::npos);
}

SIMUL_TEST(HttpClient, JoinsToItsBase)
{
    server site({{answer("1"), answer("2"), answer("3")}});
    http::client web({.base_url = site.url("/api/v1/")});
    co_await web.get("orders");
    co_await web.get("/orders");
    co_await web.get("?q");
    EXPECT_TRUE(site.requests().at(0).starts_with("GET /api/v1/orders HTTP"));
    EXPECT_TRUE(site.requests().at(1).starts_with("GET /orders HTTP"));
    EXPECT_TRUE(site.requests().at(2).starts_with("GET /api/v1/?q HTTP"));
    EXPECT_THROW(http::client({.base_url = "nowhere"}), simul::error);
}

SIMUL_TEST(HttpClient, RefusesWhatCantBeAskedFor)
{
    http::client web;
    EXPECT_EQ(co_await error_of(web.get("ftp://example.org/")),
              "HTTP: ftp://example.org/ is a URL of ftp, not of http or https");
    EXPECT_NE((co_await error_of(web.get("no url"))).find("no url"), std::string::npos);
    EXPECT_TRUE(co_await raises<simul::error>(web.request("BAD METHOD", "http://127.0.0.1:9/")));
    EXPECT_TRUE(co_await raises<simul::error>(web.get("http://127.0.0.1:9/", {.headers = {{"Content-Length", "3"}}})));
}

SIMUL_TEST(HttpClient, SaysWhereNobodyIs)
{
    http::client web;
    EXPECT_EQ(co_await error_of(web.get("http://u:secret@127.0.0.1:9/a")),
              "GET http://127.0.0.1:9/a: connect to 127.0.0.1:9: Connection refused");
    EXPECT_TRUE(co_await raises<http::connect_error>(web.get("http://127.0.0.1:9/a")));
    EXPECT_EQ(co_await error_of(web.get("http://nowhere.invalid/")),
              "GET http://nowhere.invalid/: resolve nowhere.invalid: Name or service not known to dns::use_hosts");
}

SIMUL_TEST(HttpClient, AsksAtAddressesOfIpv6)
{
    server site({{answer("six")}}, "[::1]:0");
    http::client web;
    EXPECT_EQ((co_await web.get(site.url())).text(), "six");
    EXPECT_NE(site.requests().at(0).find("Host: [::1]:"), bytes::npos);
}

SIMUL_TEST(HttpClient, SkipsInterimAnswers)
{
    server site({{"HTTP/1.1 103 Early Hints\r\nLink: </s.css>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + answer("real")}});
    http::client web;
    const auto page = co_await web.get(site.url());
    EXPECT_EQ(page.text(), "real");
    EXPECT_FALSE(page.headers().contains("Link"));
}

SIMUL_TEST(HttpClient, EveryStatusIsAnAnswer)
{
    server site({{answer("no", "", "404 Nothing Here"), answer("", "", "299 Fine")}});
    http::client web;
    auto page = co_await web.get(site.url("/x"));
    EXPECT_EQ(page.status(), 404);
    EXPECT_FALSE(page.ok());
    EXPECT_EQ(page.text(), "no");
    try {
        page.raise_for_status();
        ADD_FAILURE();
    } catch (const http::status_error& e) {
        EXPECT_EQ(e.status(), 404);
        EXPECT_EQ(e.what(), "GET " + site.url("/x") + ": 404 Nothing Here");
    }
    EXPECT_EQ((co_await web.get(site.url())).raise_for_status().reason(), "Fine");
}

SIMUL_TEST(HttpClient, ReadsJsonAndTextInItsCharset)
{
    server site({{answer("{\"a\":[1,2]}", "Content-Type: application/json\r\n"),
                  answer("{", "Content-Type: application/json\r\n"),
                  answer("caf\xe9", "Content-Type: text/plain; charset=latin1\r\n"), answer("caf\xc3\xa9")}});
    http::client web;
    const auto read = (co_await web.get(site.url())).json();
    EXPECT_EQ(simul::json::dump(read), "{\"a\":[1,2]}");
    const auto broken = co_await web.get(site.url("/broken"));
    try {
        static_cast<void>(broken.json());
        ADD_FAILURE();
    } catch (const simul::json::error& e) {
        EXPECT_TRUE(std::string(e.what()).starts_with(site.url("/broken") + ": ")) << e.what();
    }
    EXPECT_EQ((co_await web.get(site.url())).text(), "caf\xc3\xa9");
    EXPECT_EQ((co_await web.get(site.url())).text(), "caf\xc3\xa9");
}

SIMUL_TEST(HttpClient, AsksForHeadsAndReadsNoBodyThen)
{
    server site({{"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n",
                  "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", answer("last")}});
    http::client web;
    EXPECT_EQ((co_await web.head(site.url())).headers().get("Content-Length"), "1000000000000");
    EXPECT_EQ((co_await web.get(site.url())).status(), 204);
    EXPECT_EQ((co_await web.get(site.url())).status(), 304);
    EXPECT_EQ((co_await web.get(site.url())).text(), "last");
    EXPECT_EQ(site.connections(), 1u);
}

SIMUL_TEST(HttpClient, ReadsTrailers)
{
    server site({{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 7\r\n\r\n"}});
    http::client web;
    const auto page = co_await web.get(site.url());
    EXPECT_EQ(page.text(), "abc");
    EXPECT_EQ(page.trailers().get("x-sum"), "7");
}

SIMUL_TEST(HttpClient, SaysHowAnAnswerIsBroken)
{
    const auto of = [](bytes sent) -> task<std::string> {
        server site({{sent}});
        http::client web;
        const std::string url = site.url();
        const std::string text = co_await error_of(web.get(url));
        EXPECT_TRUE(text.starts_with("GET " + url + ": ")) << text;
        co_return text.substr(std::min(text.size(), url.size() + 6));
    };
    EXPECT_EQ(co_await of("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc"), "the connection ended within a message");
    EXPECT_EQ(co_await of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"),
              "the connection ended within a message");
    EXPECT_EQ(co_await of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"),
              "a chunk's size is no number");
    EXPECT_EQ(co_await of("SSH-2.0-OpenSSH_9.2\r\n"), "the first line is no status line");
    EXPECT_EQ(co_await of(""), "the connection ended without an answer");
    EXPECT_EQ(co_await of("HTTP/1.1 200 OK\r\nX: "), "the connection ended within a message");
}

SIMUL_TEST(HttpClient, BodiesHaveALimit)
{
    server site({{answer("12345")}, {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n0\r\n\r\n"}});
    http::client web({.max_body = 4});
    EXPECT_EQ(co_await error_of(web.get(site.url())), "GET " + site.url() + ": the body is larger than 4 bytes");
    EXPECT_TRUE(co_await raises<simul::limit_exceeded>(web.get(site.url())));
    EXPECT_EQ((co_await web.get(site.url(), {.max_body = 5})).text(), "12345");
}

SIMUL_TEST(HttpClient, KeepsCookiesInAJar)
{
    auto jar = std::make_shared<http::cookie_jar>();
    server site({{answer("", "Set-Cookie: a=1\r\nSet-Cookie: b=2; Path=/deep\r\n", "302 Found\r\nLocation: /deep/x"),
                  answer(""), answer("")}});
    std::string url = site.url();
    url.replace(7, 9, "localhost");
    http::client web({.cookies = jar});
    co_await web.get(url);
    co_await web.get(url, {.headers = {{"Cookie", "mine=3"}}});
    EXPECT_EQ(site.requests().at(0).find("Cookie"), bytes::npos);
    EXPECT_NE(site.requests().at(1).find("Cookie: b=2; a=1\r\n"), bytes::npos) << site.requests().at(1);
    EXPECT_NE(site.requests().at(2).find("Cookie: mine=3\r\n"), bytes::npos);
    EXPECT_EQ(jar->all().size(), 2u);

    http::client forgetful;
    server other({{answer("", "Set-Cookie: a=1\r\n"), answer("")}});
    co_await forgetful.get(other.url());
    co_await forgetful.get(other.url());
    EXPECT_EQ(other.requests().at(1).find("Cookie"), bytes::npos);
}

SIMUL_TEST(HttpClient, GoesOverAUnixSocket)
{
    auto door = simul::unix_::listen("@docker");
    auto serving = simul::spawn(door.serve([](simul::stream& peer) -> task<> {
        EXPECT_TRUE((co_await peer.read_until("\r\n\r\n")).find("Host: docker\r\n") != bytes::npos);
        co_await peer.write(answer("by path"));
    }));
    http::client web({.unix_socket = "@docker"});
    EXPECT_EQ((co_await web.get("http://docker/version")).text(), "by path");
    door.close();
    co_await serving;
}

SIMUL_TEST(HttpClient, TellsWhatItDoes)
{
    std::string told;
    server site({{scripted::redirect("/b")}, {answer("x")}});
    http::client web(
        {.trace = http::trace_with([&](const http::trace_event& now) {
             told.append(to_string(now.what)).append(now.status ? "=" + std::to_string(now.status) : "").append(" ");
         })});
    co_await web.get(site.url("/a"));
    EXPECT_EQ(told, "start connect connected sent head=302 redirect=302 reused=302 sent=302 connect=302 connected=302 "
                    "sent=302 head=200 done=200 ");
    told.clear();
    EXPECT_NE(co_await error_of(web.get("http://127.0.0.1:9/")), "");
    EXPECT_EQ(told, "start connect failed ");
}

// ---- loops and lifetimes

TEST(HttpClientAlone, IsUsedOnOneLoopAfterAnother)
{
    http::client web;
    for (int i = 0; i < 2; ++i)
        EXPECT_EQ(outcome::simulate([&]() -> task<std::string> {
                      server site({{answer("x"), answer("y")}});
                      co_await web.get(site.url());
                      co_return (co_await web.get(site.url())).text();
                  }),
                  "y");
}

TEST(HttpClientAlone, IsNotForTwoLoopsAtOnce)
{
    http::client web;
    simul::loop one({.backend = simul::backend::sim}), other({.backend = simul::backend::sim});
    const auto ask = [&]() -> task<> {
        EXPECT_TRUE(co_await raises<http::connect_error>(web.get("http://127.0.0.1:9/")));
    };
    one.run_until_complete(ask());
    EXPECT_THROW(other.run_until_complete(ask()), simul::invalid_state);
    one.close();
    other.run_until_complete(ask());
}

TEST(HttpClientAlone, IsAskedFromPlainCode)
{
    std::promise<std::string> url;
    std::thread serving([&] {
        simul::run([&]() -> task<> {
            auto door = simul::tcp::listen("127.0.0.1:0");
            url.set_value("http://" + door.local().text() + "/");
            simul::stream peer = co_await door.accept();
            co_await peer.read_until("\r\n\r\n");
            co_await peer.write(answer("plain"));
            co_await peer.close();
        });
    });
    EXPECT_EQ(http::get(url.get_future().get()).result().text(), "plain");
    serving.join();
}

TEST(HttpClientAlone, OutlivesItsLoop)
{
    std::optional<http::download> open;
    http::client web;
    outcome::simulate([&]() -> task<> {
        server site({{bytes("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"), scripted::wait},
                     {answer("x"), scripted::wait}});
        open.emplace(co_await web.open("GET", site.url()));
        co_await web.get(site.url());
    });
}

SIMUL_TEST(HttpClient, AFunctionAsksOnce)
{
    server site({{answer("one", "Connection: close\r\n")}});
    auto first = http::get(site.url());
    auto second = http::post(site.url(), "x", {.headers = {{"X-A", "1"}}});
    EXPECT_EQ((co_await first).text(), "one");
    EXPECT_EQ((co_await second).text(), "one");
    EXPECT_EQ(site.connections(), 2u);
}

SIMUL_TEST(HttpClient, ClosedItAnswersNoMore)
{
    server site({{bytes("HTTP/1.1 200 OK\r\n"), scripted::wait}});
    http::client web({.limit = 1});
    auto under_way = simul::spawn(web.get(site.url("/1")));
    auto waiting = simul::spawn(web.get(site.url("/2")));
    co_await simul::sleep(1s);
    web.close();
    EXPECT_EQ(co_await error_of(under_way), "GET " + site.url("/1") + ": the client was closed");
    EXPECT_EQ(co_await error_of(waiting), "GET " + site.url("/2") + ": the client was closed");
    EXPECT_EQ(co_await error_of(web.get(site.url("/3"))), "GET " + site.url("/3") + ": the client is closed");
    EXPECT_TRUE(co_await raises<simul::closed_error>(web.get(site.url())));
}

SIMUL_TEST(HttpClient, DroppedItBreaksOffItsRequests)
{
    server site({{scripted::step(answer("late"), 1h)}});
    auto web = std::make_unique<http::client>();
    auto flight = simul::spawn(web->get(site.url()));
    auto connecting = simul::spawn(web->get("http://10.9.9.9/"));
    co_await simul::sleep(1s);
    web.reset();
    EXPECT_EQ(co_await error_of(flight), "GET " + site.url() + ": the client was closed");
    EXPECT_NE(co_await error_of(connecting), "");
}

} // namespace
