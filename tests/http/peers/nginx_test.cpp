// SPDX-License-Identifier: MIT
//
// nginx: as a server to our client, and as a proxy in front of our server.
#include "peers.hpp"

#include <simul/http/client.hpp>
#include <simul/http/server.hpp>
#include <simul/task/gather.hpp>
#include <simul/task/spawn.hpp>

#include <string>
#include <vector>

namespace {

using namespace peers;
namespace http = simul::http;
namespace tls = simul::tls;

std::string field(const http::response& of, std::string_view name)
{
    return std::string(of.headers().get(name).value_or("(none)"));
}

SIMUL_TEST_REAL(Nginx, KeepsAConnection)
{
    nginx peer({.location = "location / { add_header X-Count $connection_requests; return 200 hello; }"});
    http::client web;
    for (int i = 1; i <= 3; ++i) {
        const http::response page = co_await web.get(peer.url("/"));
        EXPECT_EQ(page.status(), 200);
        EXPECT_EQ(page.text(), "hello");
        EXPECT_EQ(field(page, "X-Count"), std::to_string(i));
    }
    const http::response head = co_await web.head(peer.url("/"));
    EXPECT_EQ(head.body(), "");
    EXPECT_EQ(field(head, "Content-Length"), "5");
    EXPECT_EQ(field(co_await web.get(peer.url("/")), "X-Count"), "5");

    std::vector<task<http::response>> many;
    for (int i = 0; i < 100; ++i)
        many.push_back(web.get(peer.url("/")));
    for (const http::response& each : co_await simul::gather(std::move(many)))
        EXPECT_EQ(each.text(), "hello");
    co_await peer.close();
}

SIMUL_TEST_REAL(Nginx, SendsChunksAndCodings)
{
    nginx peer({.location = "location /on_the_fly/ { gzip on; gzip_types *; gzip_min_length 1; }\n"
                            "location /before/ { gzip_static on; gzip_vary on; }"});
    const bytes text = text_of(300'000);
    peer.home.put("www/on_the_fly/a.txt", text);
    const std::string packed = peer.home.put("www/before/a.txt", text);
    co_await simul::output_of({"gzip", "-k", packed});
    http::client web;
    const http::response chunked = co_await web.get(peer.url("/on_the_fly/a.txt"));
    EXPECT_EQ(field(chunked, "Transfer-Encoding"), "chunked");
    EXPECT_EQ(chunked.body(), text);
    const http::response whole = co_await web.get(peer.url("/before/a.txt"));
    EXPECT_EQ(field(whole, "Vary"), "Accept-Encoding");
    EXPECT_EQ(whole.body(), text);
    const http::response plain = co_await web.get(peer.url("/before/a.txt"), {.decode = false});
    EXPECT_EQ(plain.body(), text); // it wasn't asked for anything else
    http::download as_it_is = co_await web.open(
        "GET", peer.url("/before/a.txt"), {}, {.headers = {{"Accept-Encoding", "gzip"}}, .decode = false});
    const bytes coded = co_await as_it_is.read_all();
    EXPECT_EQ(coded, peer.home.get("www/before/a.txt.gz"));
    co_await peer.close();
}

SIMUL_TEST_REAL(Nginx, RangesConditionsAndErrors)
{
    nginx peer;
    peer.home.put("www/a.txt", "0123456789");
    http::client web;
    const http::response whole = co_await web.get(peer.url("/a.txt"));
    const http::response part = co_await web.get(peer.url("/a.txt"), {.headers = {{"Range", "bytes=2-4"}}});
    EXPECT_EQ(part.status(), 206);
    EXPECT_EQ(part.body(), "234");
    EXPECT_EQ(field(part, "Content-Range"), "bytes 2-4/10");
    EXPECT_EQ((co_await web.get(peer.url("/a.txt"), {.headers = {{"Range", "bytes=20-"}}})).status(), 416);
    const std::string tag = field(whole, "ETag");
    const http::response same = co_await web.get(peer.url("/a.txt"), {.headers = {{"If-None-Match", tag}}});
    EXPECT_EQ(same.status(), 304);
    EXPECT_EQ(same.body(), "");
    EXPECT_EQ((co_await web.get(peer.url("/nothing"))).status(), 404);
    EXPECT_EQ((co_await web.post(peer.url("/a.txt"), "text")).status(), 405);
    co_await peer.close();
}

SIMUL_TEST_REAL(Nginx, Redirects)
{
    nginx peer({.location = "location /one { return 301 /two?x=y; }\n"
                            "location /two { return 302 $scheme://$http_host/method; }\n"
                            "location /kept { return 307 /method; }\n"
                            "location /loop { return 302 /loop; }\n"
                            "location /method { return 200 $request_method; }"});
    http::client web;
    const http::response page = co_await web.get(peer.url("/one"));
    EXPECT_EQ(page.text(), "GET");
    EXPECT_EQ(page.url(), peer.url("/method"));
    CO_ASSERT_EQ(page.history().size(), 2u);
    EXPECT_EQ(page.history()[1].url, peer.url("/two?x=y"));
    EXPECT_EQ((co_await web.post(peer.url("/two"), "text")).text(), "GET");
    EXPECT_EQ((co_await web.post(peer.url("/kept"), "text")).text(), "POST");
    EXPECT_EQ((co_await web.get(peer.url("/one"), {.redirects = 0})).status(), 301);
    std::string problem;
    try {
        co_await web.get(peer.url("/loop"));
    } catch (const http::redirect_error& refused) {
        problem = refused.what();
    }
    EXPECT_NE(problem, "");
    co_await peer.close();
}

SIMUL_TEST_REAL(Nginx, BigAndSlowBodies)
{
    nginx peer({.location = "location /up/ { dav_methods PUT DELETE; create_full_put_path on; client_max_body_size 0; }"});
    const bytes big = text_of(10'000'000);
    http::client web;
    EXPECT_EQ((co_await web.put(peer.url("/up/sized"), http::data(big))).status(), 201);
    auto parts = [&]() -> simul::async_generator<bytes> {
        for (std::size_t at = 0; at < big.size(); at += 777'777)
            co_yield big.substr(at, 777'777);
    };
    EXPECT_EQ((co_await web.put(peer.url("/up/chunked"), http::pieces(parts))).status(), 201);
    EXPECT_EQ((co_await web.put(peer.url("/up/asked"), http::data(big), {.expect_continue = true})).status(), 201);
    for (const char* const path : {"/up/sized", "/up/chunked", "/up/asked"}) {
        const http::response got = co_await web.get(peer.url(path));
        EXPECT_TRUE(got.body() == big) << path;
        EXPECT_TRUE(peer.home.get(std::string("www") + path) == big) << path;
    }
    EXPECT_EQ((co_await web.delete_(peer.url("/up/sized"))).status(), 204);

    nginx slow({.location = "limit_rate 400k;"});
    slow.home.put("www/a.txt", big.substr(0, 120'000));
    http::download trickle = co_await web.open("GET", slow.url("/a.txt"));
    EXPECT_EQ(trickle.size(), 120'000u);
    bytes got;
    for (bytes piece = co_await trickle.read_some(); !piece.empty(); piece = co_await trickle.read_some())
        got += piece;
    EXPECT_TRUE(got == big.substr(0, 120'000));
    co_await peer.close();
    co_await slow.close();
}

SIMUL_TEST_REAL(Nginx, Tls)
{
    nginx peer({.location = "location / { return 200 $connection_requests; }"});
    const tls::client_context trusting(simul::testing::trusting_client());
    http::client web({.tls = trusting});
    EXPECT_EQ((co_await web.get(peer.tls_url("/"))).text(), "1");
    EXPECT_EQ((co_await web.get(peer.tls_url("/"))).text(), "2");
    co_await peer.close();
}

SIMUL_TEST_REAL(Nginx, CertificatesThatProveNothing)
{
    struct expectation {
        const char *certificate, *reason;
    };
    const tls::client_context trusting(simul::testing::trusting_client());
    for (const auto& [certificate, reason] : std::initializer_list<expectation>{
             {"expired.pem", "expired"},
             {"future.pem", "not valid"},
             {"other.pem", "is for"},
             {"self_signed.pem", "self"},
             {"unknown.pem", "not trusted"},
         }) {
        nginx peer({.location = "location / { return 200 secret; }", .certificate = certificate});
        int retries = 0;
        const auto count = [&](const http::trace_event& now) { retries += now.what == http::trace_event::kind::retry; };
        http::client web({.retry = {.attempts = 3}, .tls = trusting, .trace = http::trace_with(count)});
        std::string problem;
        try {
            co_await web.get(peer.tls_url("/"));
        } catch (const http::identity_error& refused) {
            problem = refused.what();
        }
        EXPECT_NE(problem.find(reason), std::string::npos) << certificate << ": " << problem;
        EXPECT_EQ(retries, 0);
        co_await peer.close();
    }
}

SIMUL_TEST_REAL(Nginx, AsAProxyBetweenOurClientAndOurServer)
{
    http::server site;
    site.any("/echo", [](http::request& asked) -> task<http::response> {
        const bytes& body = co_await asked.body();
        http::response made(200, http::data(body));
        made.headers().add("X-Method", asked.method_name());
        made.headers().add("X-For", asked.headers().get("X-Forwarded-For").value_or("(none)"));
        co_return made;
    });
    site.get("/stream", [](http::request&) {
        return http::pieces([]() -> simul::async_generator<bytes> {
            for (int i = 0; i < 100; ++i)
                co_yield bytes(10'000, static_cast<char>('a' + i % 26));
        });
    });
    site.post("/large", [](http::request& asked) -> task<http::response> {
        asked.limit_body(http::request::no_limit);
        std::size_t size = 0;
        for (bytes piece = co_await asked.read_some(); !piece.empty(); piece = co_await asked.read_some())
            size += piece.size();
        co_return std::to_string(size);
    });
    simul::listener door = simul::tcp::listen("127.0.0.1:0");
    const std::string at = door.local().text();
    auto serving = simul::spawn(site.serve({.door = std::move(door)}));
    nginx peer({.location = "location / { proxy_pass http://upstream; proxy_http_version 1.1; "
                            "proxy_set_header Connection \"\"; proxy_set_header X-Forwarded-For $remote_addr; "
                            "proxy_request_buffering off; client_max_body_size 0; }\n"
                            "location /old/ { proxy_pass http://upstream/; }",
                .http = "upstream upstream { server " + at + "; keepalive 4; }"});
    http::client web;
    for (int i = 0; i < 3; ++i) {
        const http::response got = co_await web.post(peer.url("/echo"), "round trip");
        EXPECT_EQ(got.status(), 200);
        EXPECT_EQ(got.body(), "round trip");
        EXPECT_EQ(field(got, "X-Method"), "POST");
        EXPECT_EQ(field(got, "X-For"), "127.0.0.1");
    }
    EXPECT_EQ((co_await web.post(peer.url("/old/echo"), "HTTP/1.0")).body(), "HTTP/1.0");
    EXPECT_EQ((co_await web.head(peer.url("/echo"))).status(), 200);
    EXPECT_EQ((co_await web.get(peer.url("/stream"))).body().size(), 1'000'000u);
    EXPECT_EQ((co_await web.get(peer.url("/old/stream"))).body().size(), 1'000'000u);
    EXPECT_EQ((co_await web.get(peer.url("/nothing"))).status(), 404);
    const bytes large(5'000'000, 'x');
    EXPECT_EQ((co_await web.post(peer.url("/large"), http::data(large))).text(), "5000000");
    EXPECT_EQ((co_await web.post(peer.url("/echo"), http::data(large))).status(), 413);
    site.stop();
    co_await std::move(serving);
    co_await peer.close();
}

} // namespace
