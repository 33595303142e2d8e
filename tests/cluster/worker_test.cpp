// SPDX-License-Identifier: MIT
//
// One job after the other: what becomes of it, and what the broker and the results are told.
#include <simul/cluster/worker.hpp>

#include "workshop.hpp"

#include <simul/cluster/job.hpp>
#include <simul/cluster/this_job.hpp>
#include <simul/task/timeout.hpp>
#include <simul/testing/gtest.hpp>
#include <simul/testing/problems.hpp>

#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace cluster_tests;
using simul::cluster::job;
using simul::cluster::job_settings;
using simul::testing::elapsed;
namespace cluster = simul::cluster;
namespace detail = simul::cluster::detail;

// ---- the jobs

int add(int x, int y)
{
    return x + y;
}
job<&add> add_job{"tests.add", {"x", "y"}};

std::string letters(std::size_t count)
{
    return std::string(count, 'x');
}
job<&letters> letters_job{"tests.letters"};

int sum(const std::vector<int>& all)
{
    int total = 0;
    for (int each : all)
        total += each;
    return total;
}
job<&sum> sum_job{"tests.sum"};

void fail(const std::string& why)
{
    throw std::invalid_argument(why);
}
job<&fail> fail_job{"tests.fail"};

void die()
{
    std::abort();
}
job<&die> die_job{"tests.die"};

void spin()
{
    for (;;)
        std::this_thread::sleep_for(1h);
}
job<&spin> spin_job{"tests.spin"};

std::string whoami()
{
    return cluster::this_job::id() + ' ' + cluster::this_job::name() + ' ' +
           std::to_string(cluster::this_job::retries());
}
job<&whoami> whoami_job{"tests.whoami"};

task<int> later(int n)
{
    co_await simul::sleep(10s);
    co_return n;
}
job<&later> later_job{"tests.later"};

task<int> stubborn()
{
    if (cluster::this_job::retries() < 3)
        throw std::runtime_error("not yet");
    co_return static_cast<int>(cluster::this_job::retries());
}
job<&stubborn> stubborn_job{"tests.stubborn", {}, job_settings{.retries = 3, .backoff = 10s, .longest_backoff = 20s}};

task<std::string> patient()
{
    if (cluster::this_job::retries() < 2)
        cluster::this_job::retry(1h);
    co_return "at last";
}
job<&patient> patient_job{"tests.patient"};

task<> watched()
{
    cluster::this_job::progress(json::object{{"done", 1}});
    co_await simul::sleep(1s);
    cluster::this_job::progress(json::object{{"done", 2}});
    co_await simul::sleep(1s);
}
job<&watched> watched_job{"tests.watched"};

json::value signature(std::string task, json::array args, json::object options = {}, bool immutable = false)
{
    return json::object{{"task", std::move(task)}, {"args", std::move(args)}, {"kwargs", json::object()},
                        {"options", options},      {"subtask_type", nullptr}, {"immutable", immutable}};
}

// ---- what it does

SIMUL_TEST(Worker, RunsAFunctionInAProcess)
{
    workshop at;
    const outcome done = co_await at.run({.task = "tests.add", .id = "a", .args = {2}, .kwargs = {{"y", 3}}});
    EXPECT_EQ(done.status, "SUCCESS");
    EXPECT_EQ(done.result, json::value(5));
    EXPECT_TRUE(done.children.empty());
    co_await at.settle();
    EXPECT_EQ(at.hub.acknowledged, std::vector<std::string>{"a"});
    co_await at.close();
}

SIMUL_TEST(Worker, RunsCoroutinesSideBySideOnItsLoop)
{
    workshop at;
    const auto before = simul::now();
    for (int i = 0; i < 50; ++i)
        at.send({.task = "tests.later", .args = {i}});
    const outcome last = co_await at.hub.outcome_of("job-50");
    EXPECT_EQ(last.result, json::value(49));
    EXPECT_EQ(simul::now() - before, 10s);
    co_await at.close();
}

SIMUL_TEST(Worker, StoresTheResultBeforeItAcknowledges)
{
    workshop at;
    at.hub.fail_stores = 1;
    const outcome done = co_await at.run({.task = "tests.add", .id = "a", .args = {2, 3}});
    EXPECT_EQ(done.result, json::value(5)); // of the second delivery
    const auto told = simul::testing::problems();
    CO_ASSERT_EQ(told.size(), 1u);
    EXPECT_NE(told[0].message.find("its outcome could not be stored"), std::string::npos);
    co_await at.settle();
    EXPECT_EQ(at.hub.acknowledged, std::vector<std::string>{"a"});
    co_await at.close();
}

