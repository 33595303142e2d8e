// SPDX-License-Identifier: MIT
//
// Results with Debian's redis-server: as Python's clients and workers find them, and as they find them here.
#include "cluster/redis_results.hpp"

#include "../db/redis_server.hpp"
#include "../task/outcome.hpp"

#include <simul/task/gather.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/timeout.hpp>
#include <simul/testing/gtest.hpp>

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace redis_tests;
using namespace simul::cluster::detail;
using ::outcome::error_of;
using result_of = simul::cluster::detail::outcome;
using simul::task;
namespace json = simul::json;
using db_redis = simul::db::redis;
using strings = std::vector<std::string>;
using kept_results = std::unique_ptr<results>;

#define RESULTS_TEST(name, ...)                                                                                        \
    static task<> name(redis_server& server, db_redis& look, results& kept);                                           \
    SIMUL_TEST_REAL(RedisResults, name)                                                                                \
    {                                                                                                                  \
        if (!have_redis())                                                                                             \
            CO_SKIP() << "there is no `redis-server` here";                                                            \
        redis_server server = co_await redis_server::start({__VA_ARGS__});                                             \
        db_redis look = co_await db_redis::connect(server.url());                                                      \
        kept_results kept = co_await connect_redis_results(server.url(), {});                                          \
        co_await name(server, look, *kept);                                                                            \
        co_await kept->close();                                                                                        \
        co_await look.close();                                                                                         \
    }                                                                                                                  \
    static task<> name([[maybe_unused]] redis_server& server, [[maybe_unused]] db_redis& look,                         \
                       [[maybe_unused]] results& kept)

result_of success(std::string id, json::value value)
{
    return succeeded({.id = std::move(id)}, std::move(value));
}
result_of failure(std::string id)
{
    return failed({.id = std::move(id)}, std::make_exception_ptr(std::invalid_argument("bad")));
}
task<> store(results& to, result_of what)
{
    request of{.id = what.id};
    return to.store(of, what);
}

RESULTS_TEST(AreKeptAsCeleryKeepsThem)
{
    EXPECT_EQ(co_await kept.look("1"), std::nullopt);
    auto heard = co_await look.subscribe("celery-task-meta-1");
    co_await store(kept, success("1", 7));
    const auto text = co_await look.get("celery-task-meta-1");
    EXPECT_EQ((co_await heard.next())->payload, text);
    const json::value read = json::parse(*text);
    EXPECT_EQ(read["status"], json::value("SUCCESS"));
    EXPECT_EQ(read["result"], json::value(7));
    EXPECT_EQ(co_await look.command("TTL", "celery-task-meta-1").as<int>(), 24 * 3600);
    EXPECT_EQ((co_await kept.look("1"))->result, json::value(7));
    EXPECT_EQ(kept.address(), "");
}

RESULTS_TEST(ASuccessStays)
{
    const result_of started{.id = "1", .status = "STARTED"};
    co_await store(kept, started);
    EXPECT_EQ((co_await kept.look("1"))->status, "STARTED");
    co_await store(kept, failure("1"));
    EXPECT_EQ((co_await kept.look("1"))->status, "FAILURE");
    co_await store(kept, success("1", 1));
    co_await store(kept, failure("1"));
    co_await store(kept, success("1", 2));
    EXPECT_EQ((co_await kept.look("1"))->result, json::value(1));
    co_await look.set("celery-task-meta-2", "garbage");
    co_await store(kept, success("2", 3));
    EXPECT_EQ((co_await kept.look("2"))->result, json::value(3));
}

RESULTS_TEST(ComeToWhoWaits)
{
    constexpr std::size_t many = 2000;
    const kept_results worker = co_await connect_redis_results(server.url(), {});
    auto early = simul::spawn(kept.next()); // before anything is expected
    std::vector<task<>> expected, stored;
    for (std::size_t i = 0; i < many; ++i)
        expected.push_back(kept.expect(std::to_string(i)));
    co_await simul::gather(std::move(expected));
    for (std::size_t i = 0; i < many; ++i)
        stored.push_back(store(*worker, success(std::to_string(i), i)));
    co_await simul::gather(std::move(stored));
    std::set<std::string> got = {(co_await std::move(early)).id};
    while (got.size() < many) {
        const result_of one = co_await kept.next();
        EXPECT_EQ(std::to_string(one.result.as<int>()), one.id);
        got.insert(one.id);
    }
    for (const std::string& each : got)
        kept.forget(each);
    while (!(co_await look.command("PUBSUB", "CHANNELS").as<strings>()).empty())
        co_await simul::sleep(1ms);
    co_await worker->close();
}

RESULTS_TEST(OfForgottenJobsAreDropped)
{
    co_await kept.expect("1");
    co_await kept.expect("2");
    co_await store(kept, success("1", 1));
    kept.forget("1");
    kept.forget("never expected");
    co_await kept.expect("1"); // again
    co_await store(kept, success("2", 2));
    std::set<std::string> got;
    while (!got.contains("2"))
        got.insert((co_await kept.next()).id);
    co_await simul::sleep(20ms); // the first forgetting has been told by now
    co_await store(kept, {.id = "3", .status = "SUCCESS"});
    co_await look.publish("celery-task-meta-1", R"({"status": "PROGRESS", "result": 50, "task_id": "1"})");
    result_of last = co_await kept.next();
    while (last.status != "PROGRESS")
        last = co_await kept.next();
    EXPECT_EQ(last.id, "1");
}

RESULTS_TEST(MayBeForgottenAsTheyAreClosed)
{
    co_await kept.expect("1");
    co_await simul::sleep(0s); // who tells the server that some are forgotten, waits
    kept.forget("1");
    co_await kept.close();
}

