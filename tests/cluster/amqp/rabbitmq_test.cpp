// SPDX-License-Identifier: MIT
//
// The client, the broker and the results over it, with Debian's rabbitmq-server. One test, as it takes seconds to start.
#include "../rabbitmq_server.hpp"

#include "../../io/tls_fixture.hpp"
#include "../../task/outcome.hpp"

#include "cluster/amqp/connection.hpp"
#include "cluster/amqp_broker.hpp"
#include "cluster/amqp_results.hpp"

#include <simul/io/tcp.hpp>
#include <simul/run/run.hpp>
#include <simul/task/gather.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/this_task.hpp>
#include <simul/task/timeout.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace cluster_tests;
using outcome::error_of;
using outcome::raises;
using simul::future;
using simul::task;
namespace amqp = simul::cluster::amqp;
namespace detail = simul::cluster::detail;

// ---- the client

task<> publish_and_consume(const std::string& url)
{
    amqp::connection c = co_await amqp::connection::open(url, {.name = "test"});
    amqp::channel ch = co_await c.open_channel();
    co_await ch.declare_exchange("x", "topic", {.durable = true});
    co_await ch.declare_queue("q", {.durable = true, .arguments = {{"x-max-priority", 10}}});
    co_await ch.bind_queue("q", "x", "a.#");

    const amqp::properties all{.content_type = "text/plain",
                               .headers = {{"text", "hi"},
                                           {"small", -1},
                                           {"large", std::int64_t{1} << 40},
                                           {"real", 0.5},
                                           {"yes", true},
                                           {"none", nullptr},
                                           {"inner", simul::json::object{{"list", simul::json::array{1, "two"}}}}},
                               .delivery_mode = 2,
                               .priority = 3,
                               .correlation_id = "c",
                               .reply_to = "r",
                               .expiration = "60000",
                               .message_id = "m",
                               .timestamp = 1'700'000'000,
                               .type = "t",
                               .app_id = "simul"};
    const std::string large(300'000, 'x'); // several frames
    std::vector<future<>> confirmed;
    confirmed.push_back(ch.publish("x", "a.b", all, "first", {.mandatory = true}));
    confirmed.push_back(ch.publish("", "q", {}, large));
    confirmed.push_back(ch.publish("", "q", {}, ""));
    for (future<>& each : confirmed)
        co_await each;
    EXPECT_TRUE(co_await raises<amqp::returned>(ch.publish("", "nowhere", all, "lost", {.mandatory = true})));

    amqp::consumer jobs = co_await ch.consume("q", {.prefetch = 2});
    const auto first = co_await jobs.next();
    EXPECT_EQ(first->body, "first");
    EXPECT_EQ(first->exchange, "x");
    EXPECT_EQ(first->routing_key, "a.b");
    EXPECT_EQ(first->properties.headers, all.headers);
    EXPECT_EQ(first->properties.timestamp, all.timestamp);
    EXPECT_EQ(first->properties.priority, 3);
    EXPECT_EQ(first->properties.app_id, "simul");
    EXPECT_EQ((co_await jobs.next())->body, large);
    EXPECT_FALSE(co_await simul::move_on_after(50ms, jobs.next())); // prefetch
    EXPECT_TRUE(ch.acknowledge(first->delivery_tag));
    EXPECT_EQ((co_await jobs.next())->body, "");
    EXPECT_TRUE(ch.give_back(3));
    EXPECT_TRUE((co_await jobs.next())->redelivered);
    co_await jobs.cancel();
    co_await ch.close();
    amqp::channel other = co_await c.open_channel();
    EXPECT_EQ((co_await other.declare_queue("q", {.passive = true})).messages, 2u); // what wasn't acknowledged
    EXPECT_EQ(co_await other.purge_queue("q"), 2u);
    EXPECT_EQ(co_await other.delete_queue("q"), 0u);
    co_await other.delete_exchange("x");
    co_await c.close();
}

task<> errors(const std::string& url)
{
    EXPECT_EQ(co_await error_of(amqp::connection::open("amqp://guest:wrong@" + url.substr(7))),
              "amqp: " + url.substr(7) +
                  " refuses: 403 ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN. For details "
                  "see the "
                  "broker logfile.");
    EXPECT_EQ((co_await error_of(amqp::connection::open(url + "/nowhere"))).substr(0, 16), "amqp: 127.0.0.1:");

    amqp::connection c = co_await amqp::connection::open(url);
    amqp::channel one = co_await c.open_channel();
    amqp::channel two = co_await c.open_channel();
    co_await two.declare_queue("e");
    EXPECT_EQ(co_await error_of(one.declare_queue("e", {.durable = true})),
              "amqp declare queue e: 406 PRECONDITION_FAILED - inequivalent arg 'durable' for queue 'e' in vhost '/': "
              "received "
              "'true' but current is 'false'");
    EXPECT_FALSE(one.is_open());
    one = co_await c.open_channel();
    EXPECT_TRUE(co_await raises<amqp::channel_closed>(one.publish("no such exchange", "", {}, "")));
    amqp::consumer jobs = co_await two.consume("e");
    auto waiting = simul::spawn(jobs.next());
    amqp::channel three = co_await c.open_channel();
    co_await three.delete_queue("e");
    EXPECT_EQ(co_await error_of(waiting), "amqp consume e: the broker has cancelled it: the queue is gone");
    EXPECT_TRUE(two.is_open());
}

task<> many(const std::string& url)
{
    amqp::connection c = co_await amqp::connection::open(url);
    amqp::channel ch = co_await c.open_channel();
    co_await ch.declare_queue("many");
    amqp::consumer jobs = co_await ch.consume("many", {.prefetch = 100});
    std::vector<future<>> confirmed;
    for (int i = 0; i < 2000; ++i)
        confirmed.push_back(ch.publish("", "many", {}, std::to_string(i)));
    for (int i = 0; i < 2000; ++i) {
        const auto got = co_await jobs.next();
        EXPECT_EQ(got->body, std::to_string(i));
        ch.acknowledge(got->delivery_tag);
    }
    for (future<>& each : confirmed)
        co_await each;
    co_await ch.delete_queue("many");
}

// ---- the broker

/// Limits of this server's.
constexpr std::size_t most_bytes = std::size_t{24} << 20;

detail::message job(std::string id, std::string body)
{
    return {.headers = {{"task", "t"}, {"id", id}}, .body = std::move(body), .correlation_id = id};
}

task<> jobs(const std::string& url)
{
    const auto by = co_await detail::connect_amqp_broker(url, {.delivery_cap = 2});
    EXPECT_EQ(by->name(), url + '/');
    co_await simul::gather(by->publish("jobs", job("a", "one")),
                           by->publish("jobs", job("b", "two"))); // and makes the queue
    co_await by->consume({"jobs", "others"}, 1);
    detail::delivery one = co_await by->next();
    EXPECT_EQ(one.content.body, "one");
    EXPECT_EQ(one.queue, "jobs");
    EXPECT_EQ(one.content.headers["id"].string(), "a");
    EXPECT_FALSE(one.redelivered);
    EXPECT_FALSE(co_await simul::move_on_after(50ms, by->next())); // has one
    for (const bool worn_out : {false, true}) {
        co_await by->give_back(one);
        one = co_await by->next();
        EXPECT_EQ(one.content.body, "one");
        EXPECT_TRUE(one.redelivered);
        EXPECT_EQ(co_await by->begin(one), !worn_out);
    }
    co_await by->bury(one, "it is hopeless");
    detail::delivery two = co_await by->next();
    EXPECT_EQ(two.content.body, "two");
    const auto before = simul::now();
    EXPECT_FALSE(co_await by->park(two, std::chrono::system_clock::now() + 1s));
    EXPECT_TRUE(co_await by->park(two, std::chrono::system_clock::now() + 2500ms));
    two = co_await by->next();
    EXPECT_GE(simul::now() - before, 1900ms);
    EXPECT_EQ(two.content.body, "two");
    EXPECT_EQ(two.content.headers, job("b", "").headers);
    co_await by->acknowledge(two);
    co_await by->stop_consuming("jobs");
    co_await by->publish("jobs", job("c", "three"));
    EXPECT_FALSE(co_await simul::move_on_after(50ms, by->next()));
    co_await by->consume({"simul.dead.jobs"}, 5);
    EXPECT_EQ((co_await by->next()).content.body, "one");
    co_await by->close();
}

/// In many frames; and a larger one, which RabbitMQ ends the channel for.
task<> large(const std::string& url)
{
    const auto by = co_await detail::connect_amqp_broker(url, {});
    const std::string body(most_bytes - 1000, 'x');
    co_await by->publish("large", job("a", body));
    const std::string refusal = co_await error_of(by->publish("large", job("b", std::string(most_bytes + 1, 'x'))));
    EXPECT_NE(refusal.find("is larger than"), std::string::npos) << refusal;
    co_await by->publish("large", job("c", ""));
    co_await by->consume({"large"}, 2);
    const detail::delivery got = co_await by->next();
    EXPECT_TRUE(got.content.body == body); // not EXPECT_EQ, which would print it
    co_await by->acknowledge(got);
    EXPECT_EQ((co_await by->next()).content.body, "");
}

task<> questions_and_results(const std::string& url)
{
    const auto worker = co_await detail::connect_amqp_broker(url, {});
    const auto client = co_await detail::connect_amqp_broker(url, {});
    co_await worker->listen("w@here");

    amqp::connection c = co_await amqp::connection::open(url);
    amqp::channel ch = co_await c.open_channel();
    co_await ch.declare_queue("answers");
    co_await ch.bind_queue("answers", "reply.celery.pidbox", "me");
    co_await ch.bind_queue("answers", "celeryev", "worker.#");
    amqp::consumer heard = co_await ch.consume("answers", {.no_ack = true});

    simul::json::object reply_to{{"exchange", "reply.celery.pidbox"}, {"routing_key", "me"}};
    co_await client->broadcast(
        {.body = simul::json::object{{"method", "ping"}, {"reply_to", reply_to}, {"ticket", "7"}},
         .headers = {{"clock", 3}}});
    const detail::question asked = co_await worker->next_question();
    EXPECT_EQ(asked.body["method"].string(), "ping");
    co_await worker->answer(asked, simul::json::object{{"w@here", "pong"}});
    const auto answer = co_await heard.next();
    EXPECT_EQ(answer->body, R"({"w@here":"pong"})");
    EXPECT_EQ(answer->properties.headers, (simul::json::object{{"ticket", "7"}, {"clock", 4}}));
    co_await worker->emit("worker.online", simul::json::object{{"type", "worker-online"}}, "w@here");
    EXPECT_EQ((co_await heard.next())->body, R"({"type":"worker-online"})");

    const auto to = detail::amqp_results_of(*client, {});
    const auto from = detail::amqp_results_of(*worker, {});
    co_await to->expect("id");
    const detail::request of{.task = "t", .id = "id", .reply_to = to->address()};
    co_await from->store(of, detail::succeeded(of, 42));
    const detail::outcome result = co_await to->next();
    EXPECT_EQ(result.id, "id");
    EXPECT_EQ(result.result.as<int>(), 42);
    co_await from->store({.task = "t", .id = "x", .reply_to = "nobody"}, result); // nobody is there
    EXPECT_EQ((co_await error_of(from->join(of, result))).substr(0, 25), "cluster: a chord needs re");
}

/// On the way between a client and the broker, until its future is dropped: then all connections break.
future<> forward(std::uint16_t from, std::string to)
{
    const auto copy = [](simul::stream& in, simul::stream& out) -> task<> {
        for (;;) {
            const simul::bytes some = co_await in.read_some();
            if (some.empty())
                co_return out.abort();
            co_await out.write(some);
        }
    };
    return simul::spawn(
        [](std::uint16_t port, std::uint16_t broker, auto each_way) -> task<> {
            simul::listener door = simul::tcp::listen("127.0.0.1:" + std::to_string(port));
            co_await door.serve([&](simul::stream& client) -> task<> {
                simul::stream server = co_await simul::tcp::connect("127.0.0.1", broker);
                co_await simul::gather(each_way(client, server), each_way(server, client));
            });
        },
        from, static_cast<std::uint16_t>(std::stoi(to.substr(to.rfind(':') + 1))), copy);
}

/// Connections that break: what was not confirmed is published again, what was not acknowledged comes again.
task<> losses(const std::string& url)
{
    const std::uint16_t port = simul::tcp::listen("127.0.0.1:0").local().port();
    future<> way = forward(port, url);
    co_await simul::sleep(1ms);
    const std::string through = "amqp://127.0.0.1:" + std::to_string(port);
    const auto by = co_await detail::connect_amqp_broker(through, {});
    const auto worker = co_await detail::connect_amqp_broker(through, {});
    co_await worker->consume({"survivors"}, 10);
    std::set<std::string> seen;
    auto working = simul::spawn([](detail::broker& from, std::set<std::string>& bodies) -> task<> {
        while (bodies.size() < 300) {
            const detail::delivery got = co_await from.next();
            bodies.insert(got.content.body);
            co_await from.acknowledge(got);
        }
    }(*worker, seen));
    std::vector<task<>> all;
    for (int i = 0; i < 300; ++i)
        all.push_back([](detail::broker& to, int number) -> task<> {
            co_await simul::sleep(std::chrono::milliseconds(number));
            co_await to.publish("survivors", job(std::to_string(number), std::to_string(number)));
        }(*by, i));
    auto publishing = simul::spawn(simul::gather(std::move(all)));
    for (int i = 0; i < 3; ++i) {
        co_await simul::sleep(60ms);
        way.cancel();
        co_await raises<simul::cancelled>([](future<>& gone) -> task<> { co_await gone; }(way));
        way = forward(port, url);
    }
    co_await publishing;
    co_await working;
    EXPECT_EQ(seen.size(), 300u);
    EXPECT_GE(by->reconnects() + worker->reconnects(), 3u);
}

/// An authority of our own, that the system doesn't know.
task<> encrypted(std::uint16_t port)
{
    const std::string url = "amqps://localhost:" + std::to_string(port);
    const auto by = co_await detail::connect_amqp_broker(url, {.tls = simul::testing::trusting_client()});
    co_await by->publish("secrets", job("a", "one"));
    co_await by->consume({"secrets"}, 1);
    EXPECT_EQ((co_await by->next()).content.body, "one");
    EXPECT_NE((co_await error_of(detail::connect_amqp_broker(url, {}))).find("not trusted here"), std::string::npos);
}

std::string configuration(std::uint16_t tls_port)
{
    return "listeners.ssl.1 = 127.0.0.1:" + std::to_string(tls_port) +
           "\nssl_options.cacertfile = " + simul::testing::data_file("authority.pem") +
           "\nssl_options.certfile = " + simul::testing::data_file("server.pem") +
           "\nssl_options.keyfile = " + simul::testing::data_file("server.key") +
           "\nmax_message_size = " + std::to_string(most_bytes) + '\n';
}

/// Says which part it was that took too long.
task<> part(const char* name, task<> what)
{
    if (!co_await simul::move_on_after(15s, std::move(what)))
        ADD_FAILURE() << name << " takes too long";
}

TEST(RabbitMq, IsServedAndServes)
{
    if (!have_rabbitmq())
        GTEST_SKIP() << "there is no `rabbitmq-server` here";
    simul::run([]() -> task<> {
        const std::uint16_t tls_port = simul::tcp::listen("127.0.0.1:0").local().port();
        const rabbitmq_server server = co_await rabbitmq_server::start(configuration(tls_port));
        co_await part("publish and consume", publish_and_consume(server.url()));
        co_await part("errors", errors(server.url()));
        co_await part("many", many(server.url()));
        co_await part("jobs", jobs(server.url()));
        co_await part("large", large(server.url()));
        co_await part("encrypted", encrypted(tls_port));
        co_await part("questions and results", questions_and_results(server.url()));
        co_await part("losses", losses(server.url()));
    }());
}

} // namespace
