// SPDX-License-Identifier: MIT
#include "cluster/redis/envelope.hpp"

#include "../captures.hpp"
#include "cluster/redis/keys.hpp"

#include <simul/base/error.hpp>

#include <gtest/gtest.h>

#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

using namespace simul::cluster::redis;
using simul::cluster::detail::message;
namespace json = simul::json;

/// A line of captures/redis_envelopes.txt: its name, then what Celery wrote.
std::string captured(std::string_view name)
{
    std::istringstream lines(cluster_tests::captured("redis_envelopes.txt"));
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with(std::string(name) + ' '))
            return line.substr(name.size() + 1);
    throw std::out_of_range(std::string(name));
}

std::string refusal(std::string_view text)
{
    try {
        read_envelope(text);
        return {};
    } catch (const simul::error& e) {
        return e.what();
    }
}

TEST(RedisEnvelope, IsReadAsCeleryWroteIt)
{
    const envelope read = read_envelope(captured("task"));
    EXPECT_EQ(read.content.headers.find("task")->string(), "tasks.add");
    EXPECT_EQ(read.content.body, R"([[2, 3], {}, {"callbacks": null, "errbacks": null, "chain": null, "chord": null}])");
    EXPECT_EQ(read.content.content_type, "application/json");
    EXPECT_EQ(read.content.content_encoding, "utf-8");
    EXPECT_EQ(read.content.correlation_id, "f2c8cb47-0d5f-47a8-acfe-3f38858528d2");
    EXPECT_EQ(read.content.reply_to, "23eaf94f-a09e-3654-ae52-2c45b5ade0fd");
    EXPECT_EQ(read.content.priority, 0);
    EXPECT_TRUE(read.content.durable);
    EXPECT_FALSE(read.redelivered);

    const envelope urgent = read_envelope(captured("priority"));
    EXPECT_EQ(urgent.content.priority, 3);
    EXPECT_EQ(urgent.content.expiration, "30000");
    EXPECT_EQ(read_envelope(captured("newer_task")).content.headers.find("stamps")->size(), 0U);
    EXPECT_EQ(read_envelope(captured("answer")).content.body, R"({"w1@host1": {"ok": "pong"}})");
    EXPECT_FALSE(read_envelope(captured("event")).content.durable);
}

/// Python dies of the lack of some of them.
TEST(RedisEnvelope, HasAllThatPythonNeeds)
{
    const message sent{.headers = {{"task", "t"}, {"id", "1"}},
                       .body = "[]",
                       .correlation_id = "1",
                       .reply_to = "me",
                       .priority = 3,
                       .expiration = "500"};
    const json::value written = json::parse(write_envelope(sent, {.routing_key = "celery"}, "a tag"));
    const json::value expected = json::object{
        {"body", "W10="},
        {"content-encoding", "utf-8"},
        {"content-type", "application/json"},
        {"headers", sent.headers},
        {"properties", json::object{{"correlation_id", "1"},
                                    {"reply_to", "me"},
                                    {"delivery_mode", 2},
                                    {"expiration", "500"},
                                    {"delivery_info", json::object{{"exchange", ""}, {"routing_key", "celery"}}},
                                    {"priority", 3},
                                    {"body_encoding", "base64"},
                                    {"delivery_tag", "a tag"}}}};
    EXPECT_EQ(written, expected);

    const json::value as_celery = json::parse(captured("task"));
    for (const json::member& each : as_celery["properties"].members())
        EXPECT_NE(written["properties"].find(each.name), nullptr) << each.name;
}

TEST(RedisEnvelope, CarriesAnyBytes)
{
    std::string all;
    for (int i = 0; i < 256; ++i)
        all += static_cast<char>(i);
    EXPECT_EQ(read_envelope(write_envelope({.body = all, .durable = false}, {}, "t")).content.body, all);
}

TEST(RedisEnvelope, IsReadWhereMuchIsMissing)
{
    const envelope bare = read_envelope(R"({"body": "[[], {}, {}]"})");
    EXPECT_EQ(bare.content.body, "[[], {}, {}]"); // without an encoding it is text
    EXPECT_EQ(bare.content.priority, std::nullopt);
    EXPECT_EQ(read_envelope(R"({"body": "x", "properties": {"body_encoding": "utf-8"}})").content.body, "x");
    EXPECT_EQ(read_envelope(R"({"body": "", "headers": null, "properties": {"priority": null, "reply_to": 7}})").content.reply_to,
              "");
    EXPECT_EQ(read_envelope(R"({"body": "", "properties": {"priority": -99999999999}})").content.priority, 0);
}

