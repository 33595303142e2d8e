// SPDX-License-Identifier: MIT
//
// What is consumed by connections that come and go.
#include "cluster/amqp/intake.hpp"

#include "../../task/outcome.hpp"
#include "fake_broker.hpp"

#include <simul/testing/clock.hpp>
#include <simul/testing/gtest.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace amqp_tests;
using outcome::error_of;
using outcome::raises;
using simul::testing::wait_all_blocked;

constexpr const char* declared = "1 queue.declare 0 \"q\" 00000 {}";
constexpr const char* consumed = "1 consume 0 \"q\" \"1\" 0000 {}";

std::shared_ptr<intake> start()
{
    return intake::start({.url = here}, intake::prefetch_is::of_all, "test");
}

task<> consume(const std::shared_ptr<intake>& by)
{
    std::vector<source> from;
    from.push_back({.queue = "q"});
    return by->consume(std::move(from), 4);
}

/// A channel with a consumer, "1".
task<> let_consume(fake_broker& peer)
{
    co_await peer.open_channel();
    EXPECT_EQ(co_await peer.next(), "1 qos 0 4 1");
    co_await peer.say(1, basic_qos_ok{});
    EXPECT_EQ(co_await peer.next(), declared);
    co_await peer.say(1, queue_declare_ok{"q", 0, 0});
    EXPECT_EQ(co_await peer.next(), consumed);
    co_await peer.say(1, basic_consume_ok{"1"});
}

task<> deliver(fake_broker& peer, std::uint64_t tag, bytes_view body, bool again = false)
{
    return peer.say(1, basic_deliver{"1", tag, again, "", "q"}, {}, body);
}

SIMUL_TEST(AmqpIntake, WhatWasDeliveredOnALostConnectionComesAgain)
{
    auto server = serve([](fake_broker& peer) -> task<> {
        co_await peer.log_in();
        co_await let_consume(peer);
        co_await deliver(peer, 7, "seen", peer.number == 2);
        co_await deliver(peer, 8, "unseen", peer.number == 2);
        if (peer.number == 1)
            co_return co_await simul::sleep(1s);
        EXPECT_EQ(co_await peer.next(), "1 ack 7 0");
        EXPECT_EQ(co_await peer.next(), "1 nack 8 01");
        co_await peer.next();
    });
    const auto in = start();
    co_await consume(in);
    const taken first = co_await in->next();
    EXPECT_EQ(first.what.body, "seen");
    EXPECT_EQ(first.queue, "q");
    co_await simul::sleep(3s);
    EXPECT_EQ(in->losses(), 1u);
    in->acknowledge(first.epoch, first.what.delivery_tag); // too late
    in->give_back(first.epoch, first.what.delivery_tag);
    const taken again = co_await in->next();
    EXPECT_EQ(again.what.body, "seen");
    EXPECT_TRUE(again.what.redelivered);
    in->acknowledge(again.epoch, again.what.delivery_tag);
    const taken other = co_await in->next();
    EXPECT_EQ(other.what.body, "unseen");
    in->give_back(other.epoch, other.what.delivery_tag);
    co_await wait_all_blocked();
}

/// As RabbitMQ does where something was held for longer than its `consumer_timeout`.
SIMUL_TEST(AmqpIntake, AChannelThatTheBrokerEndsIsOpenedAgain)
{
    auto server = serve([](fake_broker& peer) -> task<> {
        co_await peer.log_in();
        co_await let_consume(peer);
        co_await deliver(peer, 1, "long");
        co_await simul::sleep(100ms); // it is taken
        co_await peer.say(1, channel_close{406, "PRECONDITION_FAILED - delivery acknowledgement on channel 1 timed out"});
        EXPECT_EQ(co_await peer.next(), "1 channel.close-ok");
        co_await let_consume(peer);
        co_await deliver(peer, 1, "long", true);
        EXPECT_EQ(co_await peer.next(), "1 ack 1 0");
        EXPECT_EQ(co_await peer.next(), "");
    });
    const auto in = start();
    co_await consume(in);
    const taken first = co_await in->next();
    co_await simul::sleep(1s);
    in->acknowledge(first.epoch, first.what.delivery_tag);
    const taken again = co_await in->next();
    EXPECT_NE(again.epoch, first.epoch);
    in->acknowledge(again.epoch, again.what.delivery_tag);
    co_await wait_all_blocked();
    EXPECT_EQ(in->losses(), 0u);
}

