// SPDX-License-Identifier: MIT
//
// What becomes of commands when connections break, servers are away, or nobody waits any more.
#include <simul/db/redis.hpp>

#include "../task/outcome.hpp"
#include "fake_redis.hpp"

#include <simul/task/gather.hpp>
#include <simul/task/timeout.hpp>
#include <simul/testing/clock.hpp>
#include <simul/testing/gtest.hpp>

#include <map>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace redis_tests;
using outcome::error_of;
using outcome::raises;
using simul::stream;
using simul::task;
using simul::testing::seeds;
using simul::testing::wait_all_blocked;
namespace db = simul::db;
using db::redis;

// ---- when the connection is lost

SIMUL_TEST(RedisLoss, WhatWasSentFailsAndWhatWasNotWaits)
{
    auto server = serve([](fake_redis& peer) -> task<> {
        co_await peer.greet();
        if (peer.number == 1) {
            EXPECT_EQ(co_await peer.next(), "INCRBY a 1");
            co_return;
        }
        EXPECT_EQ(co_await peer.next(), "INCRBY b 1");
        co_await peer.say(":2\r\n");
        co_await peer.next();
    });
    redis r = co_await redis::connect(here);
    EXPECT_EQ(co_await error_of(r.incr("a")),
              "redis INCRBY: the connection was lost before the reply, so it may have been "
              "executed: 127.0.0.1:6379 closed the connection");
    EXPECT_EQ(co_await r.incr("b"), 2);
}

SIMUL_TEST(RedisLoss, AnsweredOnesOfALostConnectionAreAnswered)
{
    auto server = serve([](fake_redis& peer) -> task<> {
        co_await peer.greet();
        for (int i = 0; i < 3; ++i)
            co_await peer.next();
        co_await peer.say(":1\r\n:2"); // half of a reply is none
    });
    redis r = co_await redis::connect(here);
    auto all = co_await simul::settle(r.incr("a"), r.incr("b"), r.incr("c"));
    EXPECT_EQ(*std::get<0>(all), 1);
    EXPECT_THROW(std::get<1>(all).value(), db::connection_lost);
    EXPECT_THROW(std::get<2>(all).value(), db::connection_lost);
}

SIMUL_TEST(RedisLoss, IdempotentCommandsAreSentAgain)
{
    int served = 0;
    auto server = serve([&](fake_redis& peer) -> task<> {
        served = peer.number;
        co_await peer.greet();
        const std::string command = co_await peer.next();
        if (command == "GET b" || peer.number < 3)
            co_return;
        EXPECT_EQ(command, "GET a");
        co_await peer.say("$1\r\n1\r\n");
        EXPECT_EQ(co_await peer.next(), "GET b");
    });
    redis r = co_await redis::connect(here);
    EXPECT_EQ(co_await r.get("a"), "1");
    EXPECT_TRUE(co_await raises<db::connection_lost>(r.get("b"))); // not for ever
    EXPECT_EQ(served, 3 + 3);
}

SIMUL_TEST(RedisLoss, WaitsForAServerThatIsAway)
{
    auto before = serve([](fake_redis& peer) -> task<> { co_await peer.greet(); });
    redis r = co_await redis::connect(here);
    before.cancel();
    co_await simul::sleep(1s);
    const auto start = simul::now();
    auto setting = simul::spawn(r.set("a", 1));
    auto given_up = simul::spawn(r.set("never", 1));
    co_await simul::sleep(10s);
    given_up.cancel();
    auto server = serve([](fake_redis& peer) -> task<> {
        co_await peer.greet();
        EXPECT_EQ(co_await peer.next(), "SET a 1");
        co_await peer.say("+OK\r\n");
        EXPECT_EQ(co_await peer.next(), ""); // what was given up in the meantime isn't sent
    });
    EXPECT_TRUE(co_await setting);
    EXPECT_LE(simul::now() - start, 15s); // longest_backoff
    co_await r.close();
}

SIMUL_TEST(RedisLoss, DoesNotWaitForEver)
{
    auto before = serve([](fake_redis& peer) -> task<> { co_await peer.greet(); });
    redis r = co_await redis::connect(here, {.command_timeout = 20s});
    before.cancel();
    co_await simul::sleep(1s);
    const auto start = simul::now();
    EXPECT_EQ(co_await error_of(r.set("a", 1)),
              "redis SET: no connection to 127.0.0.1:6379 in time: connect to 127.0.0.1:6379: Connection refused");
    EXPECT_EQ(simul::now() - start, 20s);
}

SIMUL_TEST(RedisLoss, AServerThatHangsUpAtOnceIsNotPestered)
{
    int connections = 0;
    auto server = serve([&](fake_redis& peer) -> task<> {
        connections = peer.number;
        co_await peer.greet();
    });
    redis r = co_await redis::connect(here);
    co_await simul::sleep(100s);
    EXPECT_GT(connections, 15);
    EXPECT_LT(connections, 100); // 5 s at most between two
    co_await r.close();
}

