// SPDX-License-Identifier: MIT
#include "http/h1/connection.hpp"

#include "../../task/outcome.hpp"
#include "http/watchdog.hpp"

#include <simul/io/unix_socket.hpp>
#include <simul/task/spawn.hpp>
#include <simul/testing/gtest.hpp>

#include <string>
#include <utility>

namespace {

using namespace std::chrono_literals;
using outcome::error_of;
using simul::bytes;
using simul::task;
using simul::http::watchdog;
namespace h1 = simul::http::h1;
namespace http = simul::http;

/// A connection, and the raw other end.
struct both {
    both(h1::role as) : both(as, simul::unix_::pair()) {}
    both(h1::role as, std::pair<simul::stream, simul::stream> ends)
        : mine(std::move(ends.first), as, {}), other(std::move(ends.second))
    {
    }

    h1::connection mine;
    simul::stream other;
};

simul::async_generator<bytes> two()
{
    co_yield "one";
    co_yield "two";
}

/// What stands behind a head that says `content.plan()`.
task<> send_body(h1::connection& to, h1::outgoing_content& content)
{
    bytes& out = to.outgoing();
    if (content.is_whole()) {
        to.writer().body(out, content.data());
    } else {
        for (bytes piece = co_await content.reader().next(); !piece.empty(); piece = co_await content.reader().next())
            to.writer().body(out, piece);
    }
    to.writer().end(out);
    co_await to.send();
}

task<bytes> sent(http::content what)
{
    both ends(h1::role::client);
    h1::outgoing_content opened = co_await h1::outgoing_content::open(what);
    ends.mine.writer().request(ends.mine.outgoing(), "PUT", "/", {{"Host", "a"}}, opened.plan());
    co_await send_body(ends.mine, opened);
    co_await opened.close();
    co_await ends.mine.peer().shutdown();
    co_return co_await ends.other.read_all();
}

SIMUL_TEST(H1Connection, SendsContentOfAnyKind)
{
    EXPECT_EQ(co_await sent({}), "PUT / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(co_await sent("x"), "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
    EXPECT_EQ(co_await sent(http::pieces(two)),
              "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n");
    const bytes large(50'000, 'x');
    EXPECT_EQ(co_await sent(large), "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 50000\r\n\r\n" + large);
}

SIMUL_TEST(H1Connection, TellsWhatHasArrived)
{
    both ends(h1::role::server);
    co_await ends.other.write("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET");
    EXPECT_EQ((co_await ends.mine.next()).what, h1::event::head);
    EXPECT_EQ((co_await ends.mine.next()).what, h1::event::end);
    EXPECT_FALSE(ends.mine.is_quiet());
    EXPECT_FALSE(ends.mine.is_silent());
    EXPECT_EQ(ends.mine.try_next().what, h1::event::starved);
    ends.other.abort();
    EXPECT_EQ((co_await ends.mine.next()).what, h1::event::failed);
}

SIMUL_TEST(H1Connection, LetsOneTaskWaitAndLosesNothingWhenThatIsCancelled)
{
    both ends(h1::role::server);
    simul::future<h1::found> waiting = simul::spawn(ends.mine.next());
    co_await simul::sleep(1ms);
    EXPECT_EQ(co_await error_of(ends.mine.next()), "fetch: another task is reading from this stream");
    waiting.cancel();
    EXPECT_EQ(co_await error_of(waiting), "cancelled");
    co_await ends.other.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ((co_await ends.mine.next()).what, h1::event::head);
}

SIMUL_TEST(H1Connection, EndsAWaitWhenItsStreamIsAborted)
{
    both ends(h1::role::server);
    simul::future<h1::found> waiting = simul::spawn(ends.mine.next());
    co_await simul::sleep(1ms);
    ends.mine.peer().abort();
    EXPECT_EQ(co_await error_of(waiting), "the stream was closed while it was being read");
    EXPECT_EQ(co_await error_of(ends.mine.next()), "fetch: the stream is closed");
}

SIMUL_TEST(H1Connection, HearsWhenTheOtherEndGoes)
{
    both ends(h1::role::client);
    ends.mine.parser().expect({});
    co_await ends.other.write("HTTP/1.1 204 No Content\r\n\r\n");
    EXPECT_EQ((co_await ends.mine.next()).what, h1::event::head);
    EXPECT_EQ((co_await ends.mine.next()).what, h1::event::end);
    EXPECT_TRUE(ends.mine.is_quiet());
    EXPECT_TRUE(ends.mine.is_silent());
    co_await ends.other.close();
    co_await simul::sleep(1ms);
    EXPECT_FALSE(ends.mine.is_silent());
    ends.mine.peer().abort();
    EXPECT_FALSE(ends.mine.is_silent());
}

SIMUL_TEST(H1Connection, GivesItsStreamToAnotherProtocol)
{
    both ends(h1::role::client);
    ends.mine.parser().expect({.to = http::method::connect});
    co_await ends.other.write("HTTP/1.1 200 OK\r\n\r\nbinary");
    EXPECT_EQ((co_await ends.mine.next()).what, h1::event::head);
    simul::stream peer = ends.mine.release();
    EXPECT_EQ(co_await peer.read_exactly(6), "binary");
}

// ---- the watchdog

SIMUL_TEST(HttpWatchdog, BitesInTime)
{
    auto [mine, other] = simul::unix_::pair();
    watchdog limit(mine);
    const auto before = simul::now();
    limit.set(10s, "first");
    co_await simul::sleep(5s);
    limit.set(10s, "second"); // moves it
    EXPECT_EQ(co_await error_of(mine.read_some()), "the stream was closed while it was being read");
    EXPECT_EQ(simul::now() - before, 15s);
    EXPECT_STREQ(limit.bitten(), "second");
}

SIMUL_TEST(HttpWatchdog, RestsAndMayBeBroughtForward)
{
    auto [mine, other] = simul::unix_::pair();
    watchdog limit(mine);
    limit.set(10s, "never");
    limit.rest();
    co_await simul::sleep(1h);
    EXPECT_EQ(limit.bitten(), nullptr);
    limit.set(1h, "late");
    limit.set(1s, "soon");
    co_await simul::sleep(2s);
    EXPECT_STREQ(limit.bitten(), "soon");
    limit.set(0s, "none");
}

} // namespace
