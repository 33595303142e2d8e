// SPDX-License-Identifier: MIT
//
// What `celery inspect`, `celery control` and Flower ask, and the events that monitors get.
#include "workshop.hpp"

#include <simul/cluster/job.hpp>
#include <simul/testing/gtest.hpp>

#include <chrono>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace cluster_tests;
using simul::cluster::job;

task<int> nap(int n)
{
    co_await simul::sleep(100s);
    co_return n;
}
job<&nap> nap_job{"control.nap"};

task<int> quick(int n)
{
    co_return n;
}
job<&quick> quick_job{"control.quick"};

int process()
{
    return ::getpid();
}
job<&process> process_job{"control.process"};

std::string text(const json::value& of)
{
    return json::dump(of);
}

// ---- questions

SIMUL_TEST(Control, AnswersAPing)
{
    workshop at;
    EXPECT_EQ(text(co_await at.ask("ping")), R"({"ok":"pong"})");
    EXPECT_EQ(text(co_await at.ask("nonsense")), R"x({"error":"KeyError('nonsense')"})x");
    co_await at.close();
}

SIMUL_TEST(Control, HearsOnlyWhatIsForIt)
{
    workshop at;
    co_await at.settle();
    question asked;
    const auto ask = [&](json::object more, double expires) -> task<> {
        asked.body = json::object{{"method", "ping"}, {"reply_to", json::object()}};
        for (json::member& each : more)
            asked.body[each.name] = each.value;
        asked.headers = {{"expires", expires}, {"clock", 3}};
        co_await at.by.broadcast(asked);
        co_await at.settle();
    };
    co_await ask({{"destination", json::array{"other@here"}}}, 0);
    co_await ask({{"pattern", "x*@here"}, {"matcher", "glob"}}, 0);
    co_await ask({{"pattern", "w[23]@"}, {"matcher", "pcre"}}, 0);
    co_await ask({}, 1000); // 1970
    EXPECT_TRUE(at.hub.answers.empty());
    co_await ask({{"destination", json::array{"w1@here"}}}, 0);
    co_await ask({{"pattern", "w?@h*"}, {"matcher", "glob"}}, 0);
    co_await ask({{"pattern", "w[12]@"}, {"matcher", "pcre"}}, 0);
    co_await ask({}, 1e11);
    EXPECT_EQ(at.hub.answers.size(), 4u);
    co_await at.close();
}

SIMUL_TEST(Control, TellsOtherWorkersWhatWasRevoked)
{
    workshop at;
    const json::value told =
        co_await at.ask("hello", {{"from_node", "w2@there"}, {"revoked", json::object{{"a", 1.5}}}});
    EXPECT_EQ(told["revoked"].size(), 1u);
    EXPECT_EQ(told["revoked"]["a"].kind(), json::kind::real); // Python wants a float
    EXPECT_GT(told["clock"].as<int>(), 0);
    EXPECT_EQ(text(co_await at.ask("revoked")), R"(["a"])");
    co_await at.tell("hello", {{"from_node", "w1@here"}});
    co_await at.settle();
    EXPECT_TRUE(at.hub.answers.empty());
    co_await at.close();
}

SIMUL_TEST(Control, AsksOthersAtItsBeginWhatWasRevoked)
{
    workshop at;
    co_await at.tell("revoke", {{"task_id", "a"}});
    co_await at.settle();
    fake_broker by(at.hub);
    auto second = simul::spawn(simul::cluster::detail::work({.name = "w2@here", .concurrency = 1}, by, &at.to));
    co_await at.tell("shutdown", {}, json::array{"w1@here"});
    co_await std::move(at.worker);
    at.send({.task = "control.quick", .id = "a", .args = {1}});
    EXPECT_EQ((co_await at.hub.outcome_of("a")).status, "REVOKED");
    co_await at.tell("shutdown");
    co_await std::move(second);
}

SIMUL_TEST(Control, BeginsWithoutTheOthersWhenTheyAreSilent)
{
    workshop at;
    fake_broker silent(at.hub);
    co_await silent.listen("w0@here");
    const auto before = simul::now();
    at.send({.task = "control.quick", .id = "a", .args = {1}});
    EXPECT_EQ((co_await at.hub.outcome_of("a")).status, "SUCCESS");
    EXPECT_EQ(simul::now() - before, 1s);
    co_await at.close();
}