SIMUL_TEST(Worker, AResultThatCanNotBeStoredIsAFailure)
{
    workshop at;
    at.hub.longest_result = 500;
    const outcome done = co_await at.run({.task = "tests.letters", .id = "a", .args = {1000}});
    EXPECT_EQ(done.status, "FAILURE");
    EXPECT_NE(message_of(done).find("results: too long"), std::string::npos);
    co_await at.settle();
    EXPECT_EQ(at.hub.acknowledged, std::vector<std::string>{"a"});
    co_await at.close();
}

SIMUL_TEST(Worker, AnErrorIsAFailureOfThatType)
{
    workshop at;
    const outcome done = co_await at.run({.task = "tests.fail", .args = {"too large"}});
    EXPECT_EQ(done.status, "FAILURE");
    EXPECT_EQ(type_of(done), "ValueError");
    EXPECT_EQ(message_of(done), "too large");
    EXPECT_EQ(done.traceback, "ValueError: too large");
    co_await at.close();
}

SIMUL_TEST(Worker, SaysWhatIsWrongWithArguments)
{
    workshop at;
    outcome done = co_await at.run({.task = "tests.add", .args = {2}});
    EXPECT_EQ(type_of(done), "TypeError");
    EXPECT_EQ(message_of(done), "tests.add() misses its argument 'y'");
    done = co_await at.run({.task = "tests.nothing"});
    EXPECT_EQ(type_of(done), "NotRegistered");
    EXPECT_EQ(message_of(done), "tests.nothing");
    co_await at.close();
}

SIMUL_TEST(Worker, WhatIsNoJobIsBuried)
{
    workshop at;
    at.hub.put("celery", {.body = "garbage"});
    detail::message pickled = detail::write_request({.task = "tests.add", .id = "a"});
    pickled.content_type = "application/x-python-serialize";
    at.hub.put("celery", pickled);
    co_await at.run({.task = "tests.add", .args = {2, 3}});
    CO_ASSERT_EQ(at.hub.dead.size(), 2u);
    EXPECT_NE(at.hub.dead[1].reason.find("application/x-python-serialize"), std::string::npos);
    co_await at.close();
}

SIMUL_TEST(Worker, AJobWhoseProcessDiesIsBegunAgainThenLost)
{
    workshop at;
    const outcome done = co_await at.run({.task = "tests.die"});
    EXPECT_EQ(done.status, "FAILURE");
    EXPECT_EQ(type_of(done), "WorkerLostError");
    co_await at.settle();
    EXPECT_EQ(at.hub.dead.size(), 1u);
    EXPECT_EQ((co_await at.run({.task = "tests.add", .args = {2, 3}})).result, json::value(5));
    co_await at.close();
}

SIMUL_TEST(Worker, WhatWasDoneBeforeIsOnlyAcknowledged)
{
    workshop at;
    at.hub.stored["a"] = {.id = "a", .status = "SUCCESS", .result = 7};
    at.hub.put("celery", detail::write_request({.task = "tests.add", .id = "a", .args = {2, 3}}), true);
    while (at.hub.acknowledged.empty())
        co_await at.hub.changed.wait();
    EXPECT_TRUE(at.hub.history.empty());
    co_await at.close();
}

SIMUL_TEST(Worker, WhatIsSubmittedTwiceUnderItsIdIsDoneOnce)
{
    workshop at;
    co_await at.run({.task = "tests.add", .id = "a", .args = {2, 3}, .once = true});
    at.send({.task = "tests.add", .id = "a", .args = {20, 30}, .once = true});
    while (at.hub.acknowledged.size() < 2)
        co_await at.hub.changed.wait();
    EXPECT_EQ(at.hub.history.size(), 1u);
    co_await at.close();
}

SIMUL_TEST(Worker, WhatExpiredIsRevoked)
{
    workshop at;
    const outcome done =
        co_await at.run({.task = "tests.add", .args = {2, 3}, .expires = std::chrono::system_clock::now() - 1s});
    EXPECT_EQ(done.status, "REVOKED");
    EXPECT_EQ(message_of(done), "expired");
    co_await at.close();
}

