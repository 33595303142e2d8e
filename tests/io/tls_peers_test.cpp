// SPDX-License-Identifier: MIT
//
// TLS with OpenSSL's own programs at the other end.
#include "tls_fixture.hpp"

#include <simul/run/to_thread.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/timeout.hpp>
#include <simul/testing/gtest.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>

namespace {

using namespace std::chrono_literals;
using namespace simul::testing;
using simul::stream;
using simul::task;
namespace tls = simul::tls;

bool have_openssl()
{
    static const bool found = std::system("openssl version >/dev/null 2>&1") == 0;
    return found;
}

/// What a shell says to `command`; it ends by itself, or after 20 s.
std::string said(const std::string& command)
{
    std::FILE* const pipe = ::popen(("timeout 20 sh -c '" + command + "' 2>&1").c_str(), "re");
    std::string all;
    std::array<char, 4096> room;
    while (const std::size_t got = std::fread(room.data(), 1, room.size(), pipe))
        all.append(room.data(), got);
    ::pclose(pipe);
    return all;
}

/// `openssl s_server` for so many connections.
class openssl_server {
public:
    explicit openssl_server(const std::string& options, int connections = 1)
        : pipe_(::popen(("exec timeout 20 openssl s_server -accept 127.0.0.1:0 -naccept " +
                         std::to_string(connections) + " -key " + data_file("server.key") + " -cert " +
                         data_file("server.pem") + " " + options + " 2>/dev/null </dev/null")
                            .c_str(),
                        "re"))
    {
    }
    ~openssl_server() { ::pclose(pipe_); }

