// SPDX-License-Identifier: MIT
//
// Login, and what is asked.
#include "cluster/amqp/connection.hpp"

#include "../../task/outcome.hpp"
#include "fake_broker.hpp"

#include <simul/task/timeout.hpp>
#include <simul/testing/gtest.hpp>

#include <string>

namespace {

using namespace std::chrono_literals;
using namespace amqp_tests;
using outcome::error_of;

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

} // namespace