SIMUL_TEST(Control, ShowsItsJobs)
{
    workshop at({.coroutines = 1});
    at.send({.task = "control.nap", .id = "a", .args = {1}});
    at.send({.task = "control.nap", .id = "b", .args = {2}});
    at.send({.task = "control.nap", .id = "c", .args = {3}, .eta = std::chrono::system_clock::now() + 1h});
    co_await at.settle();
    const json::value active = co_await at.ask("active", {{"safe", nullptr}});
    CO_ASSERT_EQ(active.size(), 1u);
    EXPECT_GT(active[0]["time_start"].as<double>(), 1e9);
    for (const char* each :
         {"id", "name", "args", "kwargs", "type", "hostname", "acknowledged", "delivery_info", "worker_pid"})
        EXPECT_TRUE(active[0].find(each)) << each;
    EXPECT_EQ(text(active[0]["delivery_info"]),
              R"({"exchange":"","routing_key":"celery","priority":null,"redelivered":false})");
    EXPECT_EQ((co_await at.ask("reserved"))[0]["id"].string(), "b");
    const json::value scheduled = co_await at.ask("scheduled");
    EXPECT_EQ(scheduled[0]["request"]["id"].string(), "c");
    EXPECT_TRUE(scheduled[0]["eta"].string().ends_with("+00:00"));
    const json::value found = co_await at.ask("query_task", {{"ids", json::array{"a", "b", "x"}}});
    EXPECT_EQ(found.size(), 2u);
    EXPECT_EQ(found["a"][0].string(), "active");
    EXPECT_EQ(found["b"][0].string(), "reserved");
    co_await at.tell("revoke", {{"task_id", json::array{"a", "b", "c"}}, {"terminate", true}});
    co_await at.close();
}

SIMUL_TEST(Control, ShowsItself)
{
    workshop at({.queues = {"celery", "images"}, .max_jobs_per_process = 7});
    at.send({.task = "control.quick", .id = "a", .args = {1}});
    co_await at.hub.outcome_of("a");
    const int pid = (co_await at.run({.task = "control.process", .shadow = "shown"})).result.as<int>();
    json::value stats = co_await at.ask("stats");
    while (stats["pool"]["processes"].size() == 0) // the job was quicker than the news of its process
        stats = co_await at.ask("stats");
    EXPECT_EQ(text(stats["total"]), R"({"control.quick":1,"shown":1})");
    EXPECT_EQ(stats["pool"]["processes"], json::value(json::array{pid}));
    EXPECT_EQ(stats["pool"]["max-concurrency"].as<int>(), 1);
    EXPECT_EQ(stats["pool"]["max-tasks-per-child"].as<int>(), 7);
    EXPECT_EQ(stats["broker"]["transport"].string(), "fake");
    EXPECT_EQ(stats["clock"].kind(), json::kind::string);
    EXPECT_GT(stats["rusage"]["maxrss"].as<int>(), 0);
    EXPECT_EQ((co_await at.ask("active_queues"))[1]["name"].string(), "images");
    bool knows_quick = false;
    const json::value names = co_await at.ask("registered", {{"taskinfoitems", json::array()}});
    for (const json::value& each : names.elements())
        knows_quick |= each.string() == "control.quick";
    EXPECT_TRUE(knows_quick);
    EXPECT_EQ((co_await at.ask("conf", {{"with_defaults", false}}))["broker_url"].string(), "fake://memory/0");
    EXPECT_NE((co_await at.ask("report"))["ok"].string().find("simul:"), std::string::npos);
    EXPECT_GT((co_await at.ask("clock"))["clock"].as<int>(), 0);
    co_await at.close();
}

// ---- orders

