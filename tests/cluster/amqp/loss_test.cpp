// SPDX-License-Identifier: MIT
//
// What becomes of all that is under way when a channel or the connection ends, and how a dead broker is found out.
#include "cluster/amqp/connection.hpp"

#include "../../task/outcome.hpp"
#include "fake_broker.hpp"

#include <simul/task/gather.hpp>
#include <simul/task/timeout.hpp>
#include <simul/testing/clock.hpp>
#include <simul/testing/gtest.hpp>

#include <string>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace amqp_tests;
using outcome::error_of;
using outcome::raises;
using simul::future;
using simul::testing::seeds;
using simul::testing::wait_all_blocked;

// ---- channels

SIMUL_TEST(AmqpLoss, WhatTheBrokerRefusesEndsItsChannelOnly)
{
    auto server = serve([](fake_broker& peer) -> task<> {
        co_await peer.log_in();
        co_await peer.open_channel(1);
        co_await peer.open_channel(2);
        co_await peer.let_consume();
        EXPECT_EQ(co_await peer.next(), "1 publish \"\" \"q\" {} \"\"");
        EXPECT_EQ(co_await peer.next(), "1 queue.bind 0 \"q\" \"no\" \"\" 0 {}");
        co_await peer.say(1, basic_deliver{"1", 1, false, "", "q"}, {}, "comes again");
        co_await peer.say(1, channel_close{404, "NOT_FOUND - no exchange 'no' in vhost '/'", queue_bind::id});
        EXPECT_EQ(co_await peer.next(), "1 channel.close-ok");
        EXPECT_EQ(co_await peer.next(), "2 queue.purge 0 \"q\" 0");
        co_await peer.say(2, queue_purge_ok{1});
        co_await peer.open_channel(1);
        co_await peer.next();
    });
    connection c = co_await connection::open(here);
    channel one = co_await c.open_channel();
    channel two = co_await c.open_channel();
    consumer jobs = co_await one.consume("q");
    future<> published = one.publish("", "q", {}, "");
    try {
        co_await one.bind_queue("q", "no", "");
        ADD_FAILURE();
    } catch (const channel_closed& e) {
        EXPECT_STREQ(e.what(), "amqp bind queue q: 404 NOT_FOUND - no exchange 'no' in vhost '/'");
        EXPECT_EQ(e.reply_code(), 404);
    }
    EXPECT_EQ(co_await error_of(published), "amqp publish: 404 NOT_FOUND - no exchange 'no' in vhost '/'");
    EXPECT_EQ(co_await error_of(jobs.next()), "amqp consume q: 404 NOT_FOUND - no exchange 'no' in vhost '/'");
    EXPECT_FALSE(one.is_open());
    EXPECT_FALSE(one.acknowledge(1));
    EXPECT_THROW(static_cast<void>(one.publish("", "q", {}, "")), channel_closed);
    EXPECT_EQ(co_await two.purge_queue("q"), 1u);
    one = co_await c.open_channel();
    EXPECT_TRUE(one.is_open());
    EXPECT_TRUE(c.is_open());
}

SIMUL_TEST(AmqpLoss, ClosingAChannelFailsWhatIsUnderWay)
{
    auto server = serve([](fake_broker& peer) -> task<> {
        co_await peer.log_in();
        co_await peer.open_channel();
        co_await peer.let_consume();
        while (!(co_await peer.next()).starts_with("1 channel.close")) {
        }
        co_await peer.say(1, channel_close_ok{});
        co_await peer.next();
    });
    connection c = co_await connection::open(here);
    channel ch = co_await c.open_channel();
    consumer jobs = co_await ch.consume("q");
    auto waiting = simul::spawn(jobs.next());
    auto purging = simul::spawn(ch.purge_queue("q"));
    future<> published = ch.publish("", "q", {}, "");
    co_await wait_all_blocked();
    co_await ch.close();
    EXPECT_FALSE(co_await waiting);
    EXPECT_EQ(co_await error_of(purging), "amqp purge queue q: the channel was closed");
    EXPECT_TRUE(co_await raises<simul::closed_error>(std::move(published)));
}

// ---- the connection

