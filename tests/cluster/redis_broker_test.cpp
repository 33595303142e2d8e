// SPDX-License-Identifier: MIT
//
// The broker with Debian's redis-server: what Python's workers would find there, and what becomes of messages when workers,
// connections and the server die.
#include "cluster/redis_broker.hpp"

#include "../db/fake_redis.hpp"
#include "../db/redis_server.hpp"
#include "../task/outcome.hpp"
#include "cluster/redis/envelope.hpp"

#include <simul/cluster/errors.hpp>
#include <simul/task/gather.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/timeout.hpp>
#include <simul/testing/gtest.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace redis_tests;
using namespace simul::cluster::detail;
using outcome::error_of;
using simul::task;
namespace json = simul::json;
using db_redis = simul::db::redis;
using strings = std::vector<std::string>;
using brokers = std::unique_ptr<broker>;

#define BROKER_TEST(name, ...)                                                                                         \
    static task<> name(redis_server& server, db_redis& look);                                                          \
    SIMUL_TEST_REAL(RedisBroker, name)                                                                                 \
    {                                                                                                                  \
        if (!have_redis())                                                                                             \
            CO_SKIP() << "there is no `redis-server` here";                                                            \
        redis_server server = co_await redis_server::start({__VA_ARGS__});                                             \
        db_redis look = co_await db_redis::connect(server.url());                                                      \
        co_await name(server, look);                                                                                   \
        co_await look.close();                                                                                         \
    }                                                                                                                  \
    static task<> name([[maybe_unused]] redis_server& server, [[maybe_unused]] db_redis& look)

message make(std::string body, int priority = 0)
{
    return {.headers = {{"task", "t"}, {"id", "1"}}, .body = std::move(body), .priority = priority};
}

/// As from a client that sent it and died: an envelope with further headers.
std::string envelope_of(std::string body, json::object headers)
{
    return simul::cluster::redis::write_envelope({.headers = std::move(headers), .body = std::move(body)},
                                                 {.routing_key = "q"}, "tag");
}

task<brokers> worker(const redis_server& server, broker_options options = {}, std::size_t prefetch = 10)
{
    brokers made = co_await connect_redis_broker(server.url(), options);
    co_await made->consume({"q"}, prefetch);
    co_return made;
}

task<strings> take(broker& from, std::size_t count)
{
    strings bodies;
    while (bodies.size() < count) {
        const delivery got = co_await from.next();
        bodies.push_back(got.content.body);
        co_await from.acknowledge(got);
    }
    co_return bodies;
}

task<> all_of(std::vector<task<>> several)
{
    co_await simul::gather(std::move(several));
}

task<std::size_t> unacknowledged(db_redis& look)
{
    const auto both = co_await look.transaction()
                          .command("HLEN", "unacked")
                          .command("ZCARD", "unacked_index")
                          .as<std::size_t, std::size_t>();
    const auto [entries, indexed] = both.value();
    EXPECT_EQ(entries, indexed);
    co_return entries;
}

task<std::size_t> length(db_redis& look, std::string list)
{
    return look.command("LLEN", list).as<std::size_t>();
}

// ---- what it does

BROKER_TEST(CarriesMessages)
{
    const brokers client = co_await connect_redis_broker(server.url(), {});
    EXPECT_EQ(client->name(), server.url() + "?db=0");
    message sent = make("[]");
    sent.correlation_id = "1";
    sent.reply_to = "me";
    co_await client->publish("q", sent);
    EXPECT_EQ(co_await length(look, "q"), 1U);

    const brokers done = co_await worker(server);
    EXPECT_EQ(co_await look.command("SMEMBERS", "_kombu.binding.q").as<strings>(), (strings{"q\x06\x16\x06\x16q"}));
    const delivery got = co_await done->next();
    EXPECT_EQ(got.content.headers, sent.headers);
    EXPECT_EQ(got.content.body, "[]");
    EXPECT_EQ(got.content.correlation_id, "1");
    EXPECT_EQ(got.content.reply_to, "me");
    EXPECT_EQ(got.queue, "q");
    EXPECT_FALSE(got.redelivered);
    EXPECT_EQ(co_await unacknowledged(look), 1U);
    co_await done->acknowledge(got);
    EXPECT_EQ(co_await unacknowledged(look), 0U);
    EXPECT_FALSE(co_await done->park(got, {}));

    // One that waits is told at once.
    auto next = simul::spawn(done->next());
    co_await simul::sleep(50ms);
    co_await client->publish("q", make("2", 9));
    EXPECT_EQ((co_await std::move(next)).content.body, "2");
    co_await client->close();
    co_await done->close();
}

