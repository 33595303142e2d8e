// SPDX-License-Identifier: MIT
#include <simul/io/dns.hpp>
#include <simul/io/udp.hpp>
#include <simul/run/loop.hpp>
#include <simul/task/gather.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/this_task.hpp>
#include <simul/task/timeout.hpp>
#include <simul/testing/clock.hpp>
#include <simul/testing/gtest.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>

namespace {

using namespace std::chrono_literals;
using simul::address;
using simul::datagram;
using simul::datagram_socket;
using simul::task;
namespace udp = simul::udp;

const address somewhere = address::parse("127.0.0.1:0");

task<> echo(datagram_socket& socket, int times)
{
    while (times-- > 0) {
        const datagram got = co_await socket.receive();
        co_await socket.send_to(got.data, got.from);
    }
}

task<std::string> outcome(task<datagram> receives)
{
    try {
        co_return (co_await std::move(receives)).data;
    } catch (const simul::closed_error& closed) {
        co_return closed.what();
    } catch (const simul::error& failed) {
        co_return std::string(failed.what()) + (failed.code() == std::errc::connection_refused ? " (refused)" : "");
    }
}

// What all backends do alike: in virtual time, and on the real system's.
#define UDP_TEST(name)                                                                                                 \
    task<> name();                                                                                                     \
    SIMUL_TEST(Udp, name)                                                                                              \
    {                                                                                                                  \
        co_await name();                                                                                               \
    }                                                                                                                  \
    SIMUL_TEST_REAL(UdpReal, name)                                                                                     \
    {                                                                                                                  \
        co_await name();                                                                                               \
    }                                                                                                                  \
    task<> name()

UDP_TEST(AnswersToWhoAsked)
{
    auto server = udp::bind(somewhere);
    auto echoes = simul::spawn(echo(server, 2));
    auto client = udp::bind(somewhere);
    for (const char* text : {"hello", ""}) {
        co_await client.send_to(text, server.local());
        const datagram got = co_await client.receive();
        EXPECT_EQ(got.data, text);
        EXPECT_EQ(got.from, server.local());
    }
    co_await echoes;
    EXPECT_NE(server.local().port(), 0);
    EXPECT_EQ(client.peer().text(), "nowhere");
}

UDP_TEST(TalksWithOnePeerOnceConnected)
{
    auto server = udp::bind(somewhere);
    auto echoes = simul::spawn(echo(server, 1));
    auto client = co_await udp::connect(server.local());
    EXPECT_EQ(client.peer(), server.local());
    auto stranger = udp::bind(somewhere);
    co_await stranger.send_to("spam", client.local());
    co_await client.send("ping");
    EXPECT_EQ((co_await client.receive()).data, "ping");
    co_await echoes;
}

UDP_TEST(SaysWhatWasCutOff)
{
    auto socket = udp::bind(somewhere);
    for (int i = 0; i < 2; ++i)
        co_await socket.send_to("0123456789", socket.local());
    char room[20];
    const auto cut = co_await socket.receive_into(std::span(room, 4));
    EXPECT_TRUE(cut.truncated());
    EXPECT_EQ(cut.size, 4u);
    EXPECT_EQ(cut.length, 10u);
    EXPECT_EQ(cut.from, socket.local());
    EXPECT_EQ(std::string(room, 4), "0123");
    const auto whole = co_await socket.receive_into(room);
    EXPECT_FALSE(whole.truncated());
    EXPECT_EQ(whole.size, 10u);
}

UDP_TEST(CarriesTheLargest)
{
    auto socket = udp::bind(somewhere);
    const std::string large(65507, 'x');
    co_await socket.send_to(large, socket.local());
    EXPECT_EQ((co_await socket.receive()).data, large);
    try {
        co_await socket.send_to(large + "x", socket.local());
        ADD_FAILURE();
    } catch (const simul::error& refused) {
        EXPECT_EQ(refused.what(), "send to " + socket.local().text() + ": Message too long");
    }
}

UDP_TEST(HearsThatNobodyIsThereAndStaysUsable)
{
    auto gone = udp::bind(somewhere);
    const address at = gone.local();
    gone.close();
    auto client = co_await udp::connect(at);
    co_await client.send("ping");
    EXPECT_EQ(co_await outcome(client.receive()), "receive from " + at.text() + ": Connection refused (refused)");

    auto back = udp::bind(at);
    co_await client.send("again");
    EXPECT_EQ((co_await back.receive()).data, "again");
}

UDP_TEST(LosesNothingWhenAReceiveIsCancelled)
{
    auto socket = udp::bind(somewhere);
    for (int i = 0; i < 3; ++i) {
        auto waits = simul::spawn(socket.receive());
        co_await simul::yield();
        co_await socket.send_to("x", socket.local());
        for (int turns = 0; turns < i; ++turns)
            co_await simul::yield();
        waits.cancel();
        std::optional<datagram> got;
        try {
            got = co_await std::move(waits);
        } catch (const simul::cancelled&) {
        }
        if (!got)
            got = co_await socket.receive();
        EXPECT_EQ(got->data, "x");
    }
}

UDP_TEST(ClosingEndsWhoWaits)
{
    auto socket = udp::bind(somewhere);
    const address at = socket.local();
    auto one = simul::spawn(outcome(socket.receive()));
    auto two = simul::spawn(outcome(socket.receive()));
    auto unstarted = socket.receive();
    co_await simul::yield();
    socket.close();
    socket.close();
    EXPECT_EQ(co_await one, "receive: the socket was closed");
    EXPECT_EQ(co_await two, "receive: the socket was closed");
    EXPECT_EQ(co_await outcome(std::move(unstarted)), "receive: the socket is closed");
    EXPECT_FALSE(socket.is_open());
    CO_ASSERT_THROW(socket.local(), simul::closed_error);
    CO_ASSERT_THROW(co_await socket.receive(), simul::closed_error);
    auto again = udp::bind(at); // it is free
}

UDP_TEST(MayBeDestroyedBeforeWhoWaitsHasLeft)
{
    std::optional<datagram_socket> socket = udp::bind(somewhere);
    auto waits = simul::spawn(outcome(socket->receive()));
    co_await simul::yield();
    socket.reset();
    EXPECT_EQ(co_await waits, "receive: the socket was closed");
}

UDP_TEST(MovesWhileSomebodyWaits)
{
    auto socket = udp::bind(somewhere);
    auto waits = simul::spawn(socket.receive());
    co_await simul::yield();
    auto moved = std::move(socket);
    co_await moved.send_to("x", moved.local());
    EXPECT_EQ((co_await waits).data, "x");
    EXPECT_FALSE(socket.is_open()); // NOLINT(bugprone-use-after-move): says so
}

UDP_TEST(ServesManyReceivers)
{
    auto socket = udp::bind(somewhere);
    const address at = socket.local();
    auto [a, b, c] = co_await simul::gather(socket.receive(), socket.receive(),
                                            [](datagram_socket& to, address there) -> task<std::string> {
                                                for (int i = 0; i < 3; ++i)
                                                    co_await to.send_to("xyz", there);
                                                co_return (co_await to.receive()).data;
                                            }(socket, at));
    EXPECT_EQ(a.data + b.data + c, "xyzxyzxyz");
}

UDP_TEST(TakesIpv4BesideIpv6)
{
    auto both = udp::bind(address::any(0));
    auto four = udp::bind(somewhere);
    co_await four.send_to("x", address::ip("127.0.0.1", both.local().port()));
    const datagram got = co_await both.receive();
    EXPECT_TRUE(got.from.is_loopback()) << got.from.text();
    co_await both.send_to("y", got.from);
    EXPECT_EQ((co_await four.receive()).data, "y");
}

UDP_TEST(SaysWhyItCanNotBind)
{
    auto taken = udp::bind(somewhere);
    try {
        udp::bind(taken.local());
        ADD_FAILURE();
    } catch (const simul::error& refused) {
        EXPECT_EQ(refused.what(), "bind udp " + taken.local().text() + ": Address already in use");
        EXPECT_EQ(refused.code(), std::errc::address_in_use);
    }
    CO_ASSERT_THROW(udp::bind(address::parse("unix:/x")), simul::error);
    CO_ASSERT_THROW(co_await udp::connect(address()), simul::error);
}

SIMUL_TEST(Udp, NeedsAPeerToSendWithoutSayingWhom)
{
    auto socket = udp::bind(somewhere);
    CO_ASSERT_THROW(co_await socket.send("x"), simul::invalid_state);
}

SIMUL_TEST(Udp, ConnectsToAHostByItsName)
{
    simul::dns::use_hosts({{"time.example", {"127.0.0.1"}}});
    auto server = udp::bind(address::parse("127.0.0.1:123"));
    auto client = co_await udp::connect("time.example", 123);
    co_await client.send("x");
    EXPECT_EQ((co_await server.receive()).from, client.local());
}

SIMUL_TEST(Udp, WaitsForAnAnswerForSoLong)
{
    auto socket = udp::bind(somewhere);
    CO_ASSERT_THROW(co_await simul::timeout(2s, socket.receive()), simul::timeout_error);
    co_await socket.send_to("late", socket.local());
    EXPECT_EQ((co_await socket.receive()).data, "late");
}

SIMUL_TEST_REAL(UdpReal, SetsOptionsAndJoinsGroups)
{
    const address group = address::parse("239.1.2.3:0");
    auto one = udp::bind(address::parse("0.0.0.0:0"), {.broadcast = true,
                                                       .reuse_address = true,
                                                       .reuse_port = true,
                                                       .hops = 3,
                                                       .multicast_hops = 2,
                                                       .receive_buffer = 65536,
                                                       .send_buffer = 65536});
    auto six = udp::bind(address::any(0), {.hops = 3, .multicast_hops = 2, .multicast_loop = false});
    try {
        one.join(group);
    } catch (const simul::error& refused) {
        GTEST_LOG_(INFO) << "no multicast here: " << refused.what();
        EXPECT_EQ(std::string(refused.what()).substr(0, 19), "join 239.1.2.3:0: N");
        CO_SKIP();
    }
    co_await one.send_to("to all", group.with_port(one.local().port()));
    EXPECT_EQ((co_await simul::timeout(10s, one.receive())).data, "to all");
    one.leave(group);
    try {
        one.leave(group);
        ADD_FAILURE();
    } catch (const simul::error& refused) {
        EXPECT_EQ(std::string(refused.what()).substr(0, 18), "leave 239.1.2.3:0:");
    }
    CO_ASSERT_THROW(one.join(address::parse("unix:/x")), simul::error);
}

TEST(Udp, EndsWithItsLoop)
{
    std::optional<datagram_socket> outlives;
    {
        simul::loop loop({.backend = simul::backend::sim});
        auto waits = loop.launch([](std::optional<datagram_socket>& kept) -> task<> {
            kept = udp::bind(somewhere);
            co_await kept->receive();
        }(outlives));
        int problems = 0;
        loop.set_error_handler([&](const simul::problem&) { ++problems; });
        loop.run_once();
        loop.close();
        EXPECT_EQ(problems, 1); // that a task was still waiting
        waits.detach();
    }
    EXPECT_FALSE(outlives->is_open());
    outlives.reset();
}

} // namespace
