// SPDX-License-Identifier: MIT
//
// Pipelines, transactions, scripts and commands that block, with a server that says what the test wants.
#include <simul/db/redis.hpp>

#include "../task/outcome.hpp"
#include "fake_redis.hpp"

#include <simul/task/gather.hpp>
#include <simul/task/timeout.hpp>
#include <simul/testing/clock.hpp>
#include <simul/testing/gtest.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace redis_tests;
using outcome::error_of;
using simul::task;
using simul::testing::wait_all_blocked;
namespace db = simul::db;
using db::redis;
using popped = std::optional<std::pair<std::string, std::string>>;

// ---- several at once

SIMUL_TEST(RedisPipeline, GoesOutInOnePieceAndComesBackInOrder)
{
    auto server = serve([](fake_redis& peer) -> task<> {
        co_await peer.greet();
        for (const char* command : {"SET a 1", "LPUSH a 2", "GET a"})
            EXPECT_EQ(co_await peer.next(), command);
        EXPECT_FALSE(peer.has_more());
        co_await peer.say("+OK\r\n-WRONGTYPE a\r\n$1\r\n1\r\n");
        for (int round = 0; round < 2; ++round) {
            co_await peer.next();
            co_await peer.next();
            co_await peer.say(round == 0 ? ":1\r\n+b\r\n" : ":1\r\n-ERR b\r\n");
        }
        co_await peer.next();
        co_await peer.say("+alone\r\n");
        co_await peer.next();
    });
    redis r = co_await redis::connect(here);
    db::redis_pipeline some = r.pipeline();
    some.command("SET", "a", 1).command("LPUSH", "a", 2).command("GET", "a");
    const auto all = co_await some.settle();
    CO_ASSERT_EQ(all.size(), 3u);
    EXPECT_EQ(all[0].text(), "OK");
    EXPECT_TRUE(all[1].is_error());
    EXPECT_EQ(all[2].as<int>(), 1);
    EXPECT_EQ(some.size(), 0u); // and ready for the next

    const auto [n, b] = co_await some.command("INCR", "n").command("GET", "b").as<int, std::string>();
    EXPECT_EQ(n, 1);
    EXPECT_EQ(b, "b");
    EXPECT_EQ(co_await error_of(some.command("INCR", "n").command("GET", "b").run()), "redis pipeline: ERR b");
    EXPECT_EQ((co_await some.command("GET", "alone").run())[0].text(), "alone");
    EXPECT_TRUE((co_await some.run()).empty()); // nothing, and nothing is sent
}

SIMUL_TEST(RedisTransaction, IsAllOrNothing)
{
    auto server = serve([](fake_redis& peer) -> task<> {
        co_await peer.greet();
        for (const char* replies : {"+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:1\r\n:2\r\n",
                                    "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:1\r\n-WRONGTYPE b\r\n",
                                    "+OK\r\n-ERR unknown command\r\n+QUEUED\r\n-EXECABORT Transaction discarded\r\n",
                                    "+OK\r\n+QUEUED\r\n+QUEUED\r\n_\r\n"}) {
            for (const char* command : {"MULTI", "INCR a", "INCR b", "EXEC"})
                EXPECT_EQ(co_await peer.next(), command);
            co_await peer.say(replies);
        }
        co_await peer.next();
    });
    redis r = co_await redis::connect(here);
    const auto both = [&] { return std::move(r.transaction().command("INCR", "a").command("INCR", "b")); };
    EXPECT_EQ((co_await both().as<int, int>()), std::tuple(1, 2));
    const auto settled = co_await both().settle();
    EXPECT_TRUE((*settled)[1].is_error());
    EXPECT_EQ(co_await error_of(both().run()), "redis transaction: ERR unknown command");
    EXPECT_EQ(co_await both().run(), std::nullopt); // a watched key had changed
    EXPECT_TRUE((co_await r.transaction().run())->empty());
}

SIMUL_TEST(RedisScript, IsSentWholeOnlyWhereItIsUnknown)
{
    const db::redis_script add("return ARGV[1]");
    EXPECT_EQ(add.sha(), "098e0f0d1448c0a81dafe820f66d460eb09263da");
    auto server = serve([&](fake_redis& peer) -> task<> {
        co_await peer.greet();
        EXPECT_EQ(co_await peer.next(), "EVALSHA " + add.sha() + " 2 k1 k2 5 x");
        co_await peer.say("-NOSCRIPT No matching script\r\n");
        EXPECT_EQ(co_await peer.next(), "EVAL return ARGV[1] 2 k1 k2 5 x");
        co_await peer.say(":5\r\n");
        EXPECT_EQ(co_await peer.next(), "EVALSHA " + add.sha() + " 1 k 6");
        co_await peer.say(":6\r\n");
        EXPECT_EQ(co_await peer.next(), "EVALSHA " + add.sha() + " 0");
        co_await peer.say("-ERR user_script:1: no\r\n");
        co_await peer.next();
    });
    redis r = co_await redis::connect(here);
    EXPECT_EQ(co_await r.script(add, {"k1", "k2"}, 5, "x").as<int>(), 5);
    EXPECT_EQ(co_await r.script(add, std::vector<std::string>{"k"}, 6).as<int>(), 6);
    EXPECT_EQ(co_await error_of(r.script(add, {}).as<int>()), "redis EVALSHA: ERR user_script:1: no");
}