SIMUL_TEST(AmqpIntake, SaysWhyItMayNotConsume)
{
    auto server = serve([](fake_broker& peer) -> task<> {
        co_await peer.log_in();
        co_await peer.open_channel();
        co_await peer.next();
        co_await peer.say(1, basic_qos_ok{});
        EXPECT_EQ(co_await peer.next(), declared);
        co_await peer.say(1, channel_close{406, "PRECONDITION_FAILED - inequivalent arg 'durable'"});
        EXPECT_EQ(co_await peer.next(), "1 channel.close-ok");
        // Asked again, it tries again.
        co_await peer.open_channel();
        co_await peer.next();
        co_await peer.say(1, basic_qos_ok{});
        EXPECT_EQ(co_await peer.next(), declared);
        co_await peer.say(1, queue_declare_ok{"q", 0, 0});
        co_await peer.next();
        co_await peer.say(1, basic_consume_ok{"1"});
        co_await peer.next();
    });
    const auto in = start();
    EXPECT_EQ(co_await error_of(consume(in)),
              "amqp declare queue q: 406 PRECONDITION_FAILED - inequivalent arg 'durable'");
    co_await consume(in);
    EXPECT_EQ(in->losses(), 0u);
}

SIMUL_TEST(AmqpIntake, AQueueThatIsDeletedIsMadeAgain)
{
    auto server = serve([](fake_broker& peer) -> task<> {
        co_await peer.log_in();
        co_await let_consume(peer);
        co_await peer.say(1, basic_cancel{"1", true});
        EXPECT_EQ(co_await peer.next(), declared);
        co_await peer.say(1, queue_declare_ok{"q", 0, 0});
        EXPECT_EQ(co_await peer.next(), "1 consume 0 \"q\" \"2\" 0000 {}");
        co_await peer.say(1, basic_consume_ok{"2"});
        co_await peer.say(1, basic_deliver{"2", 1, false, "", "q"}, {}, "in the new one");
        co_await peer.next();
    });
    const auto in = start();
    co_await consume(in);
    EXPECT_EQ((co_await in->next()).what.body, "in the new one");
}

SIMUL_TEST(AmqpIntake, StopsAndBeginsAgain)
{
    auto server = serve([](fake_broker& peer) -> task<> {
        co_await peer.log_in();
        co_await let_consume(peer);
        EXPECT_EQ(co_await peer.next(), "1 cancel \"1\" 0");
        co_await peer.say(1, basic_cancel_ok{"1"});
        EXPECT_EQ(co_await peer.next(), declared);
        co_await peer.say(1, queue_declare_ok{"q", 0, 0});
        EXPECT_EQ(co_await peer.next(), "1 consume 0 \"q\" \"2\" 0000 {}");
        co_await peer.say(1, basic_consume_ok{"2"});
        co_await peer.next();
    });
    const auto in = start();
    co_await consume(in);
    co_await in->stop("another");
    co_await in->stop("q");
    co_await consume(in);
}

/// Where jobs take no time, the way to the broker and back would be what they wait for.
SIMUL_TEST(AmqpIntake, WhatIsDoneQuicklyIsTakenFurtherAhead)
{
    std::vector<std::string> limits;
    auto server = serve([&limits](fake_broker& peer) -> task<> {
        co_await peer.log_in();
        co_await let_consume(peer);
        for (std::uint64_t tag = 1; tag <= 100; ++tag)
            co_await deliver(peer, tag, "");
        for (std::string said; !(said = co_await peer.next()).empty();)
            if (said.starts_with("1 qos")) {
                limits.push_back(said);
                co_await peer.say(1, basic_qos_ok{});
            }
    });
    const auto in = start();
    co_await consume(in);
    for (int i = 0; i < 100; ++i) {
        const taken each = co_await in->next();
        in->acknowledge(each.epoch, each.what.delivery_tag);
        co_await simul::sleep(i < 50 ? 1ms : 5ms);
    }
    co_await simul::sleep(1s);
    CO_ASSERT_FALSE(limits.empty());
    EXPECT_EQ(limits.front(), "1 qos 0 20 1") << "16 more";
    EXPECT_EQ(limits.back(), "1 qos 0 4 1") << "as before";
}

SIMUL_TEST(AmqpIntake, WhoWaitsAtTheEndIsToldSo)
{
    auto server = serve([](fake_broker& peer) -> task<> {
        co_await peer.log_in();
        co_await let_consume(peer);
        EXPECT_EQ(co_await peer.next(), "");
    });
    const auto in = start();
    co_await consume(in);
    auto waiting = simul::spawn([](intake& from) -> task<> { co_await from.next(); }(*in));
    co_await wait_all_blocked();
    in->end();
    EXPECT_EQ(co_await error_of(waiting), "cluster test: the broker is closed");
    EXPECT_TRUE(co_await raises<simul::closed_error>(consume(in)));
    co_await in->stop("q");
}

} // namespace