SIMUL_TEST(AmqpLoss, EverythingFailsWithConnectionLost)
{
    auto server = serve([](fake_broker& peer) -> task<> {
        co_await peer.log_in();
        co_await peer.open_channel();
        co_await peer.let_consume();
        co_await peer.say(1, basic_deliver{"1", 1, false, "", "q"}, {}, "comes again");
        for (int i = 0; i < 3; ++i)
            co_await peer.next();
        co_await peer.say(1, basic_ack{1});
    });
    connection c = co_await connection::open(here);
    channel ch = co_await c.open_channel();
    consumer jobs = co_await ch.consume("q");
    auto lost = simul::spawn(c.lost());
    auto purging = simul::spawn(ch.purge_queue("q"));
    future<> confirmed = ch.publish("", "q", {}, "1");
    future<> unconfirmed = ch.publish("", "q", {}, "2");
    EXPECT_EQ(co_await lost, "amqp: 127.0.0.1:5672 closed the connection");
    const std::string why = "the connection was lost: amqp: 127.0.0.1:5672 closed the connection";
    co_await confirmed;
    EXPECT_EQ(co_await error_of(unconfirmed), "amqp publish: " + why);
    EXPECT_EQ(co_await error_of(purging), "amqp purge queue q: " + why);
    EXPECT_TRUE(co_await raises<connection_lost>(jobs.next()));
    EXPECT_TRUE(co_await raises<connection_lost>(ch.purge_queue("q")));
    EXPECT_TRUE(co_await raises<connection_lost>(c.open_channel()));
    EXPECT_THROW(static_cast<void>(ch.publish("", "q", {}, "")), connection_lost);
    EXPECT_FALSE(ch.acknowledge(1));
    EXPECT_FALSE(c.is_open());
    co_await c.room();
    co_await ch.close();
    co_await c.close();
}

SIMUL_TEST(AmqpLoss, ABrokerThatShutsDownSaysSo)
{
    auto server = serve([](fake_broker& peer) -> task<> {
        co_await peer.log_in();
        co_await peer.say(
            0, connection_close{320, "CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'"});
        EXPECT_EQ(co_await peer.next(), "0 connection.close-ok");
        EXPECT_EQ(co_await peer.next(), "");
    });
    connection c = co_await connection::open(here);
    EXPECT_EQ(co_await c.lost(),
              "127.0.0.1:5672 closed the connection: 320 CONNECTION_FORCED - broker forced connection "
              "closure with reason 'shutdown'");
}

SIMUL_TEST(AmqpLoss, ABrokerThatBreaksTheRulesIsToldAndLeft)
{
    std::vector<std::string> told;
    auto server = serve([&](fake_broker& peer) -> task<> {
        co_await peer.log_in();
        co_await peer.open_channel();
        switch (peer.number) {
        case 1:
            co_await peer.send("what is this?");
            break;
        case 2:
            co_await peer.say(1, queue_purge_ok{1});
            break;
        case 3:
            co_await peer.say(7, basic_ack{1});
            break;
        case 4:
            co_await peer.say(1, basic_ack{1});
            break;
        case 5:
            co_await peer.say(1, connection_blocked{});
            break;
        case 6:
            co_await peer.say(1, basic_deliver{"5", 1, false, "", "q"}, {}, "");
            break;
        case 7:
            co_await peer.say(0, connection_open_ok{});
            break;
        }
        told.push_back(co_await peer.next());
        EXPECT_EQ(co_await peer.next(), "");
    });
    std::vector<std::string> reasons;
    for (int i = 0; i < 7; ++i) {
        connection c = co_await connection::open(here);
        const channel ch = co_await c.open_channel();
        reasons.push_back(co_await c.lost());
        co_await wait_all_blocked();
    }
    EXPECT_EQ(reasons, (std::vector<std::string>{
                           "amqp: 127.0.0.1:5672 sent a frame that is too large, or is no frame of AMQP's",
                           "amqp: the broker sent an answer that nobody asked for",
                           "amqp: 127.0.0.1:5672 sent something on a channel that is not open",
                           "amqp: the broker sent a confirmation of what was not published",
                           "amqp: 127.0.0.1:5672 sent a connection's method on a channel",
                           "amqp: the broker sent a delivery for a consumer that there isn't",
                           "amqp: 127.0.0.1:5672 sent a method that nobody asked for",
                       }));
    const auto goodbye = [](int code) {
        return "0 connection.close " + std::to_string(code) + " \"protocol error\" 0";
    };
    EXPECT_EQ(told, (std::vector<std::string>{goodbye(501), goodbye(503), goodbye(504), goodbye(502), goodbye(503),
                                              goodbye(503), goodbye(503)}));
}

SIMUL_TEST(AmqpLoss, DroppingTheConnectionFailsWhatIsUnderWay)
{
    auto server = serve([](fake_broker& peer) -> task<> {
        co_await peer.log_in();
        co_await peer.open_channel();
        co_await peer.ignore_rest();
    });
    std::optional<connection> c = co_await connection::open(here);
    channel ch = co_await c->open_channel();
    future<> published = ch.publish("", "q", {}, "");
    c.reset();
    EXPECT_EQ(co_await error_of(published), "amqp publish: the connection was closed");
    EXPECT_FALSE(ch.is_open());
}

