// SPDX-License-Identifier: MIT
//
// Through proxies, and over TLS.
#include "../../io/tls_fixture.hpp"
#include "../../task/outcome.hpp"
#include "../scratch.hpp"
#include "scripted_server.hpp"

#include <simul/http/client.hpp>
#include <simul/io/dns.hpp>
#include <simul/io/tcp.hpp>
#include <simul/io/tls.hpp>
#include <simul/testing/gtest.hpp>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
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
namespace tls = simul::tls;

constexpr const char* proxy_address = "10.0.0.9:3128"; // proxies aren't asked for what is on this machine

SIMUL_TEST(HttpProxy, GetsTheWholeUrl)
{
    server proxy({{answer("by proxy"), answer("")}}, proxy_address);
    http::client web({.proxy = "http://us%20er:secret@10.0.0.9:3128"});
    const auto page = co_await web.get("http://example.org/a?b#c", {.headers = {{"X-A", "1"}}});
    EXPECT_EQ(page.text(), "by proxy");
    EXPECT_EQ(page.url(), "http://example.org/a?b#c");
    EXPECT_TRUE(proxy.requests().at(0).starts_with("GET http://example.org/a?b HTTP/1.1\r\nHost: example.org\r\n"))
        << proxy.requests().at(0);
    EXPECT_NE(proxy.requests().at(0).find("Proxy-Authorization: Basic dXMgZXI6c2VjcmV0\r\n"), bytes::npos);
    co_await web.get("http://example.org/other");
    EXPECT_EQ(proxy.connections(), 1u);
}

SIMUL_TEST(HttpProxy, IsNotForThisMachineNorForExceptions)
{
    server site({{answer("direct")}}), other({{answer("direct, too")}}, "10.0.0.1:80");
    http::client web({.proxy = "http://10.0.0.9:3128", .no_proxy = "10.0.0.0/24"});
    EXPECT_EQ((co_await web.get(site.url())).text(), "direct");
    EXPECT_EQ((co_await web.get("http://10.0.0.1/")).text(), "direct, too");
    EXPECT_EQ(co_await error_of(web.get("http://10.1.1.1/")),
              "GET http://10.1.1.1/: connect to 10.0.0.9:3128: Connection refused");
}

/// A variable of the environment, while this lives.
class variable {
public:
    variable(const char* name, const std::string& value) : name_(name), before_(std::getenv(name) ? std::getenv(name) : "")
    {
        ::setenv(name, value.c_str(), 1);
    }
    variable(const variable&) = delete;
    ~variable() { before_.empty() ? ::unsetenv(name_) : ::setenv(name_, before_.c_str(), 1); }

private:
    const char* name_;
    std::string before_;
};

SIMUL_TEST(HttpEnvironment, CountsWhenItIsTrusted)
{
    const scratch home;
    home.put(".netrc", "machine 10.0.0.1 login magnus password secret\n"
                                                     "machine 10.0.0.2 login other password x\n");
    const variable proxies("http_proxy", "10.0.0.9:3128"), direct_ones("no_proxy", "10.0.0.0/28"), homes("HOME", home.path());
    server proxy({{answer("by proxy")}}, proxy_address);
    server direct({{answer("direct"), answer("direct"), answer("direct"), scripted::redirect("http://10.0.0.2/")}}, "10.0.0.1:80");
    server other({{answer("elsewhere")}}, "10.0.0.2:80");
    http::client web({.trust_env = true});
    EXPECT_EQ((co_await web.get("http://example.org/")).text(), "by proxy");
    EXPECT_EQ(proxy.requests().at(0).find("Authorization"), bytes::npos); // it isn't in the file
    EXPECT_EQ((co_await web.get("http://10.0.0.1/")).text(), "direct");
    EXPECT_NE(direct.requests().at(0).find("Authorization: Basic bWFnbnVzOnNlY3JldA==\r\n"), bytes::npos);
    co_await web.get("http://10.0.0.1/", {.auth = http::bearer("mine")});
    EXPECT_NE(direct.requests().at(1).find("Authorization: Bearer mine\r\n"), bytes::npos);
    co_await web.get("http://a:b@10.0.0.1/");
    EXPECT_NE(direct.requests().at(2).find("Authorization: Basic YTpi\r\n"), bytes::npos);
    EXPECT_EQ((co_await web.get("http://10.0.0.1/", {.auth = http::bearer("mine")})).text(), "elsewhere");
    EXPECT_NE(other.requests().at(0).find("Authorization: Basic b3RoZXI6eA==\r\n"), bytes::npos);

    http::client careful;
    server again({{answer("asked by nobody else")}}, "10.0.0.1:81");
    co_await careful.get("http://10.0.0.1:81/");
    EXPECT_EQ(again.requests().at(0).find("Authorization"), bytes::npos);
}

/// What https has behind it, and what a proxy says before.
struct secret_server {
    explicit secret_server(const char* at, bytes tunnel_answer = {})
        : door(simul::tcp::listen(at)),
          context(simul::testing::server_with()),
          serving(simul::spawn(talk(std::move(tunnel_answer))))
    {
    }

    task<> talk(bytes says)
    {
        try {
            simul::stream peer = co_await door.accept();
            if (!says.empty()) {
                asked.push_back(co_await peer.read_until("\r\n\r\n"));
                co_await peer.write(says);
            }
            peer = co_await tls::accept(std::move(peer), context);
            for (;;) {
                asked.push_back(co_await peer.read_until("\r\n\r\n"));
                co_await peer.write(answer("secret"));
            }
        } catch (const simul::error& why) {
            end = why.what();
        }
    }