SIMUL_TEST(Worker, WaitsForAJobsTimeWhileOthersPass)
{
    workshop at;
    const auto before = simul::now();
    const std::string id = at.send({.task = "tests.add", .args = {2, 3}, .eta = std::chrono::system_clock::now() + 1h});
    co_await at.settle();
    const std::size_t prefetch = at.by.prefetch();
    co_await at.run({.task = "tests.later", .args = {1}});
    EXPECT_EQ(simul::now() - before, 10s);
    co_await at.hub.outcome_of(id);
    EXPECT_GT(simul::now() - before, 59min);
    co_await at.settle();
    EXPECT_EQ(at.by.prefetch(), prefetch - 1); // it has taken no room while it waited
    co_await at.close();
}

SIMUL_TEST(Worker, LeavesAJobWithABrokerThatCanKeepItUntilThen)
{
    workshop at;
    at.hub.can_park = true;
    at.send({.task = "tests.add", .args = {2, 3}, .eta = std::chrono::system_clock::now() + 1h});
    while (at.hub.later.empty())
        co_await at.hub.changed.wait();
    EXPECT_EQ(at.by.held(), 0u);
    co_await at.close();
}

SIMUL_TEST(Worker, BeginsAFailedJobAgainAsItsSettingsSay)
{
    workshop at;
    const outcome done = co_await at.run({.task = "tests.stubborn", .id = "a"});
    EXPECT_EQ(done.result, json::value(3));
    CO_ASSERT_EQ(at.hub.history.size(), 4u);
    EXPECT_EQ(at.hub.history[0].status, "RETRY");
    EXPECT_EQ(type_of(at.hub.history[0]), "RuntimeError");
    EXPECT_EQ(done.parent_id, "a");
    co_await at.settle();
    EXPECT_EQ(at.hub.acknowledged.size(), 4u);
    co_await at.close();
}

SIMUL_TEST(Worker, AJobMayWantToBeBegunAgain)
{
    workshop at;
    const auto before = simul::now();
    const outcome done = co_await at.run({.task = "tests.patient"});
    EXPECT_EQ(done.result, json::value("at last"));
    EXPECT_GT(simul::now() - before, 119min);
    EXPECT_EQ(type_of(at.hub.history[0]), "Retry");
    EXPECT_EQ(at.hub.history[0].status, "RETRY");
    EXPECT_EQ(at.hub.history[0].id, done.id); // the same job
    EXPECT_EQ(done.parent_id, done.id);       // as Celery has it
    co_await at.close();
}

SIMUL_TEST(Worker, TimeLimitsEndCoroutinesAndProcesses)
{
    workshop at;
    outcome done = co_await at.run({.task = "tests.later", .args = {1}, .time_limit = 2.5});
    EXPECT_EQ(type_of(done), "TimeLimitExceeded");
    EXPECT_EQ(message_of(done), "2.5 s");
    done = co_await at.run({.task = "tests.spin", .time_limit = 60, .soft_time_limit = 0.01});
    EXPECT_EQ(type_of(done), "SoftTimeLimitExceeded");
    EXPECT_EQ((co_await at.run({.task = "tests.add", .args = {2, 3}})).status, "SUCCESS");
    co_await at.close();
}

SIMUL_TEST(Worker, TellsAJobWhoItIs)
{
    workshop at;
    EXPECT_EQ((co_await at.run({.task = "tests.whoami", .id = "a", .retries = 2})).result,
              json::value("a tests.whoami 2"));
    EXPECT_FALSE(cluster::this_job::running());
    co_await at.close();
}

SIMUL_TEST(Worker, StoresProgress)
{
    workshop at;
    const std::string id = at.send({.task = "tests.watched"});
    EXPECT_EQ((co_await at.hub.outcome_of(id, "PROGRESS")).result["done"], json::value(1));
    co_await at.hub.outcome_of(id);
    EXPECT_EQ(at.hub.history.size(), 3u);
    co_await at.close();
}

SIMUL_TEST(Worker, IgnoresResultsOfWhoWantsNone)
{
    workshop at;
    const std::string id = at.send({.task = "tests.add", .args = {2, 3}, .ignore_result = true});
    while (at.hub.acknowledged.empty())
        co_await at.hub.changed.wait();
    EXPECT_TRUE(at.hub.history.empty());
    co_await at.close();
}

