// SPDX-License-Identifier: MIT
//
// Our client at servers that speak HTTP/1.0, or in a way of their own.
#include "peers.hpp"

#include <simul/http/client.hpp>

#include <string>

namespace {

using namespace peers;
namespace http = simul::http;
namespace tls = simul::tls;

/// Python's http.server, with the files of `home`.
class python_server {
public:
    python_server() : process_(start()) {}

    std::string url(std::string_view path) const { return "http://127.0.0.1:" + port_.number() + std::string(path); }
    task<> close() { return end_peer(process_); }

    scratch home;

private:
    simul::subprocess start()
    {
        const std::string program = "import http.server, os, socket\n"
                                    "site = http.server.ThreadingHTTPServer(('127.0.0.1', 0), "
                                    "http.server.SimpleHTTPRequestHandler, False)\n"
                                    "site.socket = socket.socket(fileno=0)\n"
                                    "site.serve_forever()\n";
        auto made = start_peer({"python3", "-c", program}, {.input = simul::redirect::fd(port_.fd()),
                                                            .error = simul::redirect::null(),
                                                            .directory = home.path()});
        port_.close();
        return made;
    }

    port port_;
    simul::subprocess process_;
};

SIMUL_TEST_REAL(PythonServer, EndsEachAnswerWithTheConnection)
{
    python_server peer;
    const bytes text = text_of(500'000);
    peer.home.put("a.txt", text);
    peer.home.put("b c/d.txt", "inside");
    http::client web;
    for (int i = 0; i < 3; ++i) {
        const http::response got = co_await web.get(peer.url("/a.txt"));
        EXPECT_EQ(got.status(), 200);
        EXPECT_EQ(got.headers().get("Content-Type"), "text/plain");
        EXPECT_TRUE(got.body() == text);
    }
    EXPECT_NE((co_await web.get(peer.url("/"))).text().find("b%20c/"), std::string::npos);
    const http::response redirected = co_await web.get(peer.url("/b c"));
    EXPECT_EQ(redirected.url(), peer.url("/b%20c/"));
    EXPECT_EQ((co_await web.get(peer.url("/b%20c/d.txt"))).text(), "inside");
    EXPECT_EQ((co_await web.get(peer.url("/nothing"))).status(), 404);
    EXPECT_EQ((co_await web.post(peer.url("/a.txt"), "text")).status(), 501);
    const http::response head = co_await web.head(peer.url("/a.txt"));
    EXPECT_EQ(head.headers().get("Content-Length"), "500000");
    EXPECT_EQ(head.body(), "");
    co_await peer.close();
}

/// `openssl s_server` with the files of `home`.
class openssl_server {
public:
    openssl_server()
        : process_(start_peer({"openssl", "s_server", "-WWW", "-accept", "127.0.0.1:0", "-key",
                               simul::testing::data_file("server.key"), "-cert", simul::testing::data_file("server.pem")},
                              {.output = simul::redirect::pipe(),
                               .error = simul::redirect::null(),
                               .directory = home.path()}))
    {
    }

    /// Waits until it listens.
    task<std::string> url(std::string path)
    {
        while (port_.empty()) {
            const auto line = co_await process_.output().read_line();
            if (!line)
                throw simul::error(std::errc::no_such_process, "openssl s_server has ended");
            if (line->starts_with("ACCEPT "))
                port_ = line->substr(line->rfind(':') + 1);
        }
        co_return "https://localhost:" + port_ + path;
    }
    task<> close() { return end_peer(process_); }

    scratch home;

private:
    simul::subprocess process_;
    std::string port_;
};

SIMUL_TEST_REAL(OpensslServer, SendsAFileWithoutItsLength)
{
    openssl_server peer;
    peer.home.put("a.html", "<p>hello</p>");
    const bytes text = text_of(200'000);
    peer.home.put("b.txt", text);
    http::client web({.tls = tls::client_context(simul::testing::trusting_client())});
    const http::response page = co_await web.get(co_await peer.url("/a.html"));
    EXPECT_EQ(page.status(), 200);
    EXPECT_EQ(page.text(), "<p>hello</p>");
    EXPECT_TRUE((co_await web.get(co_await peer.url("/b.txt"))).body() == text);
    co_await peer.close();
}

} // namespace