SIMUL_TEST(Control, RevokesWhatWaitsAndTerminatesWhatRuns)
{
    workshop at({.coroutines = 1});
    at.send({.task = "control.nap", .id = "a", .args = {1}});
    at.send({.task = "control.nap", .id = "b", .args = {2}});
    co_await at.settle();
    EXPECT_EQ(text(co_await at.ask("revoke", {{"task_id", "a"}})),
              R"({"ok":"tasks a flagged as revoked"})"); // it runs on
    EXPECT_EQ(text(co_await at.ask("revoke", {{"task_id", json::array{"b"}}})),
              R"({"ok":"tasks b flagged as revoked"})");
    const outcome waiting = co_await at.hub.outcome_of("b");
    EXPECT_EQ(waiting.status, "REVOKED");
    EXPECT_EQ(message_of(waiting), "revoked");
    EXPECT_EQ(text(co_await at.ask("revoke", {{"task_id", "a"}, {"terminate", true}, {"signal", "SIGKILL"}})),
              R"({"ok":"terminate: a"})");
    EXPECT_EQ(message_of(co_await at.hub.outcome_of("a")), "terminated");
    EXPECT_EQ(text(co_await at.ask("terminate", {{"signal", "KILL"}, {"task_id", "x"}})),
              R"({"ok":"terminate: tasks unknown"})");
    at.send({.task = "control.quick", .id = "x", .args = {1}}); // it was called back before it came
    EXPECT_EQ((co_await at.hub.outcome_of("x")).status, "REVOKED");
    co_await at.close();
}

SIMUL_TEST(Control, LimitsTheRateOfAJob)
{
    workshop at;
    EXPECT_EQ(text(co_await at.ask("rate_limit", {{"task_name", "control.quick"}, {"rate_limit", "30/m"}})),
              R"({"ok":"new rate limit set successfully"})");
    const auto before = simul::now();
    for (int i = 0; i < 5; ++i)
        at.send({.task = "control.quick", .args = {i}});
    co_await at.hub.outcome_of("job-5");
    EXPECT_EQ(simul::now() - before, 8s); // the first at once
    EXPECT_EQ(text(co_await at.ask("rate_limit", {{"task_name", "control.quick"}, {"rate_limit", 0}})),
              R"({"ok":"rate limit disabled successfully"})");
    EXPECT_EQ(text(co_await at.ask("rate_limit", {{"task_name", "x"}, {"rate_limit", "1/s"}})),
              R"({"error":"unknown task"})");
    EXPECT_EQ(text(co_await at.ask("rate_limit", {{"task_name", "control.quick"}, {"rate_limit", "fast"}})),
              R"x({"error":"Invalid rate limit string: ValueError('fast')"})x");
    co_await at.close();
}

SIMUL_TEST(Control, LimitsTheTimeOfAJob)
{
    workshop at;
    EXPECT_EQ(text(co_await at.ask("time_limit", {{"task_name", "control.nap"}, {"hard", 5}, {"soft", nullptr}})),
              R"({"ok":"time limits set successfully"})");
    EXPECT_EQ(type_of(co_await at.run({.task = "control.nap", .args = {1}})), "TimeLimitExceeded");
    EXPECT_EQ(text(co_await at.ask("time_limit", {{"task_name", "x"}})), R"({"error":"unknown task"})");
    co_await at.close();
}

SIMUL_TEST(Control, TakesFromOtherQueues)
{
    workshop at;
    co_await at.settle();
    EXPECT_EQ(text(co_await at.ask("add_consumer", {{"queue", "more"}})), R"({"ok":"add consumer more"})");
    EXPECT_EQ(text(co_await at.ask("add_consumer", {{"queue", "more"}})), R"({"ok":"already consuming from 'more'"})");
    at.send({.task = "control.quick", .id = "a", .args = {1}}, "more");
    co_await at.hub.outcome_of("a");
    EXPECT_EQ(text(co_await at.ask("cancel_consumer", {{"queue", "more"}})),
              R"({"ok":"no longer consuming from more"})");
    at.send({.task = "control.quick", .args = {1}}, "more");
    co_await at.settle();
    EXPECT_EQ(at.hub.queues["more"].size(), 1u);
    co_await at.close();
}