SIMUL_TEST(Worker, MapsAsCelery)
{
    workshop at;
    const json::object add{{"task", "tests.add"}};
    outcome done =
        co_await at.run({.task = "celery.starmap",
                         .kwargs = {{"task", add}, {"it", json::array{json::array{1, 2}, json::array{3, 4}}}}});
    EXPECT_EQ(done.result, json::value(json::array{3, 7}));
    done = co_await at.run(
        {.task = "celery.map", .kwargs = {{"task", json::object{{"task", "tests.later"}}}, {"it", json::array{1, 2}}}});
    EXPECT_EQ(done.result, json::value(json::array{1, 2}));
    done = co_await at.run({.task = "celery.chunks",
                            .kwargs = {{"task", add},
                                       {"it", json::array{json::array{1, 2}, json::array{3, 4}, json::array{5, 6}}},
                                       {"n", 2}}});
    EXPECT_EQ(done.result, json::value(json::array{json::array{3, 7}, json::array{11}}));
    co_await at.close();
}

// ---- what comes after

SIMUL_TEST(Worker, CallsBackWithTheResult)
{
    workshop at;
    const outcome done = co_await at.run({.task = "tests.add",
                                          .id = "a",
                                          .args = {2, 3},
                                          .callbacks = {signature("tests.add", {10}, {{"task_id", "b"}})}});
    EXPECT_EQ(json::dump(done.children), R"([[["b",null],null]])");
    const outcome called = co_await at.hub.outcome_of("b");
    EXPECT_EQ(called.result, json::value(15));
    EXPECT_EQ(called.parent_id, "a");
    co_await at.close();
}

SIMUL_TEST(Worker, GoesAlongAChain)
{
    workshop at;
    const outcome first = co_await at.run({.task = "tests.add",
                                           .id = "a",
                                           .args = {1, 1},
                                           .chain = {signature("tests.add", {100}, {{"task_id", "c"}}),
                                                     signature("tests.add", {10}, {{"task_id", "b"}})}});
    EXPECT_EQ(json::dump(first.children), R"([[["b",null],null]])");
    const outcome last = co_await at.hub.outcome_of("c");
    EXPECT_EQ(last.result, json::value(112));
    EXPECT_EQ(last.parent_id, "b");
    EXPECT_EQ(at.hub.stored["b"].result, json::value(12));
    EXPECT_EQ(at.hub.stored["b"].parent_id, "a");
    co_await at.close();
}

SIMUL_TEST(Worker, TheRestOfAFailedChainFails)
{
    workshop at;
    const std::string id = at.send({.task = "tests.fail",
                                    .args = {"no"},
                                    .errbacks = {signature("tests.fail", {}, {{"task_id", "e"}})},
                                    .chain = {signature("tests.add", {100}, {{"task_id", "c"}}),
                                              signature("tests.add", {10}, {{"task_id", "b"}})}});
    EXPECT_EQ(type_of(co_await at.hub.outcome_of("c")), "ValueError");
    EXPECT_EQ(message_of(co_await at.hub.outcome_of("e")), id); // what an errback gets
    EXPECT_EQ(at.hub.stored["b"].status, "FAILURE");
    co_await at.close();
}

SIMUL_TEST(Worker, TheLastPartOfAChordBeginsItsBody)
{
    workshop at;
    const json::value body = signature("tests.sum", {}, {{"task_id", "sum"}});
    co_await at.to.begin_join("g", 3);
    for (int i = 0; i < 3; ++i)
        at.send({.task = "tests.add", .group = "g", .group_index = i, .args = {i, 10}, .chord = body});
    EXPECT_EQ((co_await at.hub.outcome_of("sum")).result, json::value(33));
    co_await at.close();
}

SIMUL_TEST(Worker, AFailedPartFailsTheChord)
{
    workshop at;
    const json::value body = signature("tests.sum", {}, {{"task_id", "sum"}});
    co_await at.to.begin_join("g", 2);
    at.send({.task = "tests.add", .group = "g", .group_index = 0, .args = {1, 10}, .chord = body});
    at.send({.task = "tests.fail", .id = "bad", .group = "g", .group_index = 1, .args = {"no"}, .chord = body});
    const outcome done = co_await at.hub.outcome_of("sum");
    EXPECT_EQ(type_of(done), "ChordError");
    EXPECT_EQ(message_of(done), "Dependency bad raised ValueError('no')");
    co_await at.close();
}

