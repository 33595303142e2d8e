// SPDX-License-Identifier: MIT
//
// What is published: when it is over, how it goes out, and what comes back.
#include "cluster/amqp/connection.hpp"

#include "../../task/outcome.hpp"
#include "fake_broker.hpp"

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

SIMUL_TEST(AmqpPublish, APublicationIsOverWhenItIsConfirmed)
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

SIMUL_TEST(AmqpPublish, WhatIsSaidInOneTurnGoesOutInOneWrite)
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

SIMUL_TEST(AmqpPublish, WhileMuchIsUnconfirmedAWriteWaitsForMore)
{
    auto server = serve([](fake_broker& peer) -> task<> {
        co_await peer.log_in();
        co_await peer.open_channel();
        const auto before = simul::now();
        for (int i = 0; i < 5; ++i)
            co_await peer.next();
        EXPECT_EQ(simul::now(), before) << "they come at once";
        EXPECT_FALSE(peer.has_more());
        EXPECT_EQ(co_await peer.next(), "1 publish \"\" \"q\" {} \"one\"");
        EXPECT_TRUE(peer.has_more());
        EXPECT_EQ(co_await peer.next(), "1 publish \"\" \"q\" {} \"two\"");
        co_await peer.say(1, basic_ack{7, true});
        EXPECT_EQ(co_await peer.next(), "1 publish \"\" \"q\" {} \"three\"");
        EXPECT_FALSE(peer.has_more());
        EXPECT_EQ(co_await peer.next(), "1 publish \"\" \"q\" {} \"four\"");
        co_await peer.say(1, basic_ack{9, true});
        co_await peer.next();
    });
    connection c = co_await connection::open(here);
    channel ch = co_await c.open_channel();
    std::vector<future<>> all;
    for (int i = 0; i < 5; ++i)
        all.push_back(ch.publish("", "q", {}, ""));
    co_await wait_all_blocked();
    all.push_back(ch.publish("", "q", {}, "one"));
    co_await simul::sleep(1ms);
    all.push_back(ch.publish("", "q", {}, "two"));
    co_await all.back();
    all.push_back(ch.publish("", "q", {}, "three"));
    co_await simul::sleep(100us);
    all.push_back(ch.publish("", "q", {}, "four"));
    for (future<>& each : all)
        co_await each;
}

SIMUL_TEST(AmqpPublish, ConfirmationsComeInAnyOrder)
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

SIMUL_TEST(AmqpPublish, WhatNobodyTakesComesBack)
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

SIMUL_TEST(AmqpPublish, LargeBodiesGoInPieces)
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

SIMUL_TEST(AmqpPublish, WaitsWhileThereIsNoRoom)
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

} // namespace
