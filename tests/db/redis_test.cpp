// SPDX-License-Identifier: MIT
//
// The client with a server that says what the test wants, in virtual time.
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

/// Answers "OK" to everything.
task<> say_ok(fake_redis& peer)
{
    co_await peer.greet();
    while (!(co_await peer.next()).empty())
        co_await peer.say("+OK\r\n");
}

task<> say_nothing(fake_redis& peer)
{
    co_await peer.greet();
    while (!(co_await peer.next()).empty()) {
    }
}

SIMUL_TEST(Redis, WhatIsAskedInOneTurnGoesOutInOneWrite)
{
    auto server = simul::spawn(
        [](simul::listener& door) -> task<> {
            stream peer = co_await door.accept();
            fake_redis greeting(peer, 1);
            co_await greeting.greet();
            EXPECT_EQ(co_await peer.read_some(),
                      "*2\r\n$3\r\nGET\r\n$1\r\na\r\n*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$1\r\n5\r\n"
                      "*2\r\n$3\r\nGET\r\n$1\r\nc\r\n");
            co_await peer.write("$1\r\n1\r\n+O");
            co_await simul::sleep(1s);
            co_await peer.write("K\r\n_");
            co_await simul::sleep(1s);
            co_await peer.write("\r\n");
            co_await peer.read_all();
        },
        simul::tcp::listen("127.0.0.1:6379"));
    redis r = co_await redis::connect(here);
    auto [a, b, c] = co_await simul::gather(r.get<int>("a"), r.set("b", 5), r.get("c"));
    EXPECT_EQ(a, 1);
    EXPECT_TRUE(b);
    EXPECT_EQ(c, std::nullopt);
    co_await r.close();
    co_await server;
}

SIMUL_TEST(Redis, WritesArgumentsOfAllTypes)
{
    std::string got;
    auto server = serve([&](fake_redis& peer) -> task<> {
        co_await peer.greet();
        for (;;) {
            got = co_await peer.next();
            if (got.empty())
                break;
            co_await peer.say(":1\r\n");
        }
    });
    redis r = co_await redis::connect(here);
    co_await r.command("X", "text", std::string("string"), std::string_view("view"), -1, 2u, 0.1, 1e300);
    EXPECT_EQ(got, "X text string view -1 2 0.1 1e+300");
    co_await r.command("X", std::vector<int>{1, 2}, std::map<std::string, double>{{"a", 0.5}}, std::pair("b", 3),
                       std::vector<std::string>{});
    EXPECT_EQ(got, "X 1 2 a 0.5 b 3");
    co_await r.del("a", std::vector<std::string>{"b", "c"});
    EXPECT_EQ(got, "DEL a b c");
    co_await r.set("k", "v", {.expires = 1500us, .when = db::redis_when::absent});
    EXPECT_EQ(got, "SET k v PX 2 NX");
    co_await r.expire("k", 10s);
    EXPECT_EQ(got, "PEXPIRE k 10000");
    co_await r.incr("k", -2);
    EXPECT_EQ(got, "INCRBY k -2");
    EXPECT_TRUE(co_await r.exists("k"));
    EXPECT_EQ(co_await r.publish("c", "hello"), 1);
    EXPECT_EQ(got, "PUBLISH c hello");
}

SIMUL_TEST(Redis, AMovedFromClientSaysSo)
{
    auto server = serve(say_ok);
    redis r = co_await redis::connect(here);
    redis other = std::move(r);
    const auto [pong, set] =
        co_await simul::gather(other.command("PING"), simul::timeout(1s, other.command("SET", "a", 1)));
    EXPECT_EQ(pong.text(), "OK");
    EXPECT_EQ(set.text(), "OK");
    EXPECT_THROW(static_cast<void>(r.command("PING")), simul::closed_error);
    EXPECT_THROW(static_cast<void>(r.get("a")), simul::closed_error);
}

