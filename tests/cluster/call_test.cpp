// SPDX-License-Identifier: MIT
#include "described_jobs.hpp"

#include "cluster/signature_nodes.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace cluster_tests {
namespace {

using namespace std::chrono_literals;
using Call = described_jobs;

TEST_F(Call, ConvertsItsArgumentsToWhatTheFunctionTakes)
{
    const json::value made = signature_of(cluster::call(scale_job, "cat.png", 2, 90));
    EXPECT_EQ(made["task"].string(), "images.scale");
    EXPECT_EQ(made["args"], json::value(json::array{"cat.png", 2.0, 90}));
}

TEST_F(Call, TakesKeywords)
{
    const json::value made = signature_of(cluster::call(scale_job, "cat.png", cluster::keyword("factor", 2.5)));
    EXPECT_EQ(made["args"], json::value(json::array{"cat.png"}));
    EXPECT_EQ(made["kwargs"], json::value(json::object{{"factor", 2.5}}));
}

TEST_F(Call, RefusesKeywordsThatTheJobDoesNotTake)
{
    const auto message = [](auto make) {
        try {
            make();
        } catch (const cluster::argument_error& e) {
            return std::string(e.what());
        }
        return std::string();
    };
    EXPECT_EQ(message([this] { static_cast<void>(cluster::call(add_job, 1, cluster::keyword("z", 2))); }),
              "tasks.add() has no parameter 'z'");
    EXPECT_EQ(message([this] { static_cast<void>(cluster::call(add_job, 1, cluster::keyword("x", 2))); }),
              "tasks.add() got two values for 'x'");
}

TEST_F(Call, OfAFunctionIsOneOfItsJob)
{
    EXPECT_EQ(signature_of(cluster::call(sum_of_two, 1, 2)), signature_of(cluster::call(add_job, 1, 2)));
    EXPECT_EQ(signature_of(cluster::call(&sum_of_two, 1, 2)), signature_of(cluster::call(add_job, 1, 2)));
}

int nobodys(int n)
{
    return n;
}

TEST_F(Call, OfAFunctionThatIsNoJobSaysWhatToDo)
{
    try {
        static_cast<void>(cluster::call(nobodys, 1));
        ADD_FAILURE();
    } catch (const simul::error& e) {
        EXPECT_NE(std::string(e.what()).find("is no job"), std::string::npos) << e.what();
    }
}

TEST_F(Call, ByNameKnowsNothingOfTheJob)
{
    const json::value made = signature_of(
        cluster::call<double>("tasks.anything", 1, "two", std::string("three"), cluster::keyword("four", "4")));
    EXPECT_EQ(made["args"], json::value(json::array{1, "two", "three"}));
    EXPECT_EQ(made["kwargs"], json::value(json::object{{"four", "4"}}));
}

TEST_F(Call, SaysItsOptionsAsCeleryDoes)
{
    const json::value made = signature_of(cluster::call({.queue = "slow",
                                                         .countdown = 10s,
                                                         .expires = 1min,
                                                         .priority = 3,
                                                         .time_limit = 1500ms,
                                                         .soft_time_limit = 1s,
                                                         .ignore_result = true,
                                                         .id = "7",
                                                         .shadow = "myadd"},
                                                        add_job, 1, 2));
    EXPECT_EQ(made["options"], json::value(json::object{{"task_id", "7"},
                                                        {"queue", "slow"},
                                                        {"countdown", 10.0},
                                                        {"expires", 60.0},
                                                        {"priority", 3},
                                                        {"time_limit", 1.5},
                                                        {"soft_time_limit", 1.0},
                                                        {"ignore_result", true},
                                                        {"shadow", "myadd"}}));
}

// ---- options for the whole

std::vector<json::object> options_of_jobs(json::value signature)
{
    std::vector<json::object> all;
    for (const json::value* const job : jobs_of(signature))
        all.push_back((*job)["options"].members());
    return all;
}

TEST_F(Call, OptionsOfAChainAreThoseOfEachStepThatDoesNotSaySoItself)
{
    const auto all = options_of_jobs(signature_of(
        cluster::chain(cluster::call(add_job, 1, 2), cluster::call({.queue = "gpu", .priority = 1}, add_job, 3))
            .with({.queue = "slow", .countdown = 10s, .priority = 7, .time_limit = 2s, .id = "end"})));
    EXPECT_EQ(all.at(0), (json::object{{"queue", "slow"}, {"countdown", 10.0}, {"priority", 7}, {"time_limit", 2.0}}));
    EXPECT_EQ(all.at(1), (json::object{{"queue", "gpu"}, {"priority", 1}, {"task_id", "end"}, {"time_limit", 2.0}}));
}

TEST_F(Call, OptionsOfAChordAreThoseOfItsPartsAndOfItsBody)
{
    const auto parts = [this] {
        return cluster::group(std::vector{cluster::call(add_job, 1, 2), cluster::call(add_job, 3, 4)});
    };
    const json::value made = signature_of(
        cluster::chord(parts(), cluster::call(total_job)).with({.queue = "slow", .countdown = 1s, .id = "sum"}));
    const auto all = options_of_jobs(made);
    const json::object of_part{{"queue", "slow"}, {"countdown", 1.0}};
    EXPECT_EQ(all, (std::vector<json::object>{of_part, of_part, {{"queue", "slow"}, {"task_id", "sum"}}}));
    EXPECT_EQ(expand(made, {}).ends, std::vector<std::string>{"sum"});
}

TEST_F(Call, OptionsDoNotTouchArguments)
{
    const auto argument = [](const char* name) { return cluster::keyword(name, std::vector<int>{1}); };
    auto made = cluster::call<int>("mails.send", argument("body"), argument("tasks"), argument("header"));
    const json::value before = signature_of(made);
    const json::value after = signature_of(std::move(made).with({.queue = "slow", .countdown = 1s, .id = "7"}));
    EXPECT_EQ(after["kwargs"], before["kwargs"]);
    EXPECT_EQ(after["options"], json::value(json::object{{"queue", "slow"}, {"countdown", 1.0}, {"task_id", "7"}}));
}

TEST_F(Call, OptionsOfAGroupNameItAndNotItsParts)
{
    const json::value made =
        signature_of(cluster::group(cluster::call({.countdown = 5s}, add_job, 1, 2), cluster::call(add_job, 3, 4))
                         .with({.countdown = 1s, .id = "all"}));
    EXPECT_EQ(options_of_jobs(made), (std::vector<json::object>{{{"countdown", 5.0}}, {{"countdown", 1.0}}}));
    EXPECT_EQ(expand(made, {}).id, "all");
}

TEST_F(Call, WhatExpiresAsAWholeDoesSoAtOneTime)
{
    const auto all = options_of_jobs(
        signature_of(cluster::chain(cluster::call(add_job, 1, 2), cluster::call({.expires = 1s}, add_job, 3))
                         .with({.expires = 1min})));
    const auto left = read_time(all.at(0).find("expires")->string()) - std::chrono::system_clock::now();
    EXPECT_GT(left, 30s);
    EXPECT_LE(left, 1min);
    EXPECT_EQ(all.at(1), (json::object{{"expires", 1.0}})); // its own, from when it is sent
}

TEST_F(Call, WhoWantsToKnowHowFarAWholeIsHearsOfAllItsJobs)
{
    described made = cluster::chain(cluster::call(add_job, 1, 2), cluster::call({.id = "last"}, add_job, 3))
                         .with({.on_progress = [](const cluster::progress&) {}})
                         .take();
    ASSERT_EQ(made.listeners.size(), 2U);
    EXPECT_EQ(made.listeners[0].id, options_of_jobs(made.signature)[0].find("task_id")->string());
    EXPECT_EQ(made.listeners[1].id, "last");
}

} // namespace
} // namespace cluster_tests