    simul::listener door;
    tls::server_context context;
    std::vector<bytes> asked;
    std::string end; ///< what the reading ended with
    simul::future<> serving;
};

tls::client_context trusting()
{
    return tls::client_context(simul::testing::trusting_client());
}

SIMUL_TEST(HttpTls, IsUsedForHttps)
{
    secret_server site("127.0.0.1:8443");
    http::client web({.tls = trusting()});
    EXPECT_EQ((co_await web.get("https://localhost:8443/a")).text(), "secret");
    EXPECT_EQ((co_await web.get("https://localhost:8443/b")).text(), "secret"); // over the same connection
    EXPECT_TRUE(site.asked.at(1).starts_with("GET /b HTTP/1.1\r\nHost: localhost:8443\r\n"));
}

SIMUL_TEST(HttpTls, SaysGoodbyeWhenAnIdleConnectionGoes)
{
    const char* const in_order = "read_until: the stream ended before the separator"; // nothing was cut off
    secret_server one("127.0.0.1:8443"), two("127.0.0.1:8444");
    http::client web({.keep_alive = 5s, .tls = trusting()});
    co_await web.get("https://localhost:8443/");
    co_await simul::sleep(6s);
    EXPECT_EQ(one.end, in_order);
    co_await web.get("https://localhost:8444/");
    EXPECT_EQ(two.end, "");
    web.close();
    co_await simul::sleep(1s);
    EXPECT_EQ(two.end, in_order);
}

SIMUL_TEST(HttpTls, TrustsNobodyWithoutProof)
{
    secret_server site("127.0.0.1:8443");
    http::client web;
    const std::string text = co_await error_of(web.get("https://localhost:8443/"));
    EXPECT_TRUE(text.starts_with("GET https://localhost:8443/: certificate of localhost")) << text;
}

SIMUL_TEST(HttpTls, RedirectsDontLeaveIt)
{
    simul::listener door = simul::tcp::listen("127.0.0.1:8443");
    const tls::server_context context(simul::testing::server_with());
    auto serving = simul::spawn(door.serve([&](simul::stream& peer) -> task<> {
        peer = co_await tls::accept(std::move(peer), context);
        co_await peer.read_until("\r\n\r\n");
        co_await peer.write(scripted::redirect("http://localhost/"));
    }));
    {
        http::client web({.tls = trusting()});
        EXPECT_EQ(co_await error_of(web.get("https://localhost:8443/")),
                  "GET https://localhost:8443/: redirects from https to http://localhost/, which anybody can read on "
                  "the way");
    }
    door.close();
    co_await serving;
}

SIMUL_TEST(HttpProxy, MakesATunnelForHttps)
{
    secret_server proxy(proxy_address, "HTTP/1.1 200 Connection established\r\n\r\n");
    http::client web({.tls = trusting(), .proxy = "http://u:p@10.0.0.9:3128"});
    EXPECT_EQ((co_await web.get("https://example.org/a", {.headers = {{"Authorization", "mine"}}})).text(), "secret");
    EXPECT_EQ(proxy.asked.at(0), "CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n"
                                 "Proxy-Authorization: Basic dTpw\r\n\r\n");
    EXPECT_TRUE(proxy.asked.at(1).starts_with("GET /a HTTP/1.1\r\nHost: example.org\r\n"));
    EXPECT_EQ(proxy.asked.at(1).find("Proxy-Authorization"), bytes::npos);
    EXPECT_EQ((co_await web.get("https://example.org/b")).text(), "secret"); // the same tunnel
}

SIMUL_TEST(HttpProxy, MayBeSpokenToInSecret)
{
    secret_server proxy("127.0.0.1:8443");
    http::client web({.tls = trusting(), .proxy = "https://localhost:8443"});
    EXPECT_EQ((co_await web.get("http://example.org/a")).text(), "secret");
    EXPECT_TRUE(proxy.asked.at(0).starts_with("GET http://example.org/a HTTP/1.1\r\nHost: example.org\r\n"));

    simul::listener door = simul::tcp::listen("127.0.0.1:8444");
    const tls::server_context context(simul::testing::server_with());
    auto serving = simul::spawn(door.serve([&](simul::stream& peer) -> task<> {
        peer = co_await tls::accept(std::move(peer), context);
        const bytes asked = co_await peer.read_until("\r\n\r\n");
        EXPECT_TRUE(asked.starts_with("CONNECT example.org:443 ")) << asked;
        co_await peer.write("HTTP/1.1 200 OK\r\n\r\n");
        peer = co_await tls::accept(std::move(peer), context);
        co_await peer.read_until("\r\n\r\n");
        co_await peer.write(answer("twice as secret"));
    }));
    {
        http::client other({.tls = trusting(), .proxy = "https://localhost:8444"});
        EXPECT_EQ((co_await other.get("https://example.org/")).text(), "twice as secret");
    }
    door.close();
    co_await serving;
}

SIMUL_TEST(HttpProxy, ThatRefusesIsAnError)
{
    secret_server proxy(proxy_address, "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
    http::client web({.tls = trusting(), .proxy = "http://u:p@10.0.0.9:3128"});
    EXPECT_EQ(co_await error_of(web.get("https://example.org/")),
              "GET https://example.org/: the proxy http://10.0.0.9:3128 refused: 407 Proxy Authentication Required");
    secret_server again("10.0.0.8:3128", "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
    http::client other({.tls = trusting(), .proxy = "http://10.0.0.8:3128"});
    EXPECT_TRUE(co_await raises<http::connect_error>(other.get("https://example.org/")));
}

} // namespace
