// SPDX-License-Identifier: MIT
//
// What is published by connections that come and go.
#include "cluster/amqp/outbox.hpp"

#include "../../task/outcome.hpp"
#include "fake_broker.hpp"

#include <simul/cluster/errors.hpp>
#include <simul/testing/clock.hpp>
#include <simul/testing/gtest.hpp>

#include <memory>
#include <string>
#include <utility>

namespace {

using namespace std::chrono_literals;
using namespace amqp_tests;
using outcome::error_of;
using outcome::raises;
using simul::testing::wait_all_blocked;
using queue_is = outbox::queue_is;

constexpr const char* the_job = "1 publish \"\" \"q\" {\"correlation_id\":\"id\"} \"job\"";

task<> let_in(fake_broker& peer)
{
    co_await peer.log_in();
    co_await peer.open_channel(1); // for jobs
    co_await peer.open_channel(2); // for news
}

task<std::shared_ptr<outbox>> open_outbox()
{
    return outbox::open({.url = here}, {}, 30s);
}

task<> publish(const std::shared_ptr<outbox>& to, queue_is there = queue_is::declared_if_missing)
{
    return to->publish("q", {.durable = true}, there, {.correlation_id = "id"}, "job");
}

SIMUL_TEST(AmqpOutbox, WhatWasNotConfirmedIsPublishedAgain)
{
    auto server = serve([](fake_broker& peer) -> task<> {
        co_await let_in(peer);
        EXPECT_EQ(co_await peer.next(), the_job);
        if (peer.number < 3)
            co_return;
        co_await peer.say(1, basic_ack{1});
        co_await peer.next();
    });
    const auto out = co_await open_outbox();
    co_await publish(out);
    EXPECT_EQ(out->losses(), 2u);
}

SIMUL_TEST(AmqpOutbox, WaitsForAConnection)
{
    auto server = serve([](fake_broker& peer) -> task<> {
        if (peer.number == 2)
            co_return; // in the login
        co_await let_in(peer);
        if (peer.number == 1)
            co_return;
        EXPECT_EQ(co_await peer.next(), the_job);
        co_await peer.say(1, basic_ack{1});
        co_await peer.next();
    });
    const auto out = co_await open_outbox();
    co_await wait_all_blocked();
    co_await out->tell("x", "", {}, "nobody is told");
    co_await publish(out);
    EXPECT_EQ(out->losses(), 1u);
}

SIMUL_TEST(AmqpOutbox, AQueueThatIsMissedIsMade)
{
    auto server = serve([](fake_broker& peer) -> task<> {
        co_await let_in(peer);
        EXPECT_EQ(co_await peer.next(), the_job);
        co_await peer.say(1, basic_return{312, "NO_ROUTE", "", "q"}, {.correlation_id = "id"}, "job");
        co_await peer.say(1, basic_ack{1});
        EXPECT_EQ(co_await peer.next(), "1 queue.declare 0 \"q\" 01000 {}");
        co_await peer.say(1, queue_declare_ok{"q", 0, 0});
        EXPECT_EQ(co_await peer.next(), the_job);
        co_await peer.say(1, basic_ack{2});
        co_await peer.next();
    });
    const auto out = co_await open_outbox();
    co_await publish(out);
}

SIMUL_TEST(AmqpOutbox, AMessageForNobodyIsNoError)
{
    auto server = serve([](fake_broker& peer) -> task<> {
        co_await let_in(peer);
        EXPECT_EQ(co_await peer.next(), the_job);
        co_await peer.say(1, basic_return{312, "NO_ROUTE", "", "q"}, {.correlation_id = "id"}, "job");
        co_await peer.say(1, basic_ack{1});
        EXPECT_EQ(co_await peer.next(), "");
    });
    const auto out = co_await open_outbox();
    co_await publish(out, queue_is::optional);
    EXPECT_EQ(out->losses(), 0u);
}

SIMUL_TEST(AmqpOutbox, AQueueThatIsThereButOtherwiseIsAnErrorOfThisMessage)
{
    auto server = serve([](fake_broker& peer) -> task<> {
        co_await let_in(peer);
        if (peer.number == 1) {
            EXPECT_EQ(co_await peer.next(), "1 queue.declare 0 \"q\" 01000 {}");
            co_await peer.say(1, channel_close{406, "PRECONDITION_FAILED - inequivalent arg 'durable'"});
        } else {
            EXPECT_EQ(co_await peer.next(), the_job);
            co_await peer.say(1, basic_ack{1});
        }
        co_await peer.ignore_rest();
    });
    const auto out = co_await open_outbox();
    EXPECT_EQ(co_await error_of(publish(out, queue_is::declared)),
              "amqp declare queue q: 406 PRECONDITION_FAILED - inequivalent arg 'durable'");
    co_await publish(out);
}

SIMUL_TEST(AmqpOutbox, AMessageThatIsTooLargeIsAnErrorAndTheOthersArePublished)
{
    auto server = serve([](fake_broker& peer) -> task<> {
        co_await let_in(peer);
        if (peer.number == 1) {
            co_await peer.next();
            co_await peer.next();
            co_await peer.say(1, channel_close{406, "PRECONDITION_FAILED - message size 5 is larger than max size 4"});
        } else {
            EXPECT_EQ(co_await peer.next(), the_job);
            co_await peer.say(1, basic_ack{1});
        }
        co_await peer.ignore_rest();
    });
    const auto out = co_await open_outbox();
    auto other = simul::spawn(publish(out));
    EXPECT_EQ(co_await error_of(out->publish("q", {}, queue_is::optional, {}, "large")),
              "cluster amqp://127.0.0.1:5672: not published: amqp publish: 406 PRECONDITION_FAILED - message size 5 is larger "
              "than max size 4");
    co_await std::move(other);
}

/// A partition: nothing comes, and nobody says so.
SIMUL_TEST(AmqpOutbox, ABrokerThatFallsSilentIsLeft)
{
    auto server = serve([](fake_broker& peer) -> task<> {
        co_await let_in(peer);
        EXPECT_EQ(co_await peer.next(), the_job);
        if (peer.number == 1)
            co_return co_await simul::sleep(1000s);
        co_await peer.say(1, basic_ack{1});
        co_await peer.next();
    });
    const auto out = co_await outbox::open({.url = here, .with = {.heartbeat = 10s}}, {}, 60s);
    const auto before = simul::now();
    co_await publish(out);
    EXPECT_GE(simul::now() - before, 20s);
    EXPECT_LE(simul::now() - before, 30s);
}

SIMUL_TEST(AmqpOutbox, ItsPatienceHasAnEnd)
{
    auto server = serve([](fake_broker& peer) -> task<> {
        if (peer.number > 1)
            co_return;
        co_await let_in(peer);
        co_await peer.next();
        co_await simul::sleep(10s);
    });
    const auto out = co_await open_outbox();
    const auto before = simul::now();
    EXPECT_EQ(co_await error_of(publish(out)), "cluster amqp://127.0.0.1:5672: not published for 30 s: amqp: "
                                               "127.0.0.1:5672 closed the connection");
    EXPECT_EQ(simul::now() - before, 30s);
    EXPECT_TRUE(co_await raises<simul::cluster::broker_lost>(publish(out)));
}

SIMUL_TEST(AmqpOutbox, WhoPublishesAtTheEndIsToldSo)
{
    auto server = serve([](fake_broker& peer) -> task<> {
        co_await let_in(peer);
        co_await peer.ignore_rest();
    });
    const auto out = co_await open_outbox();
    auto waiting = simul::spawn(publish(out));
    co_await wait_all_blocked();
    out->end();
    EXPECT_TRUE(co_await raises<simul::closed_error>(std::move(waiting)));
    EXPECT_EQ(co_await error_of(publish(out)), "cluster amqp://127.0.0.1:5672: the broker is closed");
    co_await out->tell("x", "", {}, "");
    EXPECT_EQ(co_await out->count("c"), 0u);
}

SIMUL_TEST(AmqpOutbox, EndsWhenNobodyHasIt)
{
    std::string last = "nothing";
    auto server = serve([&last](fake_broker& peer) -> task<> {
        co_await let_in(peer);
        last = co_await peer.next();
    });
    {
        const auto out = co_await open_outbox();
        const std::shared_ptr<outbox> other = out;
        co_await wait_all_blocked();
        EXPECT_EQ(last, "nothing");
    }
    co_await wait_all_blocked();
    EXPECT_EQ(last, "");
}

SIMUL_TEST(AmqpOutbox, CountsByTheMessagesOfAQueue)
{
    auto server = serve([](fake_broker& peer) -> task<> {
        co_await let_in(peer);
        EXPECT_EQ(co_await peer.next(), "1 queue.declare 0 \"c\" 00000 {\"x-expires\":600000}");
        co_await peer.say(1, queue_declare_ok{"c", 2, 0});
        EXPECT_EQ(co_await peer.next(), "1 publish \"\" \"c\" {} \"\"");
        EXPECT_EQ(co_await peer.next(), "1 queue.delete 0 \"c\" 000");
        co_await peer.say(1, queue_delete_ok{3});
        co_await peer.next();
    });
    const auto out = co_await open_outbox();
    co_await wait_all_blocked();
    EXPECT_EQ(co_await out->count("c"), 3u);
    out->forget_count("c");
    co_await wait_all_blocked();
}

} // namespace