SIMUL_TEST(AmqpLoss, ClosingDoesNotWaitForADeadBroker)
{
    auto server = serve([](fake_broker& peer) -> task<> {
        co_await peer.log_in();
        co_await simul::sleep(1000s);
    });
    connection c = co_await connection::open(here);
    const auto before = simul::now();
    co_await c.close();
    EXPECT_EQ(simul::now() - before, 5s);
}

// ---- heartbeats

SIMUL_TEST(AmqpLoss, AnIdleConnectionBeats)
{
    int beats = 0;
    auto server = serve([&](fake_broker& peer) -> task<> {
        co_await peer.log_in({0, 0, 10});
        auto ours = simul::spawn([](fake_broker& to) -> task<> {
            bytes beat;
            write_heartbeat(beat);
            for (;;) {
                co_await simul::sleep(10s);
                co_await to.send(beat);
            }
        }(peer));
        while (co_await peer.next() == "heartbeat")
            ++beats;
    });
    connection c = co_await connection::open(here);
    co_await simul::sleep(101s);
    EXPECT_EQ(beats, 20); // twice as often as promised
    EXPECT_TRUE(c.is_open());
}

SIMUL_TEST(AmqpLoss, WhoSpeaksNeedNotBeat)
{
    int beats = 0;
    auto server = serve([&](fake_broker& peer) -> task<> {
        co_await peer.log_in({0, 0, 10});
        co_await peer.open_channel();
        std::uint64_t tag = 0;
        for (;;) {
            const std::string said = co_await peer.next();
            beats += said == "heartbeat";
            if (said.empty())
                break;
            co_await peer.say(1, basic_ack{++tag});
        }
    });
    connection c = co_await connection::open(here);
    channel ch = co_await c.open_channel();
    for (int i = 0; i < 30; ++i) {
        co_await ch.publish("", "q", {}, "");
        co_await simul::sleep(2s);
    }
    EXPECT_EQ(beats, 0);
}

SIMUL_TEST(AmqpLoss, ASilentBrokerIsDead)
{
    auto server = serve([](fake_broker& peer) -> task<> {
        co_await peer.log_in({0, 0, 10});
        co_await simul::sleep(1000s);
    });
    connection c = co_await connection::open(here);
    const auto before = simul::now();
    EXPECT_EQ(co_await c.lost(), "127.0.0.1:5672 has been silent for 20 s");
    EXPECT_EQ(simul::now() - before, 25s);
}

SIMUL_TEST(AmqpLoss, WithoutHeartbeatsSilenceIsNothing)
{
    auto server = serve([](fake_broker& peer) -> task<> {
        co_await peer.log_in({0, 0, 10});
        EXPECT_EQ(co_await peer.next(), "");
    });
    connection c = co_await connection::open(here, {.heartbeat = 0s});
    co_await simul::sleep(1000s);
    EXPECT_TRUE(c.is_open());
}

// ---- at any moment

/// Connections that break at any place: what was confirmed had arrived, and everybody is told something.
SIMUL_SIM_TEST(AmqpLoss, WhatWasConfirmedHadArrived, seeds(15))
{
    std::vector<std::string> arrived;
    auto server = serve([&](fake_broker& peer) -> task<> {
        co_await peer.log_in();
        co_await peer.open_channel();
        const auto lives = 1 + simul::loop::current().random() % 40;
        for (std::uint64_t tag = 1; tag <= lives; ++tag) {
            const std::string said = co_await peer.next();
            if (said.empty())
                co_return;
            arrived.push_back(said);
            bytes answer;
            write_method(answer, 1, basic_ack{tag});
            const std::size_t cut = simul::loop::current().random() % answer.size();
            co_await peer.send(answer.substr(0, cut));
            co_await simul::sleep(1ms);
            co_await peer.send(answer.substr(cut));
        }
        peer.abort();
    });
    connection c = co_await connection::open(here);
    channel ch = co_await c.open_channel();
    int confirmed = 0, unknown = 0;
    std::vector<task<>> all;
    for (int i = 0; i < 60; ++i)
        all.push_back([](channel& on, std::vector<std::string>& seen, int number, int& good, int& bad) -> task<> {
            co_await simul::sleep(std::chrono::milliseconds(simul::loop::current().random() % 100));
            const std::string body = std::to_string(number);
            try {
                co_await on.publish("", "q", {}, body);
                ++good;
                EXPECT_EQ(std::ranges::count(seen, "1 publish \"\" \"q\" {} \"" + body + '"'), 1);
            } catch (const connection_lost&) {
                ++bad;
            }
        }(ch, arrived, i, confirmed, unknown));
    co_await simul::gather(std::move(all));
    EXPECT_EQ(confirmed + unknown, 60);
    EXPECT_LE(static_cast<std::size_t>(confirmed), arrived.size());
}

} // namespace