BROKER_TEST(WhatIsUrgentComesFirst)
{
    const brokers client = co_await connect_redis_broker(server.url(), {});
    for (const int priority : {9, 7, 3, 0, 4})
        co_await client->publish("q", make(std::to_string(priority), priority));
    const brokers works = co_await worker(server);
    EXPECT_EQ(co_await take(*works, 5), (strings{"0", "3", "4", "7", "9"}));
    co_await works->close();
}

BROKER_TEST(QueuesTakeTurns)
{
    const brokers client = co_await connect_redis_broker(server.url(), {});
    for (int i = 0; i < 100; ++i)
        for (const std::string_view queue : {"a", "b"})
            co_await client->publish(queue, make(std::string(queue)));
    const brokers works = co_await connect_redis_broker(server.url(), {});
    co_await works->consume({"a", "b"}, 1);
    std::map<std::string, int> count;
    for (const std::string& each : co_await take(*works, 20))
        ++count[each];
    EXPECT_GT(count["a"], 5);
    EXPECT_GT(count["b"], 5);

    co_await works->stop_consuming("a");
    const strings rest = co_await take(*works, 50);
    EXPECT_LE(std::ranges::count(rest, "a"), 1) << "one had been taken";
    co_await works->close();
}

BROKER_TEST(TakesNoMoreThanItMay)
{
    const brokers client = co_await connect_redis_broker(server.url(), {});
    for (int i = 0; i < 5; ++i)
        co_await client->publish("q", make(std::to_string(i)));
    const brokers works = co_await worker(server, {}, 2);
    const delivery first = co_await works->next();
    const delivery second = co_await works->next();
    EXPECT_FALSE((co_await simul::move_on_after(50ms, works->next())).has_value());
    EXPECT_EQ(co_await length(look, "q"), 3U);
    co_await works->acknowledge(second);
    EXPECT_EQ((co_await works->next()).content.body, "2");
    co_await works->consume({}, 4); // more room
    EXPECT_EQ((co_await works->next()).content.body, "3");
    EXPECT_EQ(co_await unacknowledged(look), 4U);
    co_await works->close();
    EXPECT_EQ(co_await unacknowledged(look), 0U);
    EXPECT_EQ(co_await length(look, "q"), 4U) << "all but the acknowledged one";
}

BROKER_TEST(TwoWorkersShareAQueue)
{
    constexpr std::size_t many = 500;
    const brokers client = co_await connect_redis_broker(server.url(), {});
    const brokers one = co_await worker(server), other = co_await worker(server);
    std::multiset<std::string> done;
    const auto work = [&](broker& from) -> task<> {
        for (;;) {
            const delivery got = co_await from.next();
            co_await simul::yield();
            done.insert(got.content.body);
            co_await from.acknowledge(got);
        }
    };
    auto a = simul::spawn(work(*one)), b = simul::spawn(work(*other));
    std::vector<task<>> published;
    for (std::size_t i = 0; i < many; ++i)
        published.push_back(client->publish("q", make(std::to_string(i))));
    co_await all_of(std::move(published));
    while (done.size() < many)
        co_await simul::sleep(1ms);
    a.cancel();
    b.cancel();
    EXPECT_EQ(std::set(done.begin(), done.end()).size(), many) << "each once";
    co_await one->close();
    co_await other->close();
    EXPECT_EQ(co_await unacknowledged(look), 0U);
}