SIMUL_TEST(Redis, ErrorsHaveTheServersWordAndTheCommand)
{
    auto server = serve([](fake_redis& peer) -> task<> {
        co_await peer.greet();
        co_await peer.next();
        co_await peer.say("-WRONGTYPE Operation against a key\r\n");
        co_await peer.next();
        co_await peer.say(":3\r\n");
        co_await peer.next();
    });
    redis r = co_await redis::connect(here);
    try {
        co_await r.command("LPUSH", "a", 1);
        ADD_FAILURE();
    } catch (const db::redis_error& e) {
        EXPECT_EQ(e.code(), "WRONGTYPE");
        EXPECT_STREQ(e.what(), "redis LPUSH: WRONGTYPE Operation against a key");
    }
    EXPECT_EQ(co_await error_of(r.command("HGETALL", "h").as<std::map<std::string, std::string>>()),
              "redis HGETALL: expected an array, got the integer 3");
}

// ---- connecting

SIMUL_TEST(Redis, GreetsWithNamePasswordAndDatabase)
{
    std::vector<std::string> got;
    auto server = serve([&](fake_redis& peer) -> task<> {
        for (const char* reply : {"%1\r\n+id\r\n:1\r\n", "+OK\r\n", "+PONG\r\n"}) {
            got.push_back(co_await peer.next());
            co_await peer.say(reply);
        }
        co_await peer.next();
    });
    redis r = co_await redis::connect("redis://bob:s%20cret@127.0.0.1:6379/3", {.client_name = "me"});
    EXPECT_EQ(got, (std::vector<std::string>{"HELLO 3 AUTH bob s cret SETNAME me", "SELECT 3", "PING"}));
}

SIMUL_TEST(Redis, FallsBackToVersion2)
{
    auto server = serve([](fake_redis& peer) -> task<> {
        EXPECT_EQ(co_await peer.next(), "HELLO 3 AUTH default secret");
        co_await peer.say("-ERR unknown command 'HELLO'\r\n");
        EXPECT_EQ(co_await peer.next(), "AUTH secret");
        co_await peer.say("+OK\r\n");
        EXPECT_EQ(co_await peer.next(), "CLIENT ID");
        co_await peer.say(":1\r\n");
        EXPECT_EQ(co_await peer.next(), "PING");
        co_await peer.say("+PONG\r\n");
        co_await peer.next();
        co_await peer.say("*2\r\n$1\r\na\r\n$1\r\n1\r\n");
        co_await peer.next();
    });
    redis r = co_await redis::connect("redis://:secret@127.0.0.1");
    EXPECT_EQ((co_await r.command("HGETALL", "h").as<std::map<std::string, int>>()),
              (std::map<std::string, int>{{"a", 1}}));
}

SIMUL_TEST(Redis, SaysWhyItCannotConnect)
{
    EXPECT_EQ(co_await error_of(redis::connect(here)), "connect to 127.0.0.1:6379: Connection refused");
    auto server = serve([](fake_redis& peer) -> task<> {
        if (peer.number == 2)
            co_await peer.say("-ERR max number of clients reached\r\n");
        co_await peer.next();
        if (peer.number == 1)
            co_await peer.say("-WRONGPASS invalid username-password pair\r\n");
        co_await peer.next();
    });
    EXPECT_EQ(co_await error_of(redis::connect("redis://:secret@127.0.0.1")),
              "redis HELLO: WRONGPASS invalid username-password pair");
    EXPECT_EQ(co_await error_of(redis::connect(here)), "redis HELLO: ERR max number of clients reached");
    const auto before = simul::now();
    EXPECT_EQ(co_await error_of(redis::connect(here, {.connect_timeout = 3s})),
              "connecting to 127.0.0.1:6379 took too long");
    EXPECT_EQ(simul::now() - before, 3s);
}

SIMUL_TEST(Redis, RefusesUrlsWithoutShowingPasswords)
{
    for (const auto& [url, why] : std::map<std::string, std::string>{
             {"nonsense:secret", "has another scheme"},
             {"http://:secret@host", "has another scheme"},
             {"secret", "is none"},
             {"redis://:secret@host/x", "has a database that is no number"},
             {"redis://:secret@host?timeout=1", "has a parameter \"timeout\""},
             {"unix://:secret@host/path", "names no path"},
         }) {
        const std::string said = co_await error_of(redis::connect(url));
        EXPECT_TRUE(said.starts_with("redis: the URL " + why + ";")) << said;
        EXPECT_EQ(said.find("secret"), std::string::npos) << said;
    }
    EXPECT_NE(co_await error_of(redis::connect(here, {.protocol = 1})), "");
    EXPECT_NE(co_await error_of(redis::connect(here, {.pool = 0})), "");
    EXPECT_NE(co_await error_of(redis::connect(here, {.backoff = -1s})), "");
}