SIMUL_TEST(Control, SaysWhatItCannotDo)
{
    workshop at;
    for (const char* each : {"pool_grow", "pool_shrink", "pool_restart", "autoscale"})
        EXPECT_TRUE((co_await at.ask(each)).find("error")) << each;
    EXPECT_NE((co_await at.ask("revoke", {{"task_id", 7}}))["error"].string().find("expected a string"),
              std::string::npos);
    co_await at.close();
}

// ---- events

std::vector<std::string> kinds(const fake_hub& hub)
{
    std::vector<std::string> found;
    for (const auto& each : hub.events) {
        if (each.event.kind() != json::kind::array) {
            found.push_back(each.event["type"].string());
            continue;
        }
        for (const json::value& one : each.event.elements())
            found.push_back(one["type"].string());
    }
    return found;
}

SIMUL_TEST(Events, TellThatTheWorkerLives)
{
    workshop at;
    co_await simul::sleep(3s);
    co_await at.close();
    EXPECT_EQ(kinds(at.hub), (std::vector<std::string>{"worker-online", "worker-heartbeat", "worker-offline"}));
    const auto& online = at.hub.events[0];
    EXPECT_EQ(online.topic, "worker.online");
    for (const char* each : {"hostname", "utcoffset", "pid", "clock", "timestamp", "freq", "active", "processed",
                             "loadavg", "sw_ident", "sw_ver", "sw_sys"})
        EXPECT_TRUE(online.event.find(each)) << each;
    EXPECT_GT(at.hub.events[1].event["clock"].as<int>(), online.event["clock"].as<int>());
}

SIMUL_TEST(Events, TellOfJobsToWhoAsksForThem)
{
    workshop at;
    at.send({.task = "control.quick", .args = {1}});
    co_await simul::sleep(1s);
    EXPECT_EQ(text(co_await at.ask("enable_events")), R"({"ok":"task events enabled"})");
    EXPECT_EQ(text(co_await at.ask("enable_events")), R"({"ok":"task events already enabled"})");
    at.hub.events.clear();
    at.send({.task = "control.quick", .id = "a", .args = {7}, .retries = 1});
    co_await simul::sleep(500ms);
    CO_ASSERT_EQ(at.hub.events.size(), 1u); // of one moment, one message
    EXPECT_EQ(at.hub.events[0].topic, "task.multi");
    EXPECT_EQ(kinds(at.hub), (std::vector<std::string>{"task-received", "task-started", "task-succeeded"}));
    const json::value& received = at.hub.events[0].event[0];
    EXPECT_EQ(received["uuid"].string(), "a");
    EXPECT_EQ(received["args"].string(), "(7)");
    EXPECT_EQ(received["retries"].as<int>(), 1);
    EXPECT_EQ(at.hub.events[0].event[2]["result"].string(), "7");
    EXPECT_EQ(text(co_await at.ask("disable_events")), R"({"ok":"task events disabled"})");
    co_await at.close();
}

SIMUL_TEST(Events, TellHowJobsEnd)
{
    workshop at({.events = true});
    at.send({.task = "tests.nothing", .id = "a"});
    at.send({.task = "control.nap", .id = "b", .args = {1}});
    at.send({.task = "control.quick", .id = "c", .args = {1}, .expires = std::chrono::system_clock::now() - 1s});
    co_await at.settle();
    co_await at.tell("revoke", {{"task_id", "b"}, {"terminate", true}, {"signal", 9}});
    co_await at.hub.outcome_of("b");
    co_await simul::sleep(1s);
    std::vector<json::value> last;
    for (const auto& each : at.hub.events)
        if (each.topic == "task.multi")
            for (const json::value& one : each.event.elements())
                if (one["type"].string() == "task-revoked" || one["type"].string() == "task-failed")
                    last.push_back(one);
    CO_ASSERT_EQ(last.size(), 3u);
    EXPECT_EQ(last[0]["exception"].string(), "NotRegistered('tests.nothing')");
    EXPECT_EQ(last[1]["expired"], json::value(true));
    EXPECT_EQ(last[2]["terminated"], json::value(true));
    EXPECT_EQ(last[2]["signum"], json::value(9));
    co_await at.close();
}

} // namespace