BROKER_TEST(CancellingNextLosesNothing)
{
    const brokers client = co_await connect_redis_broker(server.url(), {});
    const brokers works = co_await worker(server);
    std::set<std::string> got;
    constexpr std::size_t many = 200;
    for (std::size_t i = 0; i < many; ++i) {
        auto next = simul::spawn(works->next());
        auto published = simul::spawn(client->publish("q", make(std::to_string(i))));
        for (std::size_t turns = i % 20; turns > 0; --turns)
            co_await simul::yield();
        next.cancel();
        try {
            const delivery one = co_await std::move(next);
            got.insert(one.content.body);
            co_await works->acknowledge(one);
        } catch (const simul::cancelled&) {
        }
        co_await std::move(published);
    }
    for (const std::string& each : co_await take(*works, many - got.size()))
        got.insert(each);
    EXPECT_EQ(got.size(), many);
    co_await works->close();
}

BROKER_TEST(CarriesLargeOnes)
{
    const brokers client = co_await connect_redis_broker(server.url(), {});
    const brokers works = co_await worker(server);
    std::string large(4 << 20, 'x');
    large[12345] = '\0';
    co_await client->publish("q", make(large));
    EXPECT_TRUE((co_await take(*works, 1)).front() == large);
    co_await works->close();
}

BROKER_TEST(KeysHaveAPrefix)
{
    const brokers client = co_await connect_redis_broker(server.url() + "?db=2", {.key_prefix = "ours:"});
    db_redis there = co_await db_redis::connect(server.url() + "?db=2");
    co_await client->publish("q", make("1", 5));
    EXPECT_EQ(co_await length(there, "ours:q\x06\x16"
                                     "3"),
              1U);
    co_await client->consume({"q"}, 1);
    const delivery got = co_await client->next();
    EXPECT_EQ(co_await there.command("HLEN", "ours:unacked").as<int>(), 1);
    auto heard = co_await there.subscribe("ours:/2.celeryev/worker.online");
    co_await client->emit("worker.online", json::object{{"a", 1}}, "w@h");
    EXPECT_EQ(simul::cluster::redis::read_envelope((co_await heard.next())->payload).content.body, R"({"a":1})");
    co_await client->close();
    EXPECT_EQ(co_await length(there, "ours:q\x06\x16"
                                     "3"),
              1U);
}

// ---- what nobody can do

BROKER_TEST(GarbageIsBuried)
{
    const strings garbage = {"no json", "{}", R"({"body": 7})", std::string("\x80\x04\0pickle", 9)};
    for (const std::string& each : garbage)
        co_await look.command("LPUSH", "q", each);
    co_await look.command("LPUSH", "q", envelope_of("good", {}));
    const brokers works = co_await worker(server);
    EXPECT_EQ(co_await take(*works, 1), (strings{"good"}));
    while (co_await length(look, "simul.dead.q") < garbage.size())
        co_await simul::sleep(1ms);
    EXPECT_EQ(co_await look.command("LRANGE", "simul.dead.q", 0, -1).as<strings>(),
              strings(garbage.rbegin(), garbage.rend()));
    EXPECT_EQ(co_await unacknowledged(look), 0U);
    co_await works->close();
}

BROKER_TEST(WhatWasBuriedCanComeBack)
{
    const brokers works = co_await worker(server);
    co_await works->publish("q", make("1"));
    co_await works->bury(co_await works->next(), "I don't like it");
    EXPECT_EQ(co_await unacknowledged(look), 0U);
    const auto dead = co_await look.command("LINDEX", "simul.dead.q", 0).as<std::string>();
    EXPECT_EQ(json::parse(dead)["headers"]["x-simul-reason"], json::value("I don't like it"));

    co_await look.command("LMOVE", "simul.dead.q", "q", "RIGHT", "LEFT"); // as an operator does
    const delivery again = co_await works->next();
    EXPECT_EQ(again.content.headers, make("1").headers);
    EXPECT_FALSE(again.redelivered);
    co_await works->close();
}

