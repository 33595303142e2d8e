// SPDX-License-Identifier: MIT
#include "captures.hpp"

#include "cluster/signature.hpp"

#include <simul/base/error.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <string>
#include <string_view>

namespace {

using namespace simul::cluster::detail;
using namespace std::chrono_literals;
namespace json = simul::json;

json::value step(std::string_view task, json::array args = {}, json::object options = {}, bool immutable = false)
{
    return make_signature(task, std::move(args), {}, std::move(options), immutable);
}

/// What a worker begins when `done` has returned `result`: the next step of its chain.
expansion next_of(const request& done, const json::value& result)
{
    json::value next = done.chain.back();
    json::array rest(done.chain.begin(), done.chain.end() - 1);
    next["options"]["chain"] = rest;
    return expand(next, {.id = done.id, .root_id = done.root_id}, {result});
}

TEST(Signature, IsAJob)
{
    const expansion made =
        expand(make_signature("tasks.add", {2}, {{"y", 5}},
                              {{"task_id", "7"}, {"queue", "fast"}, {"priority", 3}, {"countdown", 10}}),
               {.reply_to = "me"});
    ASSERT_EQ(made.jobs.size(), 1U);
    const request& job = made.jobs[0].job;
    EXPECT_EQ(made.id, "7");
    EXPECT_EQ(job.id, "7");
    EXPECT_EQ(job.root_id, "7");
    EXPECT_EQ(job.parent_id, "");
    EXPECT_EQ(job.task, "tasks.add");
    EXPECT_EQ(job.args, (json::array{2}));
    EXPECT_EQ(job.kwargs, (json::object{{"y", 5}}));
    EXPECT_EQ(job.priority, 3);
    EXPECT_EQ(job.reply_to, "me");
    EXPECT_EQ(made.jobs[0].queue, "fast");
    const auto wait = job.eta.value() - std::chrono::system_clock::now();
    EXPECT_GT(wait, 5s);
    EXPECT_LE(wait, 10s);
}

TEST(Signature, GetsTheResultBeforeItsOwnArgumentsUnlessImmutable)
{
    const beginner parent{.id = "p", .root_id = "r"};
    const request job = expand(step("f", {8}), parent, {4}).jobs[0].job;
    EXPECT_EQ(job.args, (json::array{4, 8}));
    EXPECT_EQ(job.parent_id, "p");
    EXPECT_EQ(job.root_id, "r");
    EXPECT_EQ(expand(step("f", {8}, {}, true), parent, {4}).jobs[0].job.args, (json::array{8}));
}

TEST(Signature, OfAPythonChainIsBegunStepByStep)
{
    request done = read_request(cluster_tests::captured_task("chain"));
    const expansion second = next_of(done, 4);
    ASSERT_EQ(second.jobs.size(), 1U);
    EXPECT_EQ(second.id, "a529035b-7f7f-47f9-ba38-7a1828286cb9");
    EXPECT_EQ(second.jobs[0].job.args, (json::array{4, 4}));
    const expansion third = next_of(second.jobs[0].job, 8);
    EXPECT_EQ(third.id, "fe82b69c-1418-4eb0-adec-27e0b7f0f1d1");
    EXPECT_EQ(third.jobs[0].job.args, (json::array{8, 8}));
    EXPECT_EQ(third.jobs[0].job.parent_id, second.id);
    EXPECT_EQ(third.jobs[0].job.root_id, done.id);
    EXPECT_TRUE(third.jobs[0].job.chain.empty());
}

TEST(Chain, CarriesItsStepsTheLastFirst)
{
    const expansion made = expand(make_chain({step("a", {1}), make_chain({step("b"), step("c")}), step("d")}), {});
    ASSERT_EQ(made.jobs.size(), 1U);
    const request& first = made.jobs[0].job;
    EXPECT_EQ(first.task, "a");
    ASSERT_EQ(first.chain.size(), 3U);
    EXPECT_EQ(first.chain[0]["task"].string(), "d");
    EXPECT_EQ(first.chain[1]["task"].string(), "c");
    EXPECT_EQ(first.chain[2]["task"].string(), "b");
    EXPECT_EQ(first.chain[0]["options"]["task_id"].string(), made.id);
    EXPECT_NE(first.id, made.id);
}

TEST(Chain, OptionsAreThoseOfItsEnd)
{
    const json::array link{step("after")};
    const expansion made = expand(make_chain({step("a"), step("b")}, {{"task_id", "end"}, {"link", link}}), {});
    EXPECT_EQ(made.id, "end");
    EXPECT_TRUE(made.jobs[0].job.callbacks.empty());
    const json::value& last = made.jobs[0].job.chain[0];
    EXPECT_EQ(last["options"]["task_id"].string(), "end");
    EXPECT_EQ(last["options"]["link"], json::value(link));
}

TEST(Group, IsAllAtOnce)
{
    const expansion made = expand(make_group({step("a"), step("b"), step("c")}), {}, {9});
    ASSERT_EQ(made.jobs.size(), 3U);
    std::set<std::string> ids;
    for (const auto& each : made.jobs) {
        EXPECT_EQ(each.job.group, made.id);
        EXPECT_FALSE(each.job.group_index);
        EXPECT_EQ(each.job.args, (json::array{9}));
        ids.insert(each.job.id);
    }
    EXPECT_EQ(ids.size(), 3U);
    EXPECT_TRUE(made.joins.empty());
}

TEST(Chord, PartsCarryTheBody)
{
    const expansion made = expand(make_chord({step("a"), step("b")}, step("sum")), {});
    ASSERT_EQ(made.jobs.size(), 2U);
    ASSERT_EQ(made.joins.size(), 1U);
    EXPECT_EQ(made.joins[0].parts, 2U);
    for (std::size_t i = 0; i < 2; ++i) {
        const request& part = made.jobs[i].job;
        EXPECT_EQ(part.group, made.joins[0].group);
        EXPECT_EQ(part.group_index, static_cast<std::int64_t>(i));
        EXPECT_EQ(part.chord["task"].string(), "sum");
        EXPECT_EQ(part.chord["options"]["task_id"].string(), made.id);
    }
}

TEST(Chord, PartThatIsAChainEndsWithItsLastStep)
{
    const expansion made = expand(make_chord({make_chain({step("a"), step("b")}), step("c")}, step("sum")), {});
    ASSERT_EQ(made.jobs.size(), 2U);
    EXPECT_TRUE(made.jobs[0].job.chord.is_null());
    const json::value& last = made.jobs[0].job.chain[0];
    EXPECT_EQ(last["options"]["chord"]["task"].string(), "sum");
    EXPECT_EQ(last["options"]["group_id"].string(), made.joins[0].group);
    EXPECT_EQ(last["options"]["group_index"], json::value(0));
}

TEST(Chord, OfNothingIsItsBodyWithNothing)
{
    const expansion made = expand(make_chord({}, step("sum")), {});
    ASSERT_EQ(made.jobs.size(), 1U);
    EXPECT_EQ(made.jobs[0].job.task, "sum");
    EXPECT_EQ(made.jobs[0].job.args, (json::array{json::value(json::array())}));
    EXPECT_TRUE(made.joins.empty());
}

TEST(Chain, StepAfterAGroupWaitsForAllOfIt)
{
    const expansion made = expand(make_chain({make_group({step("a"), step("b")}), step("sum"), step("show")}), {});
    ASSERT_EQ(made.jobs.size(), 2U);
    const json::value& body = made.jobs[0].job.chord;
    EXPECT_EQ(body["task"].string(), "sum");
    ASSERT_EQ(body["options"]["chain"].size(), 1U);
    EXPECT_EQ(body["options"]["chain"][0]["task"].string(), "show");
    EXPECT_EQ(body["options"]["chain"][0]["options"]["task_id"].string(), made.id);
}

TEST(Chain, MayEndInAGroup)
{
    const expansion made = expand(make_chain({step("a"), make_group({step("b"), step("c")})}), {});
    ASSERT_EQ(made.jobs.size(), 1U);
    const expansion after = next_of(made.jobs[0].job, 5);
    ASSERT_EQ(after.jobs.size(), 2U);
    EXPECT_EQ(after.id, made.id);
    EXPECT_EQ(after.jobs[1].job.args, (json::array{5}));
}

TEST(Signature, RefusesWhatIsNone)
{
    const auto refused = [](json::value bad) { EXPECT_THROW(expand(bad, {}), simul::error) << json::dump(bad); };
    refused(3);
    refused(json::object{});
    refused(json::object{{"task", 3}});
    refused(make_chain({}));
    refused(make_chain({json::value(3)}));
    refused(step("a", {}, {{"link", 3}}));
    refused(step("a", {}, {{"eta", "tomorrow"}}));
    refused(make_chord({step("a")}, nullptr));
    json::value deep = step("a");
    for (int i = 0; i < 200; ++i)
        deep = make_group({deep});
    refused(deep);
}

} // namespace