TEST(RedisEnvelope, IsRefusedWhereItIsNone)
{
    EXPECT_EQ(refusal("[1]"), "no message: it is no JSON object");
    EXPECT_EQ(refusal("{}"), "no message: it has no body");
    EXPECT_EQ(refusal(R"({"body": 7})"), "no message: it has no body");
    EXPECT_EQ(refusal(R"({"body": "?", "properties": {"body_encoding": "base64"}})"),
              "no message: its body is said to be base 64, and isn't");
    EXPECT_NE(refusal(""), "");
    EXPECT_NE(refusal("\x80\x04pickle"), "");
    EXPECT_NE(refusal(std::string(2000, '[')), "");
}

TEST(RedisEnvelope, TellsThatItWasBegunBefore)
{
    entry taken = read_entry(captured("entry"));
    EXPECT_EQ(taken.sent_to.exchange, "");
    EXPECT_EQ(taken.sent_to.routing_key, "celery");
    EXPECT_EQ(taken.priority(), 0);
    const std::string again = begun_before(std::move(taken.envelope));
    const envelope read = read_envelope(again);
    EXPECT_TRUE(read.redelivered);
    EXPECT_EQ(read.content.body, read_envelope(captured("task")).content.body);
    EXPECT_EQ(read.content.headers, read_envelope(captured("task")).content.headers) << "the marks are not the job's";
    // As kombu marks it.
    EXPECT_EQ(json::parse(again)["headers"]["redelivered"], json::value(true));
    EXPECT_EQ(json::parse(again)["properties"]["delivery_info"]["redelivered"], json::value(true));

    const std::string dead = buried(json::parse(again), "it kills");
    EXPECT_EQ(json::parse(dead)["headers"]["x-simul-reason"], json::value("it kills"));
    EXPECT_EQ(begun_before(json::array{1}), "[1]"); // what is no envelope stays what it is
}

TEST(RedisEnvelope, TellsThatItWasSentBefore)
{
    const std::string once = write_envelope({.headers = {{"task", "t"}}, .body = "[]"}, {.routing_key = "q"}, "tag");
    EXPECT_FALSE(read_envelope(once).redelivered);
    EXPECT_TRUE(read_envelope(sent_again(once)).redelivered);
    EXPECT_EQ(read_envelope(sent_again(once)).content.body, "[]");
}

TEST(RedisEnvelope, EntriesNameTheirQueue)
{
    const std::string text = '[' + captured("priority") + entry_tail("a \"queue\"");
    const entry read = read_entry(text);
    EXPECT_EQ(read.sent_to.routing_key, "a \"queue\"");
    EXPECT_EQ(read.priority(), 3);
    for (const std::string_view bad : {"", "[]", "[1, 2, 3]", R"(["", ""])", R"({"a": 1})", "[garbage, \"\", \"celery\"]"})
        EXPECT_THROW(read_entry(bad), simul::error) << bad;
}

TEST(RedisKeys, AreCelerys)
{
    const keys plain("", 0);
    EXPECT_EQ(plain.list("celery", 0), "celery");
    EXPECT_EQ(plain.list("celery", 4), "celery\x06\x16" "3");
    EXPECT_EQ(plain.list("celery", 200), "celery\x06\x16" "9");
    EXPECT_EQ(plain.list("celery", -1), "celery");
    EXPECT_EQ(plain.bindings("celery"), "_kombu.binding.celery");
    EXPECT_EQ(plain.channel("celery.pidbox"), "/0.celery.pidbox");
    EXPECT_EQ(plain.group("7", ".j"), "celery-taskset-meta-7.j");

    const keys ours("app:", 3);
    EXPECT_EQ(ours.unacked(), "app:unacked");
    EXPECT_EQ(ours.index(), "app:unacked_index");
    EXPECT_EQ(ours.channel("celeryev", "task.multi"), "app:/3.celeryev/task.multi");
    EXPECT_EQ(ours.result("7"), "app:celery-task-meta-7");
    EXPECT_EQ(ours.id_of("app:celery-task-meta-7"), "7");
    EXPECT_EQ(ours.id_of("x"), "");
}

TEST(RedisKeys, BindingsTellWhoGetsWhat)
{
    EXPECT_EQ(binding("celery", "celery"), "celery\x06\x16\x06\x16" "celery");
    EXPECT_EQ(bound_queue(binding("oid", "oid.reply"), "oid"), "oid.reply");
    EXPECT_EQ(bound_queue(binding("oid2", "oid2.reply"), "oid"), "");
    EXPECT_EQ(bound_queue(binding("", "w@h.celery.pidbox"), ""), "w@h.celery.pidbox");
    EXPECT_EQ(bound_queue("nonsense", "nonsense"), "");
}

} // namespace