SIMUL_TEST(Worker, AChainMayGoThroughAChord)
{
    workshop at;
    const json::value body = json::object{
        {"task", "celery.chain"},
        {"args", json::array()},
        {"kwargs", json::object{{"tasks", json::array{signature("tests.sum", {}, {{"task_id", "sum"}}),
                                                      signature("tests.add", {100}, {{"task_id", "end"}})}}}},
        {"options", json::object()},
        {"subtask_type", "chain"},
        {"immutable", false}};
    const json::value chord = json::object{
        {"task", "celery.chord"},
        {"args", json::array()},
        {"kwargs", json::object{{"header", json::array{signature("tests.add", {1}), signature("tests.add", {2})}},
                                {"body", body}}},
        {"options", json::object{{"task_id", "nobody's"}}},
        {"subtask_type", "chord"},
        {"immutable", false}};
    const outcome first = co_await at.run({.task = "tests.add", .args = {1, 1}, .chain = {chord}});
    EXPECT_EQ(json::dump(first.result), "2");
    EXPECT_EQ((co_await at.hub.outcome_of("end")).result,
              json::value(107)); // as Python sends it, which waits for this id
    co_await at.close();
}

// ---- what kills

SIMUL_TEST(Worker, DoesNotBeginWhatKillsWhoeverDoes)
{
    workshop at;
    at.hub.worn_out.insert("deadly");
    const outcome done = co_await at.run({.task = "tests.add", .id = "deadly", .args = {2, 3}});
    EXPECT_EQ(type_of(done), "WorkerLostError");
    co_await at.settle();
    CO_ASSERT_EQ(at.hub.dead.size(), 1u);
    EXPECT_NE(at.hub.dead[0].reason.find("whoever takes it dies"), std::string::npos);
    EXPECT_TRUE(at.hub.acknowledged.empty());
    co_await at.close();
}

// ---- its end

SIMUL_TEST(Worker, FinishesWhatRunsAndGivesBackWhatWaits)
{
    workshop at({.coroutines = 1});
    at.send({.task = "tests.later", .id = "running", .args = {1}});
    at.send({.task = "tests.later", .id = "waiting", .args = {2}});
    at.send({.task = "tests.add", .id = "early", .args = {2, 3}, .eta = std::chrono::system_clock::now() + 1h});
    co_await simul::sleep(1s);
    EXPECT_EQ(co_await elapsed(at.close()), 9s);
    EXPECT_EQ(at.hub.stored["running"].status, "SUCCESS");
    EXPECT_EQ(at.hub.stored.size(), 1u);
    CO_ASSERT_EQ(at.hub.queues["celery"].size(), 2u);
    EXPECT_TRUE(at.hub.queues["celery"].front().redelivered);
    EXPECT_EQ(at.by.held(), 0u);
}

SIMUL_TEST(Worker, AskedTwiceItGivesBackWhatRuns)
{
    workshop at;
    at.send({.task = "tests.later", .args = {1}});
    at.send({.task = "tests.spin"}); // for ever: virtual time stands still meanwhile
    co_await at.settle();
    at.worker.cancel();
    co_await at.settle();
    EXPECT_FALSE(at.worker.done());
    at.worker.cancel();
    const auto before = simul::now();
    bool cancelled = false;
    try {
        co_await std::move(at.worker);
    } catch (const simul::cancelled&) {
        cancelled = true;
    }
    EXPECT_TRUE(cancelled);
    EXPECT_EQ(simul::now() - before, 0s);
    EXPECT_EQ(at.hub.queues["celery"].size(), 2u);
    EXPECT_TRUE(at.hub.stored.empty());
}

SIMUL_TEST(Worker, WaitsNoLongerThanItsGrace)
{
    workshop at({.grace = 3s});
    at.send({.task = "tests.later", .args = {1}});
    co_await simul::sleep(1s);
    EXPECT_EQ(co_await elapsed(at.close()), 3s);
    EXPECT_EQ(at.hub.queues["celery"].size(), 1u);
}

SIMUL_TEST(Worker, IsIdleBetweenHeartbeats)
{
    workshop at;
    co_await simul::sleep(1min);
    std::size_t beats = 0;
    for (const auto& each : at.hub.events)
        beats += each.topic == "worker.heartbeat";
    EXPECT_NEAR(static_cast<double>(beats), 30, 1);
    co_await at.close();
}

} // namespace