SIMUL_TEST(RedisLoss, AServerThatDoesNotAnswerIsLeft)
{
    auto server = serve([](fake_redis& peer) -> task<> {
        co_await peer.greet();
        while (!(co_await peer.next()).empty())
            if (peer.number == 2)
                co_await peer.say(":1\r\n");
    });
    redis r = co_await redis::connect(here);
    const auto start = simul::now();
    auto one = simul::spawn(r.incr("a"));
    co_await simul::sleep(10s);
    auto other = simul::spawn(r.incr("b"));
    auto read = simul::spawn(r.exists("c"));
    EXPECT_EQ(co_await error_of(one), "redis INCRBY: no reply from 127.0.0.1:6379 in time");
    EXPECT_EQ(simul::now() - start, 30s);
    EXPECT_EQ(co_await error_of(other),
              "redis INCRBY: the connection was lost before the reply, so it may have been executed: no reply in time");
    EXPECT_TRUE(co_await read);
    EXPECT_EQ(co_await r.incr("a"), 1);
}

SIMUL_TEST(RedisLoss, WhatBlocksHasNoTimeLimitAndWhatIsBehindItHas)
{
    auto server = serve([](fake_redis& peer) -> task<> {
        co_await peer.greet();
        if ((co_await peer.next()).starts_with("BLPOP")) {
            co_await simul::sleep(100s);
            co_await peer.say("_\r\n");
        }
        while (!(co_await peer.next()).empty()) {
        }
    });
    redis r = co_await redis::connect(here);
    redis mine = co_await r.session();
    const auto start = simul::now();
    auto popping = simul::spawn(mine.command("BLPOP", "q", 0).as<std::optional<int>>());
    co_await simul::sleep(90s);
    auto counting = simul::spawn(mine.incr("a"));
    EXPECT_EQ(co_await popping, std::nullopt);
    EXPECT_EQ(co_await error_of(counting), "redis INCRBY: no reply from 127.0.0.1:6379 in time");
    EXPECT_EQ(simul::now() - start, 120s);
}

SIMUL_TEST(RedisLoss, LeavesWhoTalksNonsense)
{
    auto server = serve([](fake_redis& peer) -> task<> {
        co_await peer.greet();
        if (peer.number == 3)
            co_await peer.say("+OK\r\n"); // that nobody asked for
        co_await peer.next();
        if (peer.number == 1)
            co_await peer.say("HTTP/1.1 400 Bad Request\r\n");
        else if (peer.number == 2)
            co_await peer.say("$100\r\n");
        else if (peer.number == 4)
            co_await peer.say(">2\r\n+invalidate\r\n_\r\n:4\r\n"); // only a push may come unasked
        co_await peer.next();
    });
    redis r = co_await redis::connect(here, {.reply_bytes = 99});
    EXPECT_NE((co_await error_of(r.incr("a"))).find("127.0.0.1:6379 sent something that is not Redis's protocol"),
              std::string::npos);
    EXPECT_NE((co_await error_of(r.incr("a"))).find("127.0.0.1:6379 sent a reply of too many bytes"),
              std::string::npos);
    EXPECT_EQ(co_await r.incr("a"), 4);
}

// ---- cancelling

SIMUL_TEST(RedisLoss, ACancelledCommandTakesNothingFromOthers)
{
    auto server = serve([](fake_redis& peer) -> task<> {
        co_await peer.greet();
        for (int i = 0; i < 3; ++i)
            co_await peer.next();
        co_await simul::sleep(1s);
        co_await peer.say(":1\r\n:2\r\n:3\r\n");
        co_await peer.next();
    });
    redis r = co_await redis::connect(here);
    auto first = simul::spawn(r.incr("a"));
    auto second = simul::spawn(r.incr("b"));
    auto third = simul::spawn(r.incr("c"));
    co_await wait_all_blocked();
    second.cancel();
    EXPECT_EQ(co_await first, 1);
    EXPECT_EQ(co_await error_of(second), "cancelled");
    EXPECT_EQ(co_await third, 3);
}

/// Commands that say who they are, connections that break at any place: nobody gets another's reply.
SIMUL_SIM_TEST(RedisLoss, NobodyGetsAnothersReply, seeds(15))
{
    auto server = serve([](fake_redis& peer) -> task<> {
        co_await peer.greet();
        const auto lives = 1 + simul::loop::current().random() % 40;
        for (unsigned i = 0; i < lives; ++i) {
            const std::string command = co_await peer.next();
            if (command.empty())
                co_return;
            const std::string reply = "$" + std::to_string(command.size() - 5) + "\r\n" + command.substr(5) + "\r\n";
            const std::size_t cut = simul::loop::current().random() % reply.size();
            co_await peer.say(reply.substr(0, cut));
            co_await simul::sleep(1ms);
            co_await peer.say(reply.substr(cut));
        }
        peer.abort();
    });
    redis r = co_await redis::connect(here);
    int answered = 0;
    std::vector<task<>> all;
    for (int i = 0; i < 100; ++i)
        all.push_back([](redis& client, int number, int& count) -> task<> {
            co_await simul::sleep(std::chrono::milliseconds(simul::loop::current().random() % 200));
            try {
                const auto said =
                    co_await simul::move_on_after(std::chrono::milliseconds(simul::loop::current().random() % 100),
                                                  client.command("ECHO", number).as<int>());
                EXPECT_EQ(said.value_or(number), number);
                count += said.has_value();
            } catch (const db::connection_lost&) {
            }
        }(r, i, answered));
    co_await simul::gather(std::move(all));
    EXPECT_GT(answered, 0);
    EXPECT_EQ(co_await r.command("ECHO", "x").idempotent().as<std::string>(), "x");
    co_await r.close();
}

} // namespace