// ---- commands that block

SIMUL_TEST(RedisBlocking, HasAConnectionOfItsOwn)
{
    int connections = 0;
    auto server = serve([&](fake_redis& peer) -> task<> {
        connections = peer.number;
        co_await peer.greet();
        for (;;) {
            const std::string command = co_await peer.next();
            if (command.empty())
                break;
            if (command.starts_with("BLPOP"))
                co_await simul::sleep(100s); // longer than any other command may take
            co_await peer.say(command.starts_with("BLPOP") ? "*2\r\n+q\r\n+item\r\n" : ":1\r\n");
        }
    });
    redis r = co_await redis::connect(here, {.pool = 2});
    const auto start = simul::now();
    std::vector<task<popped>> pops;
    for (int i = 0; i < 4; ++i)
        pops.push_back(r.command("BLPOP", "q", 0).as<popped>());
    auto popping = simul::spawn(
        [](std::vector<task<popped>>& all) -> task<std::vector<popped>> {
            co_return co_await simul::gather(std::move(all));
        },
        std::move(pops));
    co_await simul::sleep(50s);
    EXPECT_EQ(co_await r.incr("a"), 1);
    EXPECT_EQ(simul::now() - start, 50s); // nobody was kept waiting
    EXPECT_EQ((co_await popping)[3], (std::pair<std::string, std::string>("q", "item")));
    EXPECT_EQ(simul::now() - start, 200s); // two at a time
    EXPECT_EQ(connections, 3);             // used again
}

/// Blocks as a server does: until somebody says CLIENT UNBLOCK on another connection.
struct blocking_server {
    simul::promise<std::string> unblocked = {};
    std::string reply_when_unblocked = "_\r\n";
    bool deaf = false;
    int unblocks_refused = 0;
    int connections = 0;

    task<> operator()(fake_redis& peer)
    {
        connections = peer.number;
        co_await peer.greet();
        for (;;) {
            const std::string command = co_await peer.next();
            if (command.empty())
                break;
            if (deaf)
                continue;
            if (command.starts_with("BLPOP")) {
                co_await peer.say(co_await unblocked.get_future());
                unblocked = {};
            } else if (unblocks_refused-- > 0) {
                co_await peer.say(":0\r\n");
            } else {
                EXPECT_EQ(command, "CLIENT UNBLOCK 2");
                unblocked.set_value(reply_when_unblocked);
                co_await peer.say(":1\r\n");
            }
        }
    }
};

SIMUL_TEST(RedisBlocking, CancellingCallsItOffAtTheServer)
{
    blocking_server how{.unblocks_refused = 2}; // as when that has not read the command yet
    auto server = serve([&](fake_redis& peer) { return how(peer); });
    redis r = co_await redis::connect(here);
    for (int i = 0; i < 2; ++i) {
        auto popping = simul::spawn(r.command("BLPOP", "q", 0).as<popped>());
        co_await wait_all_blocked();
        popping.cancel();
        EXPECT_EQ(co_await error_of(popping), "cancelled");
    }
    EXPECT_EQ(how.connections, 2); // the second took the connection of the first
}

SIMUL_TEST(RedisBlocking, WhatWasPoppedWhenItWasCancelledIsDelivered)
{
    blocking_server how{.reply_when_unblocked = "*2\r\n+q\r\n+item\r\n"};
    auto server = serve([&](fake_redis& peer) { return how(peer); });
    redis r = co_await redis::connect(here);
    std::string got;
    auto popping = simul::spawn(
        [](redis& from, std::string& to) -> task<> {
            to = (co_await from.command("BLPOP", "q", 0).as<popped>())->second;
            co_await simul::sleep(1s);
            ADD_FAILURE() << "the cancellation was lost";
        },
        std::ref(r), std::ref(got));
    co_await wait_all_blocked();
    popping.cancel();
    EXPECT_EQ(co_await error_of(popping), "cancelled");
    EXPECT_EQ(got, "item");
}

SIMUL_TEST(RedisBlocking, ADeafServerDoesNotKeepTheCanceller)
{
    blocking_server how{.deaf = true};
    auto server = serve([&](fake_redis& peer) { return how(peer); });
    redis r = co_await redis::connect(here);
    auto popping = simul::spawn(r.command("BLPOP", "q", 0).as<popped>());
    co_await wait_all_blocked();
    const auto start = simul::now();
    popping.cancel();
    EXPECT_EQ(co_await error_of(popping), "cancelled");
    EXPECT_EQ(simul::now() - start, 2s);
    auto again = simul::spawn(r.command("BLPOP", "q", 0).as<popped>());
    co_await wait_all_blocked();
    EXPECT_EQ(how.connections, 3); // the first is given up, for its reply may still come
    co_await r.close();
    EXPECT_EQ(co_await error_of(again), "redis BLPOP: the client was closed before the reply");
}

SIMUL_TEST(RedisBlocking, ALostConnectionIsNotLentAgain)
{
    auto server = serve([](fake_redis& peer) -> task<> {
        co_await peer.greet();
        if ((co_await peer.next()).empty())
            co_return;
        co_await peer.say("_\r\n");
    });
    redis r = co_await redis::connect(here);
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(co_await r.command("BLPOP", "q", 1).as<popped>(), std::nullopt);
        co_await simul::sleep(1s);
    }
}

} // namespace
