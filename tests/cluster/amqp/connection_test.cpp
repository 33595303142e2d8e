// SPDX-License-Identifier: MIT
//
// Login, what is asked, what is published, what is consumed.
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
using simul::testing::wait_all_blocked;

// ---- login

SIMUL_TEST(AmqpConnection, LogsIn)
{
    auto server = serve([](fake_broker& peer) -> task<> {
        co_await peer.log_in();
        EXPECT_EQ(peer.hello.substr(0, 45), "0 connection.start-ok {\"product\":\"simul\",\"ver") << peer.hello;
        EXPECT_NE(peer.hello.find("\"connection_name\":\"a test\""), std::string::npos);
        EXPECT_NE(peer.hello.find("\"connection.blocked\":true"), std::string::npos);
        EXPECT_EQ(peer.hello.substr(peer.hello.size() - 29),
                  std::string(" \"PLAIN\" \"\0bob\0secret\" \"en_US\"", 30).substr(1));
        EXPECT_EQ(peer.tuned, "0 connection.tune-ok 2047 131072 60");
        EXPECT_EQ(peer.opened, "0 connection.open \"my/jobs\" \"\" 0");
    });
    const connection c = co_await connection::open("amqp://bob:secret@127.0.0.1/my%2fjobs", {.name = "a test"});
    EXPECT_TRUE(c.is_open());
    EXPECT_EQ(c.peer(), "127.0.0.1:5672");
}