RESULTS_TEST(AreNotMissedWhenConnectionsBreak)
{
    constexpr std::size_t many = 700; // more than are looked up at once
    const kept_results worker = co_await connect_redis_results(server.url(), {});
    std::vector<task<>> expected;
    for (std::size_t i = 0; i < many; ++i)
        expected.push_back(kept.expect(std::to_string(i)));
    co_await simul::gather(std::move(expected));
    std::set<std::string> got;
    for (std::size_t i = 0; i < many; ++i) {
        if (i % 350 == 100)
            co_await look.command("CLIENT", "KILL", "TYPE", "pubsub");
        co_await store(*worker, success(std::to_string(i), i));
    }
    while (got.size() < many)
        got.insert((co_await kept.next()).id);

    co_await kept.expect("later");
    co_await server.kill();
    auto stored = simul::spawn(store(*worker, success("later", 1)));
    co_await server.run();
    co_await std::move(stored);
    result_of last = co_await kept.next();
    while (last.id != "later")
        last = co_await kept.next();
    co_await worker->close();
}

RESULTS_TEST(CancellingNextLosesNothing)
{
    constexpr int many = 200;
    std::set<std::string> got;
    for (int i = 0; i < many; ++i) {
        const std::string id = std::to_string(i);
        co_await kept.expect(id);
        auto next = simul::spawn(kept.next());
        auto stored = simul::spawn(store(kept, success(id, i)));
        for (int turns = i % 20; turns > 0; --turns)
            co_await simul::yield();
        next.cancel();
        try {
            got.insert((co_await std::move(next)).id);
        } catch (const simul::cancelled&) {
        }
        co_await std::move(stored);
    }
    while (got.size() < many)
        got.insert((co_await kept.next()).id);
}

RESULTS_TEST(ThatCannotBeReadAreFailures)
{
    co_await kept.expect("1");
    co_await look.publish("celery-task-meta-1", "garbage");
    const result_of got = co_await kept.next();
    EXPECT_EQ(got.id, "1");
    EXPECT_EQ(got.status, "FAILURE");
    EXPECT_NE(got.traceback.find("its result can't be read"), std::string::npos) << got.traceback;
}

RESULTS_TEST(MayBeLarge)
{
    const std::string large(16 << 20, 'x');
    co_await kept.expect("1");
    co_await store(kept, success("1", large));
    EXPECT_TRUE((co_await kept.next()).result.string() == large);
}

RESULTS_TEST(NextEndsWithThem)
{
    auto next = simul::spawn(kept.next());
    co_await kept.expect("1");
    co_await kept.close();
    EXPECT_NE((co_await error_of(next)).find("results are closed"), std::string::npos);
    EXPECT_NE((co_await error_of(kept.expect("2"))).find("closed"), std::string::npos);
}

// ---- chords

request part(std::string id, std::int64_t index)
{
    return {.id = std::move(id), .group = "g", .group_index = index};
}

RESULTS_TEST(OfAChordComeToWhoBringsTheLast)
{
    co_await kept.begin_join("g", 3);
    EXPECT_EQ(co_await look.get("celery-taskset-meta-g.s"), "3");
    EXPECT_EQ(co_await kept.join(part("c", 2), success("c", "third")), std::nullopt);
    // As Python's worker does it.
    co_await look.command("ZADD", "celery-taskset-meta-g.j", 0, R"([1, "a", "SUCCESS", {"x": [1]}])");
    const request last = part("b", 1);
    const auto all = co_await kept.join(last, success("b", nullptr));
    CO_ASSERT_TRUE(all.has_value());
    CO_ASSERT_EQ(all->size(), 3U);
    EXPECT_EQ((*all)[0].result, json::value(json::object{{"x", json::array{1}}}));
    EXPECT_EQ((*all)[1].id, "b");
    EXPECT_EQ((*all)[2].result, json::value("third"));
    EXPECT_GT(co_await look.command("TTL", "celery-taskset-meta-g.j").as<int>(), 0);

    // Whoever died with the last brings it again, perhaps with another outcome.
    const auto again = co_await kept.join(last, failure("b"));
    CO_ASSERT_TRUE(again.has_value());
    EXPECT_EQ((*again)[1].status, "FAILURE");
    co_await kept.end_join("g");
    EXPECT_EQ(co_await look.command("KEYS", "celery-taskset-meta-*").as<strings>(), strings());
    EXPECT_EQ(co_await kept.join(last, success("b", 1)), std::nullopt) << "it is over";
}

RESULTS_TEST(OfAChordHaveTheShapeThatWasSaved)
{
    co_await look.set("celery-taskset-meta-g",
                      R"({"result": [["g", null], [[["a", null], null],
                                                   [["inner", null], [[["b", null], null], [["c", null], null]]],
                                                   [["broken", null], [[["d", null], null]]]]]})");
    co_await kept.begin_join("g", 4);
    for (const char* each : {"a", "b", "c"})
        co_await store(kept, success(each, each));
    co_await store(kept, failure("d"));
    std::optional<std::vector<result_of>> all;
    for (std::int64_t i = 0; i < 4; ++i) {
        const request each = part(std::string(1, static_cast<char>('a' + i)), i);
        all = co_await kept.join(each, success(each.id, 0));
    }
    CO_ASSERT_TRUE(all.has_value());
    CO_ASSERT_EQ(all->size(), 3U);
    EXPECT_EQ((*all)[0].result, json::value("a"));
    EXPECT_EQ((*all)[1].result, json::value(json::array{"b", "c"}));
    EXPECT_EQ((*all)[2].status, "FAILURE");
    EXPECT_EQ((*all)[2].id, "d");
}

} // namespace
