// SPDX-License-Identifier: MIT
#include "app_fixture.hpp"

#include <simul/cluster/app.hpp>
#include <simul/cluster/errors.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/this_task.hpp>
#include <simul/task/timeout.hpp>
#include <simul/testing/gtest.hpp>

#include <chrono>
#include <memory>
#include <numeric>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

namespace cluster_tests {
namespace {

using namespace std::chrono_literals;
using namespace simul::cluster::detail;
namespace cluster = simul::cluster;

using App = app_test;

SIMUL_TEST_F(App, GetsWhatAWorkerMadeOfIt)
{
    auto worker = simul::spawn(serve(hub));
    EXPECT_EQ(co_await app().submit(add_job, 2, 3), 5);
    EXPECT_EQ(co_await app().submit(add, 2, 4), 6);
    EXPECT_EQ(co_await app().submit(greet_job, "you"), "hello you");
    EXPECT_EQ(co_await app().submit<int>("app.add", 1, cluster::keyword("y", 2)), 3);
    co_await app().submit(nothing_job);
}

SIMUL_TEST_F(App, SaysToTheBrokerWhatItIsTold)
{
    const auto flight =
        app().submit({.queue = "slow", .priority = 3, .time_limit = 2s, .id = "7", .shadow = "sum"}, add_job, 1, 2);
    const request job = co_await sent("slow");
    EXPECT_EQ(job.task, "app.add");
    EXPECT_EQ(job.id, "7");
    EXPECT_EQ(job.root_id, "7");
    EXPECT_EQ(job.priority, 3);
    EXPECT_EQ(job.time_limit, 2.0);
    EXPECT_EQ(job.shadow, "sum");
    EXPECT_EQ(job.args, (json::array{1, 2}));
    EXPECT_EQ(hub->queues["slow"][0].content.correlation_id, "7");
}

SIMUL_TEST_F(App, SendsJobsThatDoNotSayWhereToItsQueue)
{
    options.queue = "images";
    const auto flight = app().submit(cluster::chain(cluster::call(add_job, 1, 2), cluster::call(twice_job)));
    const request first = co_await sent("images");
    EXPECT_EQ(first.chain.at(0)["options"]["queue"].string(), "images");
}

SIMUL_TEST_F(App, SaysWhichIdsWereGiven)
{
    const auto random = app().submit(add_job, 1, 2);
    const auto given = app().submit({.id = "7"}, add_job, 1, 2);
    EXPECT_FALSE((co_await sent("celery", 0)).once);
    EXPECT_TRUE((co_await sent("celery", 1)).once);
}

SIMUL_TEST_F(App, SendsAWholeAsItIsTold)
{
    const auto flight = app().submit({.queue = "slow", .priority = 3},
                                     cluster::chain(cluster::call(add_job, 1, 2), cluster::call(twice_job)));
    const request first = co_await sent("slow");
    EXPECT_EQ(first.priority, 3);
    EXPECT_EQ(first.chain.at(0)["options"]["queue"].string(), "slow");

    const auto all = app().map({.queue = "mapped"}, twice_job, std::vector<int>{1, 2, 3}, {.chunk = 1});
    co_await sent("mapped", 2);
    const auto published = app().publish({.queue = "out", .ignore_result = true},
                                         cluster::group(cluster::call(nothing_job), cluster::call(nothing_job)));
    EXPECT_TRUE((co_await sent("out", 1)).ignore_result);
}

SIMUL_TEST_F(App, PublishesABurstInOneWrite)
{
    auto worker = simul::spawn(serve(hub));
    co_await app().submit(nothing_job); // so that it is connected
    const int before = hub->writes;
    std::vector<simul::future<int>> all;
    for (int i = 0; i < 1000; ++i)
        all.push_back(app().submit(twice_job, i));
    for (int i = 0; i < 1000; ++i)
        EXPECT_EQ(co_await all[i], 2 * i);
    EXPECT_EQ(hub->writes, before + 1);
}

SIMUL_TEST_F(App, MapsInOrderAndInChunks)
{
    auto worker = simul::spawn(serve(hub));
    std::vector<int> numbers(100), doubled(100);
    std::iota(numbers.begin(), numbers.end(), 0);
    for (int i = 0; i < 100; ++i)
        doubled[i] = 2 * i;
    EXPECT_EQ(co_await app().map(twice_job, numbers, {.chunk = 7}), doubled);
    EXPECT_EQ(hub->acknowledged.size(), 15U);
    EXPECT_EQ(co_await app().map(twice, numbers), doubled);
    EXPECT_EQ(co_await app().map(twice_job, std::vector<int>()), std::vector<int>());
}

SIMUL_TEST_F(App, MapAsPythonWorkersServeIt)
{
    const auto flight = app().map(twice_job, std::vector<int>{1, 2, 3}, {.chunk = 2});
    const request chunk = co_await sent();
    EXPECT_EQ(chunk.task, "celery.map");
    EXPECT_TRUE(chunk.args.empty());
    EXPECT_EQ((*chunk.kwargs.find("task"))["task"].string(), "app.twice");
    EXPECT_EQ(*chunk.kwargs.find("it"), json::value(json::array{1, 2}));
}

/// Asks the same of any place that takes work.
task<int> sum_in(auto& place)
{
    simul::future<int> one = place.submit(twice, 20);
    const std::vector<int> all = co_await place.map(twice, std::vector<int>{1, 2, 3}, {.chunk = 2});
    co_return co_await one + all[2];
}

SIMUL_TEST_F(App, TakesWhatAPoolDoes)
{
    auto worker = simul::spawn(serve(hub));
    EXPECT_EQ(co_await sum_in(app()), 46);
}

// ---- cancelling

SIMUL_TEST_F(App, CallsACancelledJobBack)
{
    fake_broker worker(*hub);
    co_await worker.listen("w");
    auto flight = app().submit({.id = "7"}, add_job, 1, 2);
    co_await sent();
    EXPECT_TRUE(flight.cancel());
    const question asked = co_await worker.next_question();
    EXPECT_EQ(asked.body["method"].string(), "revoke");
    EXPECT_EQ(asked.body["arguments"]["task_id"], json::value("7"));
    EXPECT_EQ(asked.body["arguments"]["terminate"], json::value(true));
    EXPECT_TRUE(flight.cancelled());
    EXPECT_FALSE(flight.cancel());
}

SIMUL_TEST_F(App, CallsDroppedJobsBackTogether)
{
    fake_broker worker(*hub);
    co_await worker.listen("w");
    {
        const auto one = app().submit({.id = "1"}, add_job, 1, 2);
        const auto two = app().submit({.id = "2"}, add_job, 1, 2);
        co_await sent("celery", 1);
    }
    EXPECT_EQ((co_await worker.next_question()).body["arguments"]["task_id"], json::value(json::array{"2", "1"}));
}

SIMUL_TEST_F(App, LetsDetachedJobsGoOn)
{
    fake_broker worker(*hub);
    co_await worker.listen("w");
    app().submit({.id = "1"}, add_job, 1, 2).detach();
    const request job = co_await sent();
    co_await app().close();
    EXPECT_EQ(co_await simul::move_on_after(1s, worker.next_question()), std::nullopt);
}

SIMUL_TEST_F(App, NeverPublishesWhatWasCancelledBefore)
{
    auto flight = app().submit(add_job, 1, 2);
    flight.cancel();
    co_await simul::sleep(1s);
    EXPECT_TRUE(flight.cancelled());
    EXPECT_TRUE(hub->queues["celery"].empty());
}

SIMUL_TEST_F(App, CancelsTheJobOfATaskThatIsCancelledWhileItWaits)
{
    auto waiting = simul::spawn([this]() -> task<> { co_await app().submit({.id = "7"}, add_job, 1, 2); });
    fake_broker worker(*hub);
    co_await worker.listen("w");
    co_await sent();
    waiting.cancel();
    EXPECT_EQ((co_await worker.next_question()).body["arguments"]["task_id"], json::value("7"));
    co_await simul::sleep(1s);
    EXPECT_TRUE(waiting.cancelled());
}

SIMUL_TEST_F(App, ResultAndCancelMayComeInAnyOrder)
{
    // Both in one turn of the app's loop; whichever is first counts.
    for (const bool cancelled_first : {false, true}) {
        auto flight = app().submit(add_job, 1, 2);
        const request job = co_await sent();
        hub->queues["celery"].clear();
        if (cancelled_first)
            flight.cancel();
        co_await tell(job, succeeded(job, 3));
        if (!cancelled_first)
            flight.cancel();
        co_await simul::sleep(1s);
        EXPECT_TRUE(flight.done());
        if (!flight.cancelled()) {
            EXPECT_EQ(co_await flight, 3);
        }
    }
}

SIMUL_TEST_F(App, FirstErrorOfAMapCallsTheRestBack)
{
    fake_broker worker(*hub);
    co_await worker.listen("w");
    auto flight = app().map(twice_job, std::vector<int>{1, 2, 3}, {.chunk = 1});
    const request second = co_await sent("celery", 1);
    const request third = co_await sent("celery", 2);
    co_await tell(second, failed(second, std::make_exception_ptr(std::invalid_argument("odd"))));
    EXPECT_EQ(co_await error_from<std::invalid_argument>(std::move(flight)), "odd");
    const question asked = co_await worker.next_question();
    EXPECT_EQ(asked.body["arguments"]["task_id"].size(), 2U);
    EXPECT_EQ(asked.body["arguments"]["task_id"][1], json::value(third.id));
}

// ---- workflows

SIMUL_TEST_F(App, ChainEndsWhereItsFirstErrorIs)
{
    auto flight = app().submit(cluster::chain(cluster::call(add_job, 1, 2), cluster::call({.id = "last"}, twice_job)));
    const request first = co_await sent();
    co_await tell(first, failed(first, std::make_exception_ptr(std::out_of_range("no"))));
    EXPECT_EQ(co_await error_from<std::out_of_range>(std::move(flight)), "no");
}

SIMUL_TEST_F(App, ChainGivesTheResultOfItsLastStep)
{
    auto flight = app().submit(cluster::chain(cluster::call(add_job, 1, 2), cluster::call({.id = "last"}, twice_job)));
    const request first = co_await sent();
    co_await tell(first, succeeded(first, 3));
    request last = first;
    last.id = "last";
    co_await tell(last, succeeded(last, 6));
    EXPECT_EQ(co_await flight, 6);
}

SIMUL_TEST_F(App, GroupGivesTheResultsOfItsPartsInTheirOrder)
{
    auto flight = app().submit(cluster::group(cluster::call(add_job, 1, 2), cluster::call(greet_job, "you")));
    const request one = co_await sent("celery", 0), two = co_await sent("celery", 1);
    co_await tell(two, succeeded(two, "hello"));
    co_await tell(one, succeeded(one, 3));
    EXPECT_EQ(co_await flight, std::tuple(3, std::string("hello")));
}

SIMUL_TEST_F(App, TwoPartsOfOneIdHaveOneResult)
{
    auto flight = app().submit(
        cluster::group(cluster::call({.id = "7"}, add_job, 1, 2), cluster::call({.id = "7"}, add_job, 1, 2)));
    const request job = co_await sent();
    co_await tell(job, succeeded(job, 3));
    EXPECT_EQ(co_await flight, std::tuple(3, 3));
}

SIMUL_TEST_F(App, ChordIsBegunBeforeItsPartsArePublished)
{
    auto flight =
        app().submit(cluster::chord(cluster::group(cluster::call(add_job, 1, 2), cluster::call(add_job, 3, 4)),
                                    cluster::call<int>({.id = "sum"}, "app.total")));
    const request part = co_await sent("celery", 1);
    EXPECT_EQ(hub->joins.at(part.group).parts, 2U);
    request body = part;
    body.id = "sum";
    co_await tell(body, succeeded(body, 10));
    EXPECT_EQ(co_await flight, 10);
}

// ---- errors

SIMUL_TEST_F(App, GivesWhatAWorkerThrewAsTheTypeThatItWas)
{
    auto worker = simul::spawn(serve(hub));
    EXPECT_NE((co_await error_from<cluster::argument_error>(app().submit<int>("app.add", 1, "two"))).find("'y'"),
              std::string::npos);
    EXPECT_NE((co_await error_from<cluster::unknown_job>(app().submit<int>("tests.gone"))).find("tests.gone"),
              std::string::npos);
}

SIMUL_TEST_F(App, SaysWhatOfAResultDoesNotFit)
{
    auto worker = simul::spawn(serve(hub));
    EXPECT_EQ(
        co_await error_from<simul::error>(app().submit<std::string>("app.add", 1, 2)),
        "cluster: app.add: the result is another than was asked for: JSON: $: expected a string, got the number 3");
}

SIMUL_TEST_F(App, RefusesWhatIsTooLarge)
{
    options.max_payload = 1000;
    const std::string why = co_await error_from<simul::limit_exceeded>(app().submit(greet_job, std::string(1000, 'x')));
    EXPECT_TRUE(why.starts_with("cluster fake://memory/0: app.greet: its arguments are 10")) << why;
    EXPECT_TRUE(hub->queues["celery"].empty());
}

SIMUL_TEST_F(App, RefusesToSubmitWhatHasNoResult)
{
    EXPECT_THROW(static_cast<void>(app().submit({.ignore_result = true}, add_job, 1, 2)), simul::error);
    EXPECT_THROW(static_cast<void>(app().submit({.ignore_result = true}, cluster::call(add_job, 1, 2))), simul::error);
    EXPECT_THROW(static_cast<void>(app().map({.ignore_result = true}, twice_job, std::vector{1, 2})), simul::error);
    co_return;
}

TEST(AppUrl, IsOfABroker)
{
    EXPECT_THROW(cluster::app("http://localhost"), simul::error);
    const cluster::app never_used("redis://localhost:1");
    const cluster::app as_celery_calls_it("pyamqp://localhost:1");
    EXPECT_EQ(results_beside("pyamqp://localhost", ""), "rpc://");
    EXPECT_EQ(results_beside("redis://localhost", ""), "redis://localhost");
    EXPECT_EQ(results_beside("amqp://localhost", "none"), "none");
}

// ---- results of others, progress, the end

SIMUL_TEST_F(App, FindsTheResultOfAJobOfSomebodyElse)
{
    request job{.task = "x", .id = "7"};
    co_await tell(job, succeeded(job, 42));
    EXPECT_EQ(co_await app().result<int>("7"), 42);
    auto later = app().result<int>("8");
    auto also = app().result<int>("8");
    co_await simul::sleep(1s);
    EXPECT_FALSE(later.done());
    job.id = "8";
    co_await tell(job, succeeded(job, 43));
    EXPECT_EQ(co_await later, 43);
    EXPECT_EQ(co_await also, 43);
}

SIMUL_TEST_F(App, TellsHowFarAJobIs)
{
    std::vector<std::string> told;
    auto flight = app().submit(
        {.on_progress = [&](const cluster::progress& p) { told.push_back(p.state + json::dump(p.value)); }}, add_job, 1,
        2);
    const request job = co_await sent();
    co_await tell(job, {.id = job.id, .status = "PROGRESS", .result = 1});
    co_await tell(job, {.id = job.id, .status = "PROGRESS", .result = 2});
    co_await tell(job, succeeded(job, 3));
    EXPECT_EQ(co_await flight, 3);
    EXPECT_EQ(told, (std::vector<std::string>{"PROGRESS1", "PROGRESS2"}));
}

SIMUL_TEST_F(App, CallsBackAnyJobById)
{
    fake_broker worker(*hub);
    co_await worker.listen("w");
    co_await app().revoke("7");
    EXPECT_EQ((co_await worker.next_question()).body["arguments"]["task_id"], json::value("7"));
}

SIMUL_TEST_F(App, PublishesWhatItHasBeforeItCloses)
{
    hub->reachable = false;
    auto flight = app().submit(add_job, 1, 2);
    auto closed = app().close();
    co_await simul::sleep(1s);
    EXPECT_FALSE(closed.done());
    EXPECT_THROW(static_cast<void>(app().submit(add_job, 1, 2)), simul::closed_error);
    hub->reachable = true;
    hub->wake();
    co_await closed;
    EXPECT_EQ(hub->queues["celery"].size(), 1U);
    EXPECT_NE(co_await error_from<simul::closed_error>(std::move(flight)), "");
}

SIMUL_TEST_F(App, ClosesAlsoWhenItWasNeverUsed)
{
    co_await app().close();
    co_await app().close();
}

// ---- threads

TEST_F(App, IsUsedByThreadsOutsideOfLoops)
{
    app_parts parts = parts_in(hub);
    parts.on_this_loop = false;
    parts.connect = [hub = hub]() -> task<std::unique_ptr<broker>> { // on the loop where all of it happens
        simul::spawn(serve(hub)).detach();
        co_return std::make_unique<fake_broker>(*hub);
    };
    {
        cluster::app shared("fake://memory/0", {}, std::move(parts));
        std::vector<std::thread> threads;
        for (int t = 0; t < 4; ++t)
            threads.emplace_back([&shared, t] {
                std::vector<simul::future<int>> all;
                for (int i = 0; i < 100; ++i)
                    all.push_back(shared.submit(add, t, i));
                all[50].cancel(); // before or after it was done
                for (int i = 0; i < 100; ++i) {
                    if (i != 50) {
                        EXPECT_EQ(all[i].result(), t + i);
                    }
                }
                shared.submit(add, 1, 1).detach();
            });
        for (std::thread& each : threads)
            each.join();
    }
    EXPECT_GE(hub->acknowledged.size(), 396U);
}

} // namespace
} // namespace cluster_tests