BROKER_TEST(KnowsWhatKillsItsWorkers)
{
    const brokers works = co_await worker(server);
    message deadly = make("[]");
    deadly.correlation_id = "1";
    co_await works->publish("q", std::move(deadly));
    delivery taken = co_await works->next();
    for (int begun = 0; begun < 5; ++begun) { // the cap
        EXPECT_TRUE(co_await works->begin(taken)) << begun;
        co_await works->give_back(taken);
        taken = co_await works->next();
        EXPECT_TRUE(taken.redelivered);
    }
    EXPECT_FALSE(co_await works->begin(taken));
    EXPECT_EQ(co_await look.command("EXISTS", "simul.begins.1").as<int>(), 1);
    co_await works->acknowledge(taken);
    EXPECT_EQ(co_await look.command("EXISTS", "simul.begins.1").as<int>(), 0) << "nothing is left of it";
    co_await works->close();
}

BROKER_TEST(WhatOnlyWaitedWhereWorkersDiedIsAsGoodAsNew)
{
    co_await look.command("LPUSH", "q", envelope_of("1", {{"redelivered", true}}));
    const brokers works = co_await worker(server);
    for (int i = 0; i < 10; ++i) {
        const delivery taken = co_await works->next();
        co_await works->give_back(taken);
    }
    delivery taken = co_await works->next();
    EXPECT_TRUE(co_await works->begin(taken));
    co_await works->close();
}

// ---- giving back

BROKER_TEST(WhatIsGivenBackIsNext)
{
    const brokers works = co_await worker(server, {}, 1);
    for (const char* each : {"1", "2"})
        co_await works->publish("q", make(each, 3));
    const delivery first = co_await works->next();
    co_await works->give_back(first);
    delivery again = co_await works->next();
    EXPECT_EQ(again.content.body, "1");
    EXPECT_FALSE(again.redelivered) << "nobody had begun it";
    again.begun = true;
    co_await works->give_back(again);
    EXPECT_TRUE((co_await works->next()).redelivered);
    co_await works->close();

    const brokers other = co_await worker(server);
    const delivery third = co_await other->next();
    EXPECT_EQ(third.content.body, "1");
    EXPECT_TRUE(third.redelivered) << "it was given out, and not answered for";
    EXPECT_EQ((co_await other->next()).content.body, "2");
    co_await other->close();
}

BROKER_TEST(CloseGivesBackInOrder)
{
    const brokers client = co_await connect_redis_broker(server.url(), {});
    for (int i = 0; i < 5; ++i)
        co_await client->publish("q", make(std::to_string(i)));
    const brokers first = co_await worker(server);
    static_cast<void>(co_await first->next());
    co_await first->close();
    EXPECT_EQ(co_await error_of(first->next()), "get: the queue was shut down, and nothing is left in it");
    const brokers second = co_await worker(server);
    EXPECT_EQ(co_await take(*second, 5), (strings{"0", "1", "2", "3", "4"}));
    co_await second->close();
}

// ---- deaths

BROKER_TEST(WhatADeadWorkerHadIsDeliveredAgain)
{
    const broker_options soon{.visibility_timeout = 500ms};
    brokers dying = co_await worker(server, soon);
    co_await dying->publish("q", make("1", 3));
    static_cast<void>(co_await dying->next());
    co_await dying->publish("q", make("2"));
    while (co_await unacknowledged(look) < 2)
        co_await simul::sleep(1ms);
    dying.reset(); // without a word
    const simul::time_point died = simul::now();

    const brokers heir = co_await worker(server, soon);
    for (int i = 0; i < 2; ++i) {
        const delivery got = co_await heir->next();
        EXPECT_GT(simul::now() - died, 300ms) << "it was renewed a third of the time ago, at most";
        EXPECT_TRUE(got.redelivered);
        co_await heir->acknowledge(got);
    }
    EXPECT_EQ(co_await unacknowledged(look), 0U);
    co_await heir->close();
}