// ---- the end, and what isn't for all

SIMUL_TEST(Redis, CloseWaitsForReplies)
{
    auto server = serve([](fake_redis& peer) -> task<> {
        co_await peer.greet();
        co_await peer.next();
        co_await simul::sleep(1s);
        co_await peer.say(":1\r\n");
        EXPECT_EQ(co_await peer.next(), "");
    });
    redis r = co_await redis::connect(here);
    auto counting = simul::spawn(r.incr("a"));
    co_await wait_all_blocked();
    co_await r.close();
    EXPECT_TRUE(counting.done());
    EXPECT_EQ(co_await counting, 1);
    EXPECT_EQ(co_await error_of(r.incr("a")), "redis INCRBY: the client is closed");
}

SIMUL_TEST(Redis, DroppingItFailsWhatIsUnderWay)
{
    auto server = serve(say_nothing);
    simul::future<std::int64_t> counting;
    {
        redis r = co_await redis::connect(here);
        counting = simul::spawn(r.incr("a"));
        co_await wait_all_blocked();
    }
    EXPECT_EQ(co_await error_of(counting), "redis INCRBY: the client was closed before the reply");
}

SIMUL_TEST(Redis, RefusesWhatOthersWouldSufferFrom)
{
    auto server = serve(say_ok);
    redis r = co_await redis::connect(here);
    const auto refusal = [&](std::string_view name) -> std::string {
        try {
            static_cast<void>(r.command(name, "x"));
        } catch (const simul::error& e) {
            return e.what();
        }
        return "";
    };
    EXPECT_EQ(refusal("SUBSCRIBE"), "redis SUBSCRIBE: use `subscribe`, for its messages would get among replies");
    EXPECT_EQ(refusal("multi"), "redis multi: use `transaction`, for others' commands would get between");
    EXPECT_EQ(refusal("Select"), "redis Select: use a `session`, for others share this connection");
    EXPECT_EQ(refusal("MONITOR"), "redis MONITOR: can't be used here, for what comes after it are no replies");
    EXPECT_EQ(refusal("WAIT"), "redis WAIT: use a `session`, for it is about what was written on the same connection");
    EXPECT_THROW(static_cast<void>(r.command("CLIENT", "reply", "OFF")), simul::error);
    EXPECT_EQ(refusal("CLIENT"), "");
    EXPECT_EQ(refusal("XREAD"), "");
    EXPECT_EQ(refusal("SETEX"), "");
    db::redis_pipeline some = r.pipeline();
    EXPECT_THROW(some.command("BLPOP", "q", 0), simul::error);
    EXPECT_THROW(some.command("XREAD", "block", 0, "STREAMS", "s", "$"), simul::error);
    EXPECT_EQ(some.size(), 0u);

    redis mine = co_await r.session();
    EXPECT_EQ((co_await mine.command("SELECT", 1)).text(), "OK");
    EXPECT_EQ((co_await mine.command("BLPOP", "q", 0)).text(), "OK");
    EXPECT_THROW(static_cast<void>(mine.command("SUBSCRIBE", "x")), simul::error);
}

SIMUL_TEST(Redis, ASessionIsNotMadeAgain)
{
    auto server = serve([](fake_redis& peer) -> task<> {
        co_await peer.greet();
        co_await peer.next();
        co_await peer.say("+OK\r\n");
    });
    redis r = co_await redis::connect(here);
    redis mine = co_await r.session();
    co_await mine.command("WATCH", "a");
    EXPECT_TRUE(co_await raises<db::connection_lost>(mine.get("a")));
    EXPECT_EQ(co_await error_of(mine.get("a")),
              "redis GET: the connection of this session was lost: 127.0.0.1:6379 closed the connection");
}

} // namespace