SIMUL_TEST(AmqpConnection, AgreesOnTheLowerLimits)
{
    auto server = serve([](fake_broker& peer) -> task<> {
        const connection_tune theirs[] = {{0, 0, 0}, {5, 4096, 10}, {10'000, 1'000'000, 100}};
        const std::string agreed[] = {"2047 131072 20", "5 4096 10", "2047 131072 20"};
        co_await peer.log_in(theirs[peer.number - 1]);
        EXPECT_EQ(peer.tuned, "0 connection.tune-ok " + agreed[peer.number - 1]);
    });
    for (int i = 0; i < 3; ++i)
        co_await connection::open(std::string(here) + "?heartbeat=20");
}

SIMUL_TEST(AmqpConnection, SaysWhyABrokerIsNone)
{
    auto server = serve([](fake_broker& peer) -> task<> {
        switch (peer.number) {
        case 1:
            co_await peer.start();
            co_return co_await peer.say(0, connection_close{403, "ACCESS_REFUSED - Login was refused"});
        case 2:
            co_await peer.peer().write("AMQP\1\1\0\12");
            break;
        case 3:
            co_await peer.say(0, connection_start{.mechanisms = {"EXTERNAL"}});
            break;
        case 4:
            co_await peer.say(0, connection_start{.minor = 8, .mechanisms = {"PLAIN"}});
            break;
        case 5:
            co_await peer.say(0, connection_tune{});
            break;
        case 6:
            co_await peer.log_in({10, 100, 0});
            break;
        case 7:
            co_return;
        default:
            co_await simul::sleep(100s);
        }
        co_await peer.next();
    });
    try {
        co_await connection::open(here);
        ADD_FAILURE();
    } catch (const refused& no) {
        EXPECT_STREQ(no.what(), "amqp: 127.0.0.1:5672 refuses: 403 ACCESS_REFUSED - Login was refused");
        EXPECT_EQ(no.reply_code(), 403);
    }
    EXPECT_EQ(co_await error_of(connection::open(here)),
              "amqp: 127.0.0.1:5672 sent the name of another version of AMQP");
    EXPECT_EQ(co_await error_of(connection::open(here)),
              "amqp: 127.0.0.1:5672 wants no user names and passwords (PLAIN), but EXTERNAL");
    EXPECT_EQ(co_await error_of(connection::open(here)), "amqp: 127.0.0.1:5672 speaks another version of AMQP");
    EXPECT_EQ(co_await error_of(connection::open(here)),
              "amqp: 127.0.0.1:5672 sent something else than its part of the login");
    EXPECT_EQ(co_await error_of(connection::open(here)), "amqp: 127.0.0.1:5672 wants frames that are too small");
    EXPECT_EQ(co_await error_of(connection::open(here)), "amqp: 127.0.0.1:5672 closed the connection");
    EXPECT_EQ(co_await error_of(connection::open(here)), "amqp: connecting to 127.0.0.1:5672 took too long");
}

// ---- what is asked

SIMUL_TEST(AmqpConnection, AsksForEverything)
{
    auto server = serve([](fake_broker& peer) -> task<> {
        co_await peer.log_in();
        co_await peer.open_channel();
        EXPECT_EQ(co_await peer.next(), "1 exchange.declare 0 \"x\" \"topic\" 01000 {}");
        co_await peer.say(1, exchange_declare_ok{});
        EXPECT_EQ(co_await peer.next(), "1 queue.declare 0 \"\" 00110 {\"x-expires\":1000}");
        co_await peer.say(1, queue_declare_ok{"amq.gen-1", 0, 0});
        EXPECT_EQ(co_await peer.next(), "1 queue.declare 0 \"jobs\" 10000 {}");
        co_await peer.say(1, queue_declare_ok{"jobs", 3, 2});
        EXPECT_EQ(co_await peer.next(), "1 queue.bind 0 \"jobs\" \"x\" \"a.#\" 0 {}");
        co_await peer.say(1, queue_bind_ok{});
        EXPECT_EQ(co_await peer.next(), "1 queue.unbind 0 \"jobs\" \"x\" \"a.#\" {\"k\":1}");
        co_await peer.say(1, queue_unbind_ok{});
        EXPECT_EQ(co_await peer.next(), "1 queue.purge 0 \"jobs\" 0");
        co_await peer.say(1, queue_purge_ok{3});
        EXPECT_EQ(co_await peer.next(), "1 queue.delete 0 \"jobs\" 010");
        co_await peer.say(1, queue_delete_ok{0});
        EXPECT_EQ(co_await peer.next(), "1 exchange.delete 0 \"x\" 10");
        co_await peer.say(1, exchange_delete_ok{});
        EXPECT_EQ(co_await peer.next(), "1 channel.close 200 \"\" 0");
        co_await peer.say(1, channel_close_ok{});
        EXPECT_EQ(co_await peer.next(), "0 connection.close 200 \"\" 0");
        co_await peer.say(0, connection_close_ok{});
    });
    connection c = co_await connection::open(here);
    channel ch = co_await c.open_channel();
    co_await ch.declare_exchange("x", "topic", {.durable = true});
    EXPECT_EQ(
        (co_await ch.declare_queue("", {.exclusive = true, .auto_delete = true, .arguments = {{"x-expires", 1000}}}))
            .name,
        "amq.gen-1");
    const queue_info jobs = co_await ch.declare_queue("jobs", {.passive = true});
    EXPECT_EQ(jobs.messages, 3u);
    EXPECT_EQ(jobs.consumers, 2u);
    co_await ch.bind_queue("jobs", "x", "a.#");
    co_await ch.unbind_queue("jobs", "x", "a.#", {{"k", 1}});
    EXPECT_EQ(co_await ch.purge_queue("jobs"), 3u);
    EXPECT_EQ(co_await ch.delete_queue("jobs", {.if_empty = true}), 0u);
    co_await ch.delete_exchange("x", {.if_unused = true});
    co_await ch.close();
    EXPECT_FALSE(ch.is_open());
    EXPECT_EQ(co_await error_of(ch.purge_queue("jobs")), "amqp purge queue jobs: the channel was closed");
    co_await c.close();
    EXPECT_EQ(co_await error_of(c.open_channel()), "amqp open a channel: the connection was closed");
}

SIMUL_TEST(AmqpConnection, AnswersMayComeInAnyCut)
{
    auto server = serve([](fake_broker& peer) -> task<> {
        co_await peer.log_in();
        co_await peer.open_channel();
        co_await peer.next();
        bytes answer;
        write_method(answer, 1, queue_declare_ok{"jobs", 3, 2});
        for (const char each : answer) {
            co_await peer.send({&each, 1});
            co_await simul::sleep(1ms);
        }
        co_await peer.next();
    });
    connection c = co_await connection::open(here);
    channel ch = co_await c.open_channel();
    EXPECT_EQ((co_await ch.declare_queue("jobs")).messages, 3u);
}

SIMUL_TEST(AmqpConnection, WhoDoesNotWaitTakesNobodysAnswer)
{
    auto server = serve([](fake_broker& peer) -> task<> {
        co_await peer.log_in();
        co_await peer.open_channel();
        co_await peer.next();
        co_await peer.next();
        co_await peer.say(1, queue_purge_ok{1});
        co_await peer.say(1, queue_purge_ok{2});
        co_await peer.next();
    });
    connection c = co_await connection::open(here);
    channel ch = co_await c.open_channel();
    EXPECT_FALSE(co_await simul::move_on_after(1s, ch.purge_queue("one")));
    EXPECT_EQ(co_await ch.purge_queue("two"), 2u);
}

SIMUL_TEST(AmqpConnection, NumbersOfChannelsAreUsedAgain)
{
    auto server = serve([](fake_broker& peer) -> task<> {
        co_await peer.log_in({2, 0, 0});
        co_await peer.open_channel(1);
        co_await peer.open_channel(2);
        EXPECT_EQ(co_await peer.next(), "1 channel.close 200 \"\" 0");
        co_await peer.say(1, channel_close_ok{});
        co_await peer.open_channel(1);
        co_await peer.next();
    });
    connection c = co_await connection::open(here);
    channel one = co_await c.open_channel();
    channel two = co_await c.open_channel();
    EXPECT_EQ(co_await error_of(c.open_channel()), "amqp open a channel: 127.0.0.1:5672 allows 2, and they are in use");
    co_await one.close();
    one = co_await c.open_channel();
    EXPECT_TRUE(one.is_open());
}

SIMUL_TEST(AmqpConnection, AChannelThatIsDroppedIsClosed)
{
    auto server = serve([](fake_broker& peer) -> task<> {
        co_await peer.log_in();
        co_await peer.open_channel();
        EXPECT_EQ(co_await peer.next(), "1 channel.close 200 \"\" 0");
        co_await peer.say(1, basic_deliver{"1", 1, false, "", "q"}, {}, "too late");
        co_await peer.say(1, channel_close{406, "also too late"});
        EXPECT_EQ(co_await peer.next(), "1 channel.close-ok");
        co_await peer.say(1, channel_close_ok{});
        co_await peer.open_channel();
        co_await peer.next();
    });
    connection c = co_await connection::open(here);
    {
        const channel dropped = co_await c.open_channel();
    }
    co_await simul::sleep(1s);
    const channel other = co_await c.open_channel();
    EXPECT_TRUE(other.is_open());
}

// ---- publishing

SIMUL_TEST(AmqpConnection, APublicationIsOverWhenItIsConfirmed)
{
    auto server = serve([](fake_broker& peer) -> task<> {
        co_await peer.log_in();
        co_await peer.open_channel();
        EXPECT_EQ(co_await peer.next(), "1 publish \"x\" \"jobs\" {\"delivery_mode\":2} \"wash the car\"");
        co_await simul::sleep(3s);
        co_await peer.say(1, basic_ack{1});
        co_await peer.next();
    });
    connection c = co_await connection::open(here);
    channel ch = co_await c.open_channel();
    const auto before = simul::now();
    co_await ch.publish("x", "jobs", {.delivery_mode = 2}, "wash the car");
    EXPECT_EQ(simul::now() - before, 3s);
}

SIMUL_TEST(AmqpConnection, WhatIsSaidInOneTurnGoesOutInOneWrite)
{
    auto server = serve([](fake_broker& peer) -> task<> {
        co_await peer.log_in();
        co_await peer.open_channel();
        for (int i = 0; i < 3; ++i) {
            EXPECT_EQ(co_await peer.next(), "1 publish \"\" \"q\" {} \"" + std::to_string(i) + '"');
            EXPECT_TRUE(peer.has_more());
        }
        EXPECT_EQ(co_await peer.next(), "1 ack 7 0");
        EXPECT_EQ(co_await peer.next(), "1 ack 9 1");
        EXPECT_EQ(co_await peer.next(), "1 nack 10 01");
        EXPECT_EQ(co_await peer.next(), "1 nack 11 00");
        EXPECT_FALSE(peer.has_more());
        co_await peer.next();
    });
    connection c = co_await connection::open(here);
    channel ch = co_await c.open_channel();
    std::vector<future<>> all;
    for (int i = 0; i < 3; ++i)
        all.push_back(ch.publish("", "q", {}, std::to_string(i)));
    EXPECT_TRUE(ch.acknowledge(7));
    EXPECT_TRUE(ch.acknowledge_up_to(9));
    EXPECT_TRUE(ch.give_back(10));
    EXPECT_TRUE(ch.reject(11));
    co_await wait_all_blocked();
}

SIMUL_TEST(AmqpConnection, ConfirmationsComeInAnyOrder)
{
    auto server = serve([](fake_broker& peer) -> task<> {
        co_await peer.log_in();
        co_await peer.open_channel();
        for (int i = 0; i < 9; ++i)
            co_await peer.next();
        co_await peer.say(1, basic_ack{2});
        co_await simul::sleep(1s);
        co_await peer.say(1, basic_ack{4, true});
        co_await simul::sleep(1s);
        co_await peer.say(1, basic_nack{6});
        co_await simul::sleep(1s);
        co_await peer.say(1, basic_nack{0, true}); // all
        co_await peer.next();
    });
    connection c = co_await connection::open(here);
    channel ch = co_await c.open_channel();
    std::vector<future<>> all;
    for (int i = 0; i < 9; ++i)
        all.push_back(ch.publish("", "q", {}, std::to_string(i)));
    const auto done = [&] {
        std::string text;
        for (const future<>& each : all)
            text += !each.done() ? '.' : each.error() ? '-' : '+';
        return text;
    };
    co_await all[1];
    EXPECT_EQ(done(), ".+.......");
    co_await simul::sleep(1500ms);
    EXPECT_EQ(done(), "++++.....");
    EXPECT_EQ(co_await error_of(all[5]),
              "amqp publish: the broker could not take the message (basic.nack), and may have lost it");
    EXPECT_EQ(done(), "++++.-...");
    co_await raises<not_confirmed>([](future<>& last) -> task<> { co_await last; }(all[8]));
    EXPECT_EQ(done(), "++++-----");
}

SIMUL_TEST(AmqpConnection, WhatNobodyTakesComesBack)
{
    auto server = serve([](fake_broker& peer) -> task<> {
        co_await peer.log_in();
        co_await peer.open_channel();
        for (int i = 0; i < 6; ++i)
            co_await peer.next();
        const basic_return no{312, "NO_ROUTE", "", "q"};
        co_await peer.say(1, no, {.correlation_id = "b"}, "2");
        co_await peer.say(1, no, {.correlation_id = "same"}, "4");
        co_await peer.say(1, no, {.correlation_id = "same"}, "5");
        co_await peer.say(1, basic_ack{6, true});
        co_await peer.next();
    });
    connection c = co_await connection::open(here);
    channel ch = co_await c.open_channel();
    std::vector<future<>> all;
    for (const char* const id : {"a", "b", "c", "same", "same"})
        all.push_back(ch.publish("", "q", {.correlation_id = id}, "job", {.mandatory = true}));
    all.push_back(ch.publish("", "q", {.correlation_id = "same"}, "job"));
    co_await all[0];
    try {
        co_await all[1];
        ADD_FAILURE();
    } catch (const returned& back) {
        EXPECT_EQ(back.reply_code(), 312);
        EXPECT_STREQ(back.what(), "amqp publish: 312 NO_ROUTE: nothing takes messages for \"q\" of the exchange \"\"");
    }
    co_await all[2];
    EXPECT_TRUE(co_await raises<returned>(std::move(all[3])));
    EXPECT_TRUE(co_await raises<returned>(std::move(all[4])));
    co_await all[5];
}

SIMUL_TEST(AmqpConnection, LargeBodiesGoInPieces)
{
    const std::string body(1'000'000, 'b');
    auto server = serve([&](fake_broker& peer) -> task<> {
        co_await peer.log_in({0, 5000, 0});
        co_await peer.open_channel();
        EXPECT_EQ(co_await peer.next(), "1 publish \"\" \"q\" {} \"" + body + '"');
        co_await peer.say(1, basic_ack{1});
        EXPECT_EQ(co_await peer.next(), "1 consume"); // never: its headers are too long
    });
    connection c = co_await connection::open(here);
    channel ch = co_await c.open_channel();
    co_await ch.publish("", "q", {}, body);
    EXPECT_THROW(static_cast<void>(ch.publish("", "q", {.headers = {{"a", bytes(5000, 'a')}}}, body)),
                 simul::limit_exceeded);
    c = connection(std::move(c));
}

SIMUL_TEST(AmqpConnection, WaitsWhileThereIsNoRoom)
{
    auto server = serve([](fake_broker& peer) -> task<> {
        co_await peer.log_in();
        co_await peer.say(0, connection_blocked{"low on memory"});
        co_await simul::sleep(10s);
        co_await peer.say(0, connection_unblocked{});
        co_await peer.next();
    });
    connection c = co_await connection::open(here);
    co_await c.room();
    co_await simul::sleep(1s);
    EXPECT_EQ(c.blocked(), "low on memory");
    const auto before = simul::now();
    co_await c.room();
    EXPECT_EQ(simul::now() - before, 9s);
    EXPECT_EQ(c.blocked(), "");
}

// ---- consuming

SIMUL_TEST(AmqpConnection, ConsumesAndAcknowledges)
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

SIMUL_TEST(AmqpConnection, ALimitOfTheChannelIsNotLiftedByAConsumer)
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

SIMUL_TEST(AmqpConnection, AWaitForAMessageThatIsCancelledLosesNone)
{
    auto server = serve([](fake_broker& peer) -> task<> {
        co_await peer.log_in();
        co_await peer.open_channel();
        co_await peer.next();
        co_await peer.next();
        co_await peer.say(1, basic_qos_ok{});
        co_await peer.say(1, basic_consume_ok{"1"});
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

SIMUL_TEST(AmqpConnection, WhatADroppedConsumerHadGoesBack)
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
        auto [acknowledged, not_acknowledged] =
            co_await simul::gather(ch.consume("q"), ch.consume("q", {.no_ack = true}));
        co_await simul::sleep(1s);
        std::swap(acknowledged, not_acknowledged); // which goes first
        std::swap(acknowledged, not_acknowledged);
    }
    co_await simul::sleep(1s);
    co_await ch.close();
}

SIMUL_TEST(AmqpConnection, SaysThatTheBrokerHasCancelledAConsumer)
{
    auto server = serve([](fake_broker& peer) -> task<> {
        co_await peer.log_in();
        co_await peer.open_channel();
        co_await peer.next();
        co_await peer.next();
        co_await peer.say(1, basic_qos_ok{});
        co_await peer.say(1, basic_consume_ok{"1"});
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

SIMUL_TEST(AmqpConnection, DeliversWhatItCannotRead)
{
    auto server = serve([](fake_broker& peer) -> task<> {
        co_await peer.log_in();
        co_await peer.open_channel();
        co_await peer.next();
        co_await peer.next();
        co_await peer.say(1, basic_qos_ok{});
        co_await peer.say(1, basic_consume_ok{"1"});
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