BROKER_TEST(WhatPythonsWorkersHadIsDeliveredAgain)
{
    const std::string body = R"([["x"], {}, {}])";
    const auto taken = [&look](std::string tag, std::string entry) -> task<> {
        co_await look.command("HSET", "unacked", tag, entry);
        co_await look.command("ZADD", "unacked_index", "1000", tag);
    };
    // To the default exchange; to another, of which there is a binding; by a pattern, which is left to Python.
    co_await taken("a", '[' + envelope_of("1", {}) + R"(, "", "q"])");
    co_await look.command("SADD", "_kombu.binding.direct", "key\x06\x16\x06\x16q");
    co_await taken("b", '[' + envelope_of("2", {}) + R"(, "direct", "key"])");
    co_await look.command("SADD", "_kombu.binding.topic", "key.#\x06\x16key.#\x06\x16q");
    for (int i = 0; i < 15; ++i)
        co_await taken("c" + std::to_string(i), '[' + envelope_of("3", {}) + R"(, "topic", "key.a"])");
    co_await taken("d", "garbage");
    co_await look.command("ZADD", "unacked_index", "1000", "of nothing");

    const brokers works = co_await worker(server);
    const strings got = co_await take(*works, 2);
    EXPECT_EQ(std::set(got.begin(), got.end()), (std::set<std::string>{"1", "2"}));
    while (co_await length(look, "simul.dead.") == 0)
        co_await simul::sleep(1ms);
    EXPECT_EQ(co_await look.command("HLEN", "unacked").as<int>(), 15);
    co_await works->close();
}

/// A process may stall for a second, so the time is longer.
BROKER_TEST(WhatTakesLongIsNotDeliveredAgain)
{
    const broker_options options{.visibility_timeout = 2s};
    const brokers slow = co_await worker(server, options);
    co_await slow->publish("q", make("1"));
    const delivery got = co_await slow->next();
    const brokers other = co_await worker(server, options);
    EXPECT_FALSE((co_await simul::move_on_after(2300ms, other->next())).has_value());
    EXPECT_EQ(co_await unacknowledged(look), 1U);
    co_await slow->acknowledge(got);
    co_await slow->close();
    co_await other->close();
}

BROKER_TEST(ConnectionsThatBreakCostNothing)
{
    constexpr std::size_t many = 1000;
    const brokers client = co_await connect_redis_broker(server.url(), {.longest_backoff = 10ms});
    const brokers works = co_await worker(server, {.longest_backoff = 10ms});
    std::set<std::string> got;
    bool over = false;
    const auto cut = [&]() -> task<> {
        while (!over) {
            co_await look.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
            const std::size_t before = got.size();
            do
                co_await simul::sleep(7ms);
            while (!over && got.size() < before + 5); // a busy machine gets nowhere otherwise
        }
    };
    auto cutting = simul::spawn(cut);
    const auto publish = [&]() -> task<> {
        for (std::size_t i = 0; i < many; ++i)
            co_await client->publish("q", make(std::to_string(i)));
    };
    auto publishing = simul::spawn(publish);
    while (got.size() < many)
        got.merge([](strings some) { return std::set(some.begin(), some.end()); }(co_await take(*works, 1)));
    co_await std::move(publishing);
    over = true;
    co_await std::move(cutting);
    co_await works->close();
    EXPECT_EQ(co_await unacknowledged(look), 0U);
}

