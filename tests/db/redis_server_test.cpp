// SPDX-License-Identifier: MIT
//
// The client with Debian's redis-server.
#include "redis_server.hpp"

#include "../io/tls_fixture.hpp"
#include "../task/outcome.hpp"

#include <simul/db/redis.hpp>
#include <simul/run/run.hpp>
#include <simul/run/to_thread.hpp>
#include <simul/task/gather.hpp>
#include <simul/task/group.hpp>
#include <simul/task/timeout.hpp>
#include <simul/testing/gtest.hpp>

#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace redis_tests;
using outcome::error_of;
using outcome::raises;
using simul::task;
namespace db = simul::db;
using db::redis;
using strings = std::vector<std::string>;
using popped = std::optional<std::pair<std::string, std::string>>;

#define REDIS_TEST(name)                                                                                               \
    static task<> name(redis_server& server, redis& r);                                                                \
    SIMUL_TEST_REAL(RedisServer, name)                                                                                 \
    {                                                                                                                  \
        if (!have_redis())                                                                                             \
            CO_SKIP() << "there is no `redis-server` here";                                                            \
        redis_server server = co_await redis_server::start();                                                          \
        redis r = co_await redis::connect(server.url());                                                               \
        co_await name(server, r);                                                                                      \
        co_await r.close();                                                                                            \
    }                                                                                                                  \
    static task<> name([[maybe_unused]] redis_server& server, [[maybe_unused]] redis& r)

struct user {
    std::string name;
    int age = 0;
};

task<> use_everything(redis& r)
{
    EXPECT_TRUE(co_await r.set("a", 1));
    EXPECT_EQ(co_await r.get("a"), "1");
    EXPECT_EQ(co_await r.get<int>("a"), 1);
    EXPECT_EQ(co_await r.get("nothing"), std::nullopt);
    EXPECT_FALSE(co_await r.set("a", 2, {.when = db::redis_when::absent}));
    EXPECT_TRUE(co_await r.set("a", 2.5, {.expires = 100s, .when = db::redis_when::present}));
    EXPECT_GT(co_await r.command("PTTL", "a").as<int>(), 1000);
    EXPECT_EQ(co_await r.get<double>("a"), 2.5);
    EXPECT_EQ(co_await r.incr("n", 5), 5);
    EXPECT_TRUE(co_await r.expire("n", 1h));
    EXPECT_FALSE(co_await r.expire("nothing", 1h));

    const std::map<std::string, std::string> fields{{"name", "Bob"}, {"age", "41"}};
    EXPECT_EQ(co_await r.command("HSET", "h", fields).as<int>(), 2);
    EXPECT_EQ((co_await r.command("HGETALL", "h").as<std::map<std::string, std::string>>()), fields);
    const user bob = co_await r.command("HGETALL", "h").as<user>();
    EXPECT_EQ(bob.name, "Bob");
    EXPECT_EQ(bob.age, 41);

    co_await r.command("RPUSH", "l", strings{"x", "y", std::string("\0\r\n", 3)});
    EXPECT_EQ((co_await r.command("LRANGE", "l", 0, -1).as<strings>()), (strings{"x", "y", std::string("\0\r\n", 3)}));
    co_await r.command("SADD", "s", 1, 2, 3);
    EXPECT_EQ((co_await r.command("SMEMBERS", "s").as<std::set<int>>()), (std::set<int>{1, 2, 3}));
    co_await r.command("ZADD", "z", 1.5, "a", "inf", "b");
    const auto scores =
        co_await r.command("ZRANGE", "z", 0, -1, "WITHSCORES").as<std::vector<std::pair<std::string, double>>>();
    using score = std::pair<std::string, double>;
    EXPECT_EQ(scores[0], score("a", 1.5));
    EXPECT_EQ(scores[1], score("b", std::numeric_limits<double>::infinity()));
    EXPECT_EQ((co_await r.command("EVAL", "return {1, 'two', {3}, false}", 0)
                   .as<std::tuple<int, std::string, std::vector<int>, std::optional<int>>>()),
              (std::tuple<int, std::string, std::vector<int>, std::optional<int>>(1, "two", {3}, std::nullopt)));

    const auto id = co_await r.command("XADD", "events", "*", "kind", "start").as<std::string>();
    using entry = std::pair<std::string, std::map<std::string, std::string>>;
    const auto read = co_await r.command("XREAD", "COUNT", 10, "STREAMS", "events", 0)
                          .as<std::map<std::string, std::vector<entry>>>();
    EXPECT_EQ(read.at("events")[0], (entry(id, {{"kind", "start"}})));

    EXPECT_EQ(co_await error_of(r.command("LPUSH", "a", 1)),
              "redis LPUSH: WRONGTYPE Operation against a key holding the wrong kind of value");
    EXPECT_EQ((co_await r.del("a", "n", strings{"h", "l"}, "nothing")), 4);
    EXPECT_FALSE(co_await r.exists("a"));
}