    /// Blocks until it listens.
    std::uint16_t port()
    {
        std::array<char, 200> line;
        while (std::fgets(line.data(), line.size(), pipe_))
            if (const std::string text = line.data(); text.starts_with("ACCEPT "))
                return static_cast<std::uint16_t>(std::stoi(text.substr(text.rfind(':') + 1)));
        return 0;
    }

private:
    std::FILE* pipe_;
};

task<std::string> page_of(openssl_server& server, tls::client_options how = trusting_client())
{
    const std::uint16_t port = co_await simul::to_thread([&] { return server.port(); });
    try {
        stream peer = co_await tls::connect("localhost", port, how);
        co_await peer.write("GET / HTTP/1.0\r\n\r\n");
        const simul::bytes page = co_await peer.read_all();
        const tls::connection_info seen = tls::info(peer);
        co_await peer.close();
        co_return seen.version + "|" + seen.alpn + "|" + page.substr(0, 15);
    } catch (const tls::failure& failed) {
        co_return failed.what();
    }
}

struct served {
    std::string got;     ///< by the server
    std::string problem; ///< of it
    std::string said;    ///< by the client's program
};

/// Serves one `openssl s_client`: reads a line, answers "bye", and closes.
task<served> serve_client(std::string client, tls::server_options how = server_with())
{
    auto door = simul::tcp::listen("127.0.0.1:0");
    auto asks = simul::to_thread([command = std::move(client), port = door.local().port()] {
        const std::size_t place = command.find("s_client");
        return said(command.substr(0, place) + "openssl s_client -connect 127.0.0.1:" + std::to_string(port) +
                    " -servername localhost -CAfile " + data_file("authority.pem") + command.substr(place + 8));
    });
    served done;
    try {
        stream peer = co_await accept_tls(door, tls::server_context(std::move(how)));
        done.got = (co_await peer.read_line()).value_or("(end)");
        co_await peer.write("bye\n");
        co_await peer.close();
    } catch (const simul::error& failed) {
        done.problem = failed.what();
    }
    done.said = co_await asks;
    co_return done;
}

/// A client that is given a command of its own, and says "hello" when it has shown `sign` of it.
std::string with_command(const std::string& command, const std::string& sign)
{
    return "f=$(mktemp); trap \"rm $f\" EXIT; (echo " + command + "; until grep -q " + sign +
           " $f; do sleep 0.02; done; echo hello) | s_client";
}

SIMUL_TEST_REAL(TlsPeers, AClientOfOurs)
{
    if (!have_openssl())
        CO_SKIP() << "there is no `openssl` here";
    {
        openssl_server server("-www");
        EXPECT_EQ(co_await page_of(server), "TLSv1.3||HTTP/1.0 200 ok");
    }
    {
        openssl_server server("-www -tls1_2 -alpn h2,http/1.1");
        tls::client_options how = trusting_client();
        how.alpn = {"http/1.1"};
        EXPECT_EQ(co_await page_of(server, how), "TLSv1.2|http/1.1|HTTP/1.0 200 ok");
    }
    {
        openssl_server server("-www -tls1_1 -cipher ALL:@SECLEVEL=0");
        EXPECT_NE((co_await page_of(server)).find("TLS handshake with localhost: the peer refused: protocol version"),
                  std::string::npos);
    }
}

SIMUL_TEST_REAL(TlsPeers, GoesOnWithASessionAsOftenAsTls12Allows)
{
    if (!have_openssl())
        CO_SKIP() << "there is no `openssl` here";
    openssl_server server("-www -tls1_2", 3);
    const std::uint16_t port = co_await simul::to_thread([&] { return server.port(); });
    const tls::client_context ours(trusting_client());
    for (int i = 0; i < 3; ++i) {
        stream peer = co_await tls::connect("localhost", port, ours);
        EXPECT_EQ(tls::info(peer).resumed, i > 0);
        co_await peer.write("GET / HTTP/1.0\r\n\r\n");
        co_await peer.read_all();
        co_await peer.close();
    }
}

SIMUL_TEST_REAL(TlsPeers, AServerOfOurs)
{
    if (!have_openssl())
        CO_SKIP() << "there is no `openssl` here";
    for (const char* version : {"-tls1_2", "-tls1_3"}) {
        const served done =
            co_await serve_client(std::string("echo hello | s_client -ign_eof -verify_return_error ") + version);
        EXPECT_EQ(done.got, "hello");
        EXPECT_EQ(done.problem, "");
        EXPECT_NE(done.said.find("Verify return code: 0 (ok)"), std::string::npos) << done.said;
        EXPECT_NE(done.said.find("bye"), std::string::npos) << done.said;
    }
}

SIMUL_TEST_REAL(TlsPeers, OldVersionsAreRefused)
{
    if (!have_openssl())
        CO_SKIP() << "there is no `openssl` here";
    const served done = co_await serve_client("echo hello | s_client -tls1_1 -cipher ALL:@SECLEVEL=0");
    EXPECT_EQ(done.got, "");
    EXPECT_NE(done.problem.find("unsupported protocol"), std::string::npos) << done.problem;
}

SIMUL_TEST_REAL(TlsPeers, RenegotiationIsRefused)
{
    if (!have_openssl())
        CO_SKIP() << "there is no `openssl` here";
    // A line that begins with R asks for it.
    const served done = co_await serve_client(with_command("R", "RENEGOTIATING") + " -tls1_2 >$f 2>&1; cat $f");
    EXPECT_NE(done.said.find("RENEGOTIATING"), std::string::npos) << done.said;
    EXPECT_NE(done.said.find("no renegotiation"), std::string::npos) << done.said;
    EXPECT_NE(done.got, "hello");
}

SIMUL_TEST_REAL(TlsPeers, ANewKeyInTheMiddle)
{
    if (!have_openssl())
        CO_SKIP() << "there is no `openssl` here";
    const served done = co_await serve_client(with_command("K", "KEYUPDATE") + " -tls1_3 >$f 2>&1; cat $f");
    EXPECT_NE(done.said.find("KEYUPDATE"), std::string::npos) << done.said;
    EXPECT_EQ(done.got, "hello");
    EXPECT_EQ(done.problem, "");
}

} // namespace