BROKER_TEST(AServerThatDiesLosesNothingThatWasPublished, "--appendonly", "yes")
{
    constexpr std::size_t many = 2000;
    const brokers client = co_await connect_redis_broker(server.url(), {.longest_backoff = 20ms});
    const auto publish = [&](std::size_t first) -> task<> {
        for (std::size_t i = first; i < many; i += 50)
            co_await client->publish("q", make(std::to_string(i)));
    };
    std::vector<task<>> publishing;
    for (std::size_t i = 0; i < 50; ++i)
        publishing.push_back(publish(i));
    auto all = simul::spawn(all_of(std::move(publishing)));
    co_await simul::sleep(10ms);
    co_await server.kill();
    co_await simul::sleep(20ms);
    co_await server.run();
    co_await std::move(all);

    const brokers works = co_await worker(server, {}, 100);
    std::set<std::string> got;
    while (got.size() < many) // what was confirmed too late may be there twice
        got.merge([](strings some) { return std::set(some.begin(), some.end()); }(co_await take(*works, 1)));
    co_await works->close();
}

SIMUL_TEST(RedisBroker, WhatIsSentAgainSaysSo)
{
    const auto marks_of = [](std::string command) {
        return simul::cluster::redis::read_envelope(command.substr(command.find('{'))).redelivered;
    };
    std::vector<bool> marked;
    auto server = serve([&](fake_redis& peer) -> task<> {
        co_await peer.greet();
        marked.push_back(marks_of(co_await peer.next()));
        if (peer.number == 1)
            co_return; // it may have it, or not
        co_await peer.say(":1\r\n");
        co_await peer.next();
    });
    const brokers client = co_await connect_redis_broker(here, {});
    co_await client->publish("q", make("[]"));
    EXPECT_EQ(marked, (std::vector{false, true}));
}

BROKER_TEST(AServerThatDiesDoesNotDisturbWhatRuns, "--appendonly", "yes")
{
    const brokers works = co_await worker(server, {.visibility_timeout = 5s, .longest_backoff = 20ms});
    for (int i = 0; i < 5; ++i)
        co_await works->publish("q", make(std::to_string(i)));
    std::vector<delivery> running;
    for (int i = 0; i < 5; ++i)
        running.push_back(co_await works->next());
    co_await server.kill();
    auto done = simul::spawn(works->acknowledge(running[0])); // there is nobody to tell
    co_await simul::sleep(50ms);
    EXPECT_FALSE(done.done());
    co_await server.run();
    co_await std::move(done);
    EXPECT_EQ(co_await unacknowledged(look), 4U);
    for (int i = 1; i < 5; ++i)
        co_await works->acknowledge(running[static_cast<std::size_t>(i)]);
    co_await works->publish("q", make("more"));
    EXPECT_EQ(co_await take(*works, 1), (strings{"more"}));
    EXPECT_GT(works->reconnects(), 0U);
    EXPECT_EQ(co_await unacknowledged(look), 0U);
    co_await works->close();
}

BROKER_TEST(WhatTheServerRefusesIsSaid)
{
    const brokers works = co_await worker(server);
    co_await look.command("SET", "q", "no list");
    EXPECT_EQ(co_await error_of(works->publish("q", make("1"))),
              "redis LPUSH: WRONGTYPE Operation against a key holding the wrong kind of value");
    const std::string told = co_await error_of(works->next());
    EXPECT_NE(told.find("WRONGTYPE"), std::string::npos) << told;
    co_await look.del("q");
    co_await works->publish("q", make("2"));
    EXPECT_EQ(co_await take(*works, 1), (strings{"2"}));
    co_await works->close();
}

// ---- questions and events