REDIS_TEST(SpeaksBothVersions)
{
    co_await use_everything(r);
    co_await r.command("FLUSHALL");
    redis old = co_await redis::connect(server.url() + "?db=1", {.protocol = 2});
    co_await use_everything(old);
}

REDIS_TEST(ManyAtOnce)
{
    constexpr int many = 100'000;
    db::redis_pipeline some = r.pipeline();
    for (int i = 0; i < many; ++i)
        some.command("INCR", "n");
    const auto replies = co_await some.run();
    EXPECT_EQ(replies.back().as<int>(), many);

    std::vector<task<std::int64_t>> tasks;
    for (int i = 0; i < many / 10; ++i)
        tasks.push_back(r.incr("n"));
    const auto counts = co_await simul::gather(std::move(tasks));
    EXPECT_EQ(counts.front(), many + 1);
    EXPECT_EQ(counts.back(), many + many / 10);

    const std::string large(8 << 20, 'x');
    co_await r.set("large", large);
    EXPECT_EQ(co_await r.get("large"), large);
}

REDIS_TEST(PublishesAndSubscribes)
{
    auto news = co_await r.subscribe("a", "b");
    auto all = co_await r.psubscribe("?");
    for (int i = 0; i < 1000; ++i)
        EXPECT_EQ(co_await r.publish(i % 2 == 0 ? "a" : "b", std::to_string(i)), 2);
    for (int i = 0; i < 1000; ++i) {
        EXPECT_EQ((co_await news.next())->payload, std::to_string(i));
        EXPECT_EQ((co_await all.next())->pattern, "?");
    }
    co_await news.remove({"a"});
    EXPECT_EQ(co_await r.publish("a", "x"), 1);
    co_await news.add({"c"});
    EXPECT_EQ(co_await r.publish("c", "y"), 2);
    EXPECT_EQ((co_await news.next())->payload, "y");
}

REDIS_TEST(RunsScripts)
{
    const db::redis_script take("local n = redis.call('INCRBY', KEYS[1], ARGV[1]); return {n, ARGV[2]}");
    using taken = std::pair<int, std::string>;
    for (int i = 1; i <= 2; ++i)
        EXPECT_EQ((co_await r.script(take, {"n"}, 10, "x").as<taken>()), taken(10 * i, "x"));
    co_await r.command("SCRIPT", "FLUSH");
    EXPECT_EQ((co_await r.script(take, {"n"}, 10, "x").as<taken>()), taken(30, "x"));
}

