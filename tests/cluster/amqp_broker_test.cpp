// SPDX-License-Identifier: MIT
//
// What a worker is given, and what it answers for, while RabbitMQ ends its channels: in virtual time.
#include "cluster/amqp_broker.hpp"

#include "amqp/fake_broker.hpp"

#include <simul/testing/clock.hpp>
#include <simul/testing/gtest.hpp>
#include <simul/task/timeout.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace {

using namespace std::chrono_literals;
using namespace amqp_tests;
using simul::testing::wait_all_blocked;
namespace detail = simul::cluster::detail;

bool is_publishers(const fake_broker& peer)
{
    return peer.number == 1;
}

task<> let_publish(fake_broker& peer)
{
    co_await peer.open_channel(1);
    co_await peer.open_channel(2);
    for (int i = 0; i < 3; ++i) {
        EXPECT_TRUE((co_await peer.next()).starts_with("2 exchange.declare"));
        co_await peer.say(2, exchange_declare_ok{});
    }
    co_await peer.ignore_rest();
}

task<> let_work(fake_broker& peer)
{
    co_await peer.open_channel();
    co_await peer.next();
    co_await peer.say(1, basic_qos_ok{});
    co_await peer.next();
    co_await peer.say(1, queue_declare_ok{"q", 0, 0});
    co_await peer.next();
    co_await peer.say(1, basic_consume_ok{"1"});
}

task<> deliver(fake_broker& peer, std::uint64_t tag, std::string_view id, int retries, bool again)
{
    return peer.say(1, basic_deliver{"1", tag, again, "", "q"},
                    {.headers = {{"retries", retries}}, .correlation_id = std::string(id)}, id);
}

task<> end_channel(fake_broker& peer)
{
    co_await peer.say(1, channel_close{406, "PRECONDITION_FAILED - delivery acknowledgement on channel 1 timed out"});
    EXPECT_EQ(co_await peer.next(), "1 channel.close-ok");
}

task<std::unique_ptr<detail::broker>> start_worker()
{
    auto made = co_await detail::connect_amqp_broker(here, {});
    co_await made->consume({"q"}, 10);
    co_return made;
}

task<bool> gets_nothing(detail::broker& by)
{
    co_return !co_await simul::move_on_after(1s, by.next());
}

SIMUL_TEST(AmqpBroker, AJobThatIsDeliveredAgainWhileItRunsIsRunOnce)
{
    auto server = serve([](fake_broker& peer) -> task<> {
        co_await peer.log_in();
        if (is_publishers(peer))
            co_return co_await let_publish(peer);
        co_await let_work(peer);
        co_await deliver(peer, 1, "long", 0, false);
        co_await simul::sleep(1s);
        for (int times = 0; times < 2; ++times) {
            co_await end_channel(peer);
            co_await let_work(peer);
            co_await deliver(peer, 1, "other", times, false);
            co_await deliver(peer, 2, "long", 0, true);
            co_await simul::sleep(1s);
        }
        EXPECT_EQ(co_await peer.next(), "1 ack 2 0");
        co_await peer.next();
    });
    const auto by = co_await start_worker();
    const detail::delivery job = co_await by->next();
    EXPECT_EQ(job.content.body, "long");
    EXPECT_EQ((co_await by->next()).content.body, "other");
    EXPECT_EQ((co_await by->next()).content.body, "other"); // another try is another message
    EXPECT_TRUE(co_await gets_nothing(*by));
    co_await by->acknowledge(job);
    co_await wait_all_blocked();
}

SIMUL_TEST(AmqpBroker, WhatWasDoneWhileThereWasNoChannelIsNotDoneAgain)
{
    auto server = serve([](fake_broker& peer) -> task<> {
        co_await peer.log_in();
        if (is_publishers(peer))
            co_return co_await let_publish(peer);
        if (peer.number == 2) {
            co_await let_work(peer);
            co_await deliver(peer, 1, "done", 0, false);
            co_await deliver(peer, 2, "given back", 0, false);
            co_return co_await simul::sleep(100ms);
        }
        co_await simul::sleep(1s);
        co_await let_work(peer);
        co_await deliver(peer, 1, "done", 0, true);
        co_await deliver(peer, 2, "given back", 0, true);
        EXPECT_EQ(co_await peer.next(), "1 ack 1 0");
        co_await peer.next();
    });
    const auto by = co_await start_worker();
    const detail::delivery done = co_await by->next();
    const detail::delivery given_back = co_await by->next();
    co_await simul::sleep(500ms);
    co_await by->acknowledge(done);
    co_await by->give_back(given_back);
    const detail::delivery again = co_await by->next();
    EXPECT_EQ(again.content.body, "given back");
    EXPECT_TRUE(again.redelivered);
    EXPECT_TRUE(co_await gets_nothing(*by));
    EXPECT_EQ(by->reconnects(), 1u);
}

} // namespace
