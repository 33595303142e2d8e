// SPDX-License-Identifier: MIT
#include "../../io/tls_fixture.hpp"
#include "site.hpp"

#include <simul/io/tls.hpp>

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace site;
using simul::testing::elapsed;
namespace tls = simul::tls;

/// A server with a certificate of localhost.
class secret : public served {
public:
    explicit secret(http::server& site)
        : served(site, simul::tcp::listen("127.0.0.1:0"), tls::server_context(simul::testing::server_with()))
    {
    }
    task<simul::stream> connect() const
    {
        simul::stream plain = co_await simul::tcp::connect(at);
        co_return co_await tls::start_tls(std::move(plain), "localhost",
                                          tls::client_context(simul::testing::trusting_client()));
    }
};

/// One answer of `hello`.
task<> hear_hello(simul::stream& from)
{
    const bytes asked = wire(get_root);
    co_await from.write(asked);
    EXPECT_EQ(readable(co_await from.read_until("hello")), hello);
}

SIMUL_TEST(ServerTls, TalksInSecret)
{
    http::server site;
    site.get("/", [](request& asked) {
        EXPECT_TRUE(asked.is_encrypted());
        return "hello";
    });
    secret now(site);
    simul::stream one = co_await now.connect();
    co_await hear_hello(one);
    co_await hear_hello(one);

    // Who doesn't speak TLS, or says nothing, is let go.
    client stranger = co_await client::connect(now.at);
    co_await stranger.say(get_root);
    try {
        EXPECT_EQ((co_await stranger.hear_out()).find("200 OK"), std::string::npos);
    } catch (const simul::error&) {
    }
    client silent = co_await client::connect(now.at);
    EXPECT_EQ(co_await elapsed(silent.hear_out()), 10s);
    stranger.peer.abort();
    silent.peer.abort();
    one.abort();
    co_await now.close();
}

SIMUL_TEST(ServerTls, SaysGoodbyeToWhoIsIdleForTooLong)
{
    http::server site({.keep_alive = 5s});
    site.get("/", say_hello);
    secret now(site);
    simul::stream one = co_await now.connect();
    co_await hear_hello(one);
    EXPECT_EQ(co_await elapsed(one.read_all()), 5s); // to its end: nothing was cut off
    co_await one.close();
    co_await now.close();
}

SIMUL_TEST(ServerTls, SaysGoodbyeWhenItStopsAndWaitsForNobody)
{
    http::server site;
    site.get("/", say_hello);
    secret now(site);
    simul::stream one = co_await now.connect();
    co_await hear_hello(one);
    EXPECT_EQ(co_await elapsed(now.close()), 1s); // of silence
    EXPECT_EQ(co_await one.read_all(), "");
    one.abort();
}

} // namespace