REDIS_TEST(TransactionsWatch)
{
    redis mine = co_await r.session();
    co_await r.set("balance", 10);
    for (const bool disturbed : {true, false}) {
        co_await mine.command("WATCH", "balance");
        const int balance = *co_await mine.get<int>("balance");
        if (disturbed)
            co_await r.set("balance", 20);
        const auto done = co_await mine.transaction()
                              .command("SET", "balance", balance - 5)
                              .command("GET", "balance")
                              .as<std::string, int>();
        EXPECT_EQ(done.has_value(), !disturbed);
    }
    EXPECT_EQ(co_await r.get<int>("balance"), 15);
    EXPECT_EQ(co_await error_of(r.transaction().command("SET", "balance", 1).command("NOSUCH").run()),
              "redis transaction: ERR unknown command 'NOSUCH', with args beginning with: ");
    EXPECT_EQ(co_await r.get<int>("balance"), 15);
}

REDIS_TEST(WaitsForItems)
{
    auto popping = simul::spawn(r.command("BLMOVE", "from", "to", "RIGHT", "LEFT", 0).as<std::string>());
    auto reading = simul::spawn(r.command("XREAD", "BLOCK", 0, "STREAMS", "s", "$")
                                    .as<std::map<std::string, std::vector<std::pair<std::string, strings>>>>());
    EXPECT_EQ(co_await r.command("BRPOP", "nothing", 0.01).as<popped>(), std::nullopt);
    std::string clients;
    while (clients.find("blocked_clients:2") == std::string::npos)
        clients = co_await r.command("INFO", "clients").as<std::string>();
    co_await r.command("LPUSH", "from", "x");
    co_await r.command("XADD", "s", "*", "k", "v");
    EXPECT_EQ(co_await popping, "x");
    EXPECT_EQ((co_await reading).at("s")[0].second, (strings{"k", "v"}));
}

/// Items are pushed while those who wait for them are cancelled: none may get lost.
REDIS_TEST(CancelledPopsLoseNothing)
{
    std::multiset<int> got;
    int cancelled = 0;
    const auto pop = [&]() -> task<> {
        try {
            if (const auto item = co_await r.command("BLPOP", "q", 0).as<popped>())
                got.insert(std::stoi(item->second));
        } catch (const simul::cancelled&) {
            ++cancelled;
            throw;
        }
    };
    constexpr int items = 300;
    for (int i = 0; i < items; ++i) {
        auto popping = simul::spawn(pop);
        co_await simul::sleep(std::chrono::microseconds(simul::loop::current().random() % 500));
        if (i % 3 == 0)
            popping.cancel();
        if (i % 9 == 0) // nothing comes before it is called off
            while (!popping.done())
                co_await simul::sleep(1ms);
        auto pushing = simul::spawn(r.command("RPUSH", "q", i).as<int>());
        for (auto wait = simul::loop::current().random() % 3; wait > 0; --wait)
            co_await simul::yield();
        popping.cancel();
        co_await simul::settle(std::move(popping), std::move(pushing));
    }
    for (const int left : co_await r.command("LRANGE", "q", 0, -1).as<std::vector<int>>())
        got.insert(left);
    EXPECT_EQ(got.size(), static_cast<std::size_t>(items));
    EXPECT_EQ((std::set<int>(got.begin(), got.end()).size()), static_cast<std::size_t>(items));
    EXPECT_GT(cancelled, 0);
}

REDIS_TEST(SurvivesAKill)
{
    auto news = co_await r.subscribe("a");
    int done = 0, lost = 0;
    bool over = false;
    std::vector<simul::future<>> workers;
    for (int i = 0; i < 20; ++i)
        workers.push_back(simul::spawn([&, i]() -> task<> {
            if (i % 2 == 0) // so that both are under way at any time
                co_await r.get("n");
            while (!over) {
                try {
                    co_await r.incr("n");
                    ++done;
                } catch (const db::connection_lost&) {
                    ++lost;
                } catch (const db::redis_error& e) {
                    EXPECT_EQ(e.code(), "LOADING");
                }
                EXPECT_NE(co_await r.get("n"), "x"); // idempotent: never fails
            }
        }));
    for (int kill = 0; kill < 3; ++kill) {
        const int before = done;
        while (done < before + 200)
            co_await simul::sleep(1ms);
        co_await server.kill();
        co_await simul::sleep(20ms);
        co_await server.run();
        EXPECT_TRUE(co_await raises<db::connection_lost>(news.next()));
        co_await r.publish("a", "again");
        EXPECT_EQ((co_await news.next())->payload, "again");
    }
    over = true;
    for (simul::future<>& each : workers)
        co_await each;
    EXPECT_GT(lost, 0);
    EXPECT_LE(lost, 3 * 20);
}