BROKER_TEST(AnswersQuestions)
{
    const brokers works = co_await worker(server);
    EXPECT_EQ(co_await error_of(works->next_question()),
              "cluster " + works->name() + ": next_question: it doesn't listen");
    co_await works->listen("w1@host1");
    EXPECT_EQ(co_await look.command("SMEMBERS", "_kombu.binding.celery.pidbox").as<strings>(),
              (strings{"\x06\x16\x06\x16w1@host1.celery.pidbox"}));
    co_await look.publish("/0.celery.pidbox", "garbage");
    co_await look.command("CLIENT", "KILL", "TYPE", "pubsub");
    // As `celery inspect ping` does.
    co_await look.command("SADD", "_kombu.binding.reply.celery.pidbox", "oid\x06\x16\x06\x16oid.reply.celery.pidbox");
    const json::value asked =
        json::object{{"method", "ping"},
                     {"ticket", "t"},
                     {"reply_to", json::object{{"exchange", "reply.celery.pidbox"}, {"routing_key", "oid"}}}};
    const brokers asks = co_await connect_redis_broker(server.url(), {});
    auto next = simul::spawn(works->next_question());
    while (!next.done()) { // until it listens again
        co_await asks->broadcast({.body = asked, .headers = {{"clock", 7}, {"expires", 0}}});
        co_await simul::sleep(5ms);
    }
    const question got = co_await std::move(next);
    EXPECT_EQ(got.body, asked);
    EXPECT_EQ(*got.headers.find("expires"), json::value(0));
    co_await works->answer(got, json::object{{"w1@host1", json::object{{"ok", "pong"}}}});
    const auto answer = simul::cluster::redis::read_envelope(
        co_await look.command("RPOP", "oid.reply.celery.pidbox").as<std::string>());
    EXPECT_EQ(answer.content.body, R"({"w1@host1":{"ok":"pong"}})");
    EXPECT_EQ(answer.content.headers, (json::object{{"ticket", "t"}, {"clock", 8}}));
    co_await works->answer({.body = json::object{{"method", "revoke"}}, .headers = {}}, 1); // nobody asked
    co_await works->close();
    EXPECT_FALSE(co_await look.exists("_kombu.binding.celery.pidbox"));
}

BROKER_TEST(HearsWhatAnotherWorkerAnswers)
{
    const brokers asking = co_await connect_redis_broker(server.url(), {});
    co_await asking->listen("a@x");
    EXPECT_EQ(co_await asking->ask(make_question("hello", {}), 1h), std::nullopt); // as nobody else listens

    const brokers other = co_await connect_redis_broker(server.url(), {});
    co_await other->listen("b@x");
    const auto answering = simul::spawn([](broker& by) -> task<> {
        const question asked = co_await by.next_question();
        co_await by.answer(asked, json::object{{"b@x", asked.body["method"]}});
    }(*other));
    EXPECT_EQ(co_await asking->ask(make_question("hello", {}), 10s), json::value(json::object{{"b@x", "hello"}}));
    EXPECT_EQ(co_await asking->ask(make_question("hello", {}), 50ms), std::nullopt); // it is silent now
    EXPECT_EQ(co_await look.command("KEYS", "*reply*").as<strings>(), strings());
    co_await asking->close();
    co_await other->close();
}

BROKER_TEST(AnOldServerDoesAsWell, "--rename-command", "BLMOVE", "")
{
    const brokers taking = co_await worker(server);
    const brokers client = co_await connect_redis_broker(server.url(), {});
    for (int i = 0; i < 3; ++i) {
        co_await simul::sleep(20ms); // it waits at the server
        co_await client->publish("q", make(std::to_string(i)));
        EXPECT_EQ(co_await take(*taking, 1), strings{std::to_string(i)});
    }
    EXPECT_EQ(co_await unacknowledged(look), 0u);
    co_await client->close();
    co_await taking->close();
}

BROKER_TEST(TellsMonitors)
{
    auto heard = co_await look.psubscribe("/0.celeryev/worker.*");
    const brokers works = co_await connect_redis_broker(server.url(), {});
    co_await works->emit("worker.online", json::object{{"type", "worker-online"}}, "w1@host1");
    const auto message = co_await heard.next();
    EXPECT_EQ(message->channel, "/0.celeryev/worker.online");
    const auto read = simul::cluster::redis::read_envelope(message->payload);
    EXPECT_EQ(read.content.headers, (json::object{{"hostname", "w1@host1"}}));
    EXPECT_EQ(read.content.body, R"({"type":"worker-online"})");
    EXPECT_FALSE(read.content.durable);
    co_await server.kill();
    co_await works->emit("worker.online", 1, "w1@host1"); // lost, and no error
    co_await server.run();
}

} // namespace
