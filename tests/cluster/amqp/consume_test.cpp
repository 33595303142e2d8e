// SPDX-License-Identifier: MIT
//
// What is consumed, and what becomes of it when its consumer goes.
#include "cluster/amqp/connection.hpp"

#include "../../task/outcome.hpp"
#include "fake_broker.hpp"

#include <simul/task/gather.hpp>
#include <simul/task/timeout.hpp>
#include <simul/testing/gtest.hpp>

#include <cstdint>

namespace {

using namespace std::chrono_literals;
using namespace amqp_tests;
using outcome::error_of;
using outcome::raises;

SIMUL_TEST(AmqpConsume, ConsumesAndAcknowledges)
{
    auto server = serve([](fake_broker& peer) -> task<> {
        co_await peer.log_in();
        co_await peer.open_channel();
        EXPECT_EQ(co_await peer.next(), "1 qos 0 10 0");
        EXPECT_EQ(co_await peer.next(), "1 consume 0 \"jobs\" \"1\" 0000 {\"x-priority\":5}");
        co_await peer.say(1, basic_qos_ok{});
        co_await peer.say(1, basic_consume_ok{"1"});
        co_await peer.say(1, basic_deliver{"1", 1, false, "x", "jobs"}, {.headers = {{"id", "a"}}}, "one");
        co_await peer.say(1, basic_deliver{"1", 2, true, "", "jobs"}, {}, "");
        EXPECT_EQ(co_await peer.next(), "1 ack 1 0");
        EXPECT_EQ(co_await peer.next(), "1 cancel \"1\" 0");
        co_await peer.say(1, basic_deliver{"1", 3, false, "", "jobs"}, {}, "three");
        co_await peer.say(1, basic_cancel_ok{"1"});
        co_await peer.next();
    });
    connection c = co_await connection::open(here);
    channel ch = co_await c.open_channel();
    consumer jobs = co_await ch.consume("jobs", {.prefetch = 10, .arguments = {{"x-priority", 5}}});
    auto one = co_await jobs.next();
    CO_ASSERT_TRUE(one);
    EXPECT_EQ(one->body, "one");
    EXPECT_EQ(one->exchange, "x");
    EXPECT_EQ(one->routing_key, "jobs");
    EXPECT_EQ(one->properties.headers["id"].string(), "a");
    EXPECT_FALSE(one->redelivered);
    EXPECT_TRUE(ch.acknowledge(one->delivery_tag));
    EXPECT_TRUE((co_await jobs.next())->redelivered);
    EXPECT_FALSE(jobs.try_next());
    co_await jobs.cancel();
    EXPECT_EQ((co_await jobs.next())->body, "three");
    EXPECT_FALSE(co_await jobs.next());
}

SIMUL_TEST(AmqpConsume, ALimitOfTheChannelIsNotLiftedByAConsumer)
{
    auto server = serve([](fake_broker& peer) -> task<> {
        co_await peer.log_in();
        co_await peer.open_channel();
        EXPECT_EQ(co_await peer.next(), "1 qos 0 5 1");
        co_await peer.say(1, basic_qos_ok{});
        EXPECT_EQ(co_await peer.next(), "1 consume 0 \"q\" \"1\" 0000 {}");
        co_await peer.say(1, basic_consume_ok{"1"});
        co_await peer.next();
    });
    connection c = co_await connection::open(here);
    channel ch = co_await c.open_channel();
    co_await ch.limit(5);
    const consumer jobs = co_await ch.consume("q");
}

SIMUL_TEST(AmqpConsume, AWaitForAMessageThatIsCancelledLosesNone)
{
    auto server = serve([](fake_broker& peer) -> task<> {
        co_await peer.log_in();
        co_await peer.open_channel();
        co_await peer.let_consume();
        for (std::uint64_t i = 1; i <= 20; ++i) {
            co_await simul::sleep(10ms);
            co_await peer.say(1, basic_deliver{"1", i, false, "", "q"}, {}, "");
        }
        co_await peer.next();
    });
    connection c = co_await connection::open(here);
    channel ch = co_await c.open_channel();
    consumer jobs = co_await ch.consume("q");
    for (std::uint64_t expected = 1; expected <= 20;)
        if (const auto got = co_await simul::move_on_after(3ms, jobs.next()))
            EXPECT_EQ((*got)->delivery_tag, expected++);
}

SIMUL_TEST(AmqpConsume, WhatADroppedConsumerHadGoesBack)
{
    auto server = serve([](fake_broker& peer) -> task<> {
        co_await peer.log_in();
        co_await peer.open_channel();
        for (int i = 0; i < 4; ++i)
            co_await peer.next();
        co_await peer.say(1, basic_qos_ok{});
        co_await peer.say(1, basic_consume_ok{"1"});
        co_await peer.say(1, basic_qos_ok{});
        co_await peer.say(1, basic_consume_ok{"2"});
        co_await peer.say(1, basic_deliver{"1", 1, false, "", "q"}, {}, "unseen");
        co_await peer.say(1, basic_deliver{"2", 2, false, "", "q"}, {}, "nobody's");
        EXPECT_EQ(co_await peer.next(), "1 nack 1 01");
        EXPECT_EQ(co_await peer.next(), "1 cancel \"1\" 0");
        EXPECT_EQ(co_await peer.next(), "1 cancel \"2\" 0");
        co_await peer.say(1, basic_deliver{"1", 3, false, "", "q"}, {}, "late");
        co_await peer.say(1, basic_deliver{"2", 4, false, "", "q"}, {}, "late");
        EXPECT_EQ(co_await peer.next(), "1 nack 3 01");
        co_await peer.say(1, basic_cancel_ok{"1"});
        co_await peer.say(1, basic_cancel_ok{"2"});
        EXPECT_EQ(co_await peer.next(), "1 channel.close 200 \"\" 0");
        co_await peer.say(1, channel_close_ok{});
        co_await peer.next();
    });
    connection c = co_await connection::open(here);
    channel ch = co_await c.open_channel();
    {
        const auto both = co_await simul::gather(ch.consume("q"), ch.consume("q", {.no_ack = true}));
        co_await simul::sleep(1s);
    }
    co_await simul::sleep(1s);
    co_await ch.close();
}

SIMUL_TEST(AmqpConsume, SaysThatTheBrokerHasCancelledAConsumer)
{
    auto server = serve([](fake_broker& peer) -> task<> {
        co_await peer.log_in();
        co_await peer.open_channel();
        co_await peer.let_consume();
        co_await peer.say(1, basic_deliver{"1", 1, false, "", "q"}, {}, "the last");
        co_await peer.say(1, basic_cancel{"1", true});
        co_await peer.next();
    });
    connection c = co_await connection::open(here);
    channel ch = co_await c.open_channel();
    consumer jobs = co_await ch.consume("q");
    EXPECT_EQ((co_await jobs.next())->body, "the last");
    EXPECT_EQ(co_await error_of(jobs.next()), "amqp consume q: the broker has cancelled it: the queue is gone");
    EXPECT_TRUE(co_await raises<consumer_cancelled>(jobs.next()));
    EXPECT_TRUE(ch.is_open());
}

SIMUL_TEST(AmqpConsume, DeliversWhatItCannotRead)
{
    auto server = serve([](fake_broker& peer) -> task<> {
        co_await peer.log_in();
        co_await peer.open_channel();
        co_await peer.let_consume();
        co_await peer.say(1, basic_deliver{"1", 1, false, "", "q"}, {.type = "t"}, "hello");
        co_await peer.next();
    });
    connection c = co_await connection::open(here, {.body = 4});
    channel ch = co_await c.open_channel();
    consumer jobs = co_await ch.consume("q");
    const auto job = co_await jobs.next();
    EXPECT_STREQ(job->unreadable, "a body that is too large");
    EXPECT_EQ(job->body, "");
    EXPECT_EQ(job->properties.type, "t");
}

} // namespace