REDIS_TEST(BelongsToItsLoop)
{
    const std::string said = co_await simul::to_thread([&]() -> std::string {
        return simul::run(error_of(r.incr("n")), {.backend = simul::backend::epoll});
    });
    EXPECT_EQ(said, "redis INCRBY: this client belongs to another loop");
    EXPECT_EQ(co_await r.incr("n"), 1);
}

SIMUL_TEST_REAL(RedisServer, WantsAPassword)
{
    if (!have_redis())
        CO_SKIP() << "there is no `redis-server` here";
    redis_server server =
        co_await redis_server::start({"--requirepass", "secret", "--user", "bob", "on", ">pass", "~*", "+@all"});
    EXPECT_TRUE((co_await error_of(redis::connect(server.url()))).starts_with("redis HELLO: NOAUTH"));
    EXPECT_TRUE((co_await error_of(redis::connect(server.url(), {.protocol = 2}))).starts_with("redis PING: NOAUTH"));
    EXPECT_TRUE(
        (co_await error_of(redis::connect(server.url(), {.password = "wrong"}))).starts_with("redis HELLO: WRONGPASS"));
    for (const int protocol : {2, 3}) {
        redis r =
            co_await redis::connect(server.url(), {.password = "secret", .client_name = "me", .protocol = protocol});
        EXPECT_EQ((co_await r.command("CLIENT", "GETNAME").as<std::string>()), "me");
        redis bob =
            co_await redis::connect(server.url(), {.username = "bob", .password = "pass", .protocol = protocol});
        EXPECT_EQ((co_await bob.command("ACL", "WHOAMI").as<std::string>()), "bob");
    }
}

SIMUL_TEST_REAL(RedisServer, OverTls)
{
    if (!have_redis())
        CO_SKIP() << "there is no `redis-server` here";
    using simul::testing::data_file;
    const std::uint16_t port = simul::tcp::listen("127.0.0.1:0").local().port(); // free again
    redis_server server =
        co_await redis_server::start({"--tls-port", std::to_string(port), "--bind", "127.0.0.1", "--tls-cert-file",
                                      data_file("server.pem"), "--tls-key-file", data_file("server.key"),
                                      "--tls-ca-cert-file", data_file("authority.pem"), "--tls-auth-clients", "no"});
    const std::string url = "rediss://localhost:" + std::to_string(port);
    EXPECT_TRUE(co_await raises<simul::tls::certificate_error>(redis::connect(url)));
    redis r = co_await redis::connect(url, {.tls = simul::testing::trusting_client()});
    std::vector<task<std::int64_t>> tasks;
    for (int i = 0; i < 1000; ++i)
        tasks.push_back(r.incr("n"));
    EXPECT_EQ((co_await simul::gather(std::move(tasks))).back(), 1000);
    const std::string large(1 << 20, 'x');
    co_await r.set("large", large);
    EXPECT_EQ(co_await r.get("large"), large);
    auto news = co_await r.subscribe("a");
    co_await r.publish("a", "x");
    EXPECT_EQ((co_await news.next())->payload, "x");
    co_await r.close();
}

REDIS_TEST(ClosingWhileSomethingIsCalledOffIsNoProblem)
{
    redis other = co_await redis::connect(server.url());
    auto waits = simul::spawn(other.command("BLPOP", "l", 0).as<popped>());
    co_await simul::sleep(20ms);
    waits.cancel();
    co_await simul::yield(); // it asks the server to unblock it
    co_await simul::yield();
    co_await other.close();
    EXPECT_EQ(co_await error_of(waits), "cancelled");
}

} // namespace
