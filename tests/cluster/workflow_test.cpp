// SPDX-License-Identifier: MIT
#include "captures.hpp"
#include "described_jobs.hpp"

#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace cluster_tests {
namespace {

using Workflow = described_jobs;

/// The message, as it was captured, without what depends on the client.
json::value without_clients(json::value body)
{
    if (body.kind() == json::kind::array)
        for (json::value& each : body.elements())
            each = without_clients(std::move(each));
    if (body.kind() == json::kind::object) {
        body.members().erase("reply_to");
        for (json::member& each : body.members())
            each.value = without_clients(std::move(each.value));
    }
    return body;
}
json::value body_of(const request& job)
{
    return without_clients(json::parse(write_request(job).body));
}
json::value captured_body(std::string_view name)
{
    return without_clients(json::parse(captured_task(name).body));
}

TEST_F(Workflow, ChainIsAsPythonsIs)
{
    auto made = cluster::chain(cluster::call({.id = "c9fb95d2-3525-40e1-8d41-9f7b3d5c7f51"}, add_job, 2, 2),
                               cluster::call({.id = "a529035b-7f7f-47f9-ba38-7a1828286cb9"}, add_job, 4),
                               cluster::call({.id = "fe82b69c-1418-4eb0-adec-27e0b7f0f1d1"}, add_job, 8));
    static_assert(std::is_same_v<decltype(made)::result, int>);
    const expansion all = begun(std::move(made));
    ASSERT_EQ(all.jobs.size(), 1U);
    EXPECT_EQ(all.jobs[0].job.id, "c9fb95d2-3525-40e1-8d41-9f7b3d5c7f51");
    EXPECT_EQ(all.ends, (std::vector<std::string>{"fe82b69c-1418-4eb0-adec-27e0b7f0f1d1"}));
    EXPECT_EQ(body_of(all.jobs[0].job), captured_body("chain"));
}

TEST_F(Workflow, GroupHasAResultOfEachPart)
{
    std::vector<decltype(cluster::call(add_job, 1, 1))> calls;
    for (int i = 0; i < 3; ++i)
        calls.push_back(cluster::call(add_job, i, i));
    auto made = cluster::group(calls);
    static_assert(std::is_same_v<decltype(made)::result, std::vector<int>>);
    const expansion all = begun(std::move(made));
    ASSERT_EQ(all.jobs.size(), 3U);
    ASSERT_EQ(all.ends.size(), 3U);
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(all.jobs[i].job.id, all.ends[i]);
        EXPECT_EQ(all.jobs[i].job.group, all.id);
        EXPECT_EQ(all.jobs[i].job.group_index, std::nullopt);
        EXPECT_EQ(all.jobs[i].job.args, (json::array{i, i}));
    }
}

TEST_F(Workflow, GroupOfDifferentJobsIsATupleWithoutTheVoidOnes)
{
    auto made = cluster::group(cluster::call(add_job, 1, 1), cluster::call(complain_job, "x"),
                               cluster::call(scale_job, "cat.png", 2.0));
    static_assert(std::is_same_v<decltype(made)::result, std::tuple<int, std::string>>);
    EXPECT_EQ(begun(std::move(made)).ends.size(), 3U);
}

TEST_F(Workflow, GroupOfChainsEndsWithTheirLastSteps)
{
    const expansion all =
        begun(cluster::group(cluster::chain(cluster::call(add_job, 1, 1), cluster::call({.id = "end"}, add_job, 2)),
                             cluster::call(add_job, 3, 3)));
    ASSERT_EQ(all.jobs.size(), 2U);
    EXPECT_EQ(all.ends[0], "end");
    EXPECT_EQ(all.ends[1], all.jobs[1].job.id);
}

TEST_F(Workflow, ChordIsAsPythonsIs)
{
    std::vector<decltype(cluster::call(add_job, 1, 1))> calls;
    for (int i = 0; i < 3; ++i)
        calls.push_back(cluster::call(add_job, i, i));
    auto made = cluster::chord(cluster::group(std::move(calls)),
                               cluster::call({.id = "190aba3f-6e3a-417c-be0f-ce42e54a149f"}, total_job));
    static_assert(std::is_same_v<decltype(made)::result, int>);
    const expansion all = begun(std::move(made));
    ASSERT_EQ(all.jobs.size(), 3U);
    ASSERT_EQ(all.joins.size(), 1U);
    EXPECT_EQ(all.joins[0].parts, 3U);
    EXPECT_EQ(all.ends, (std::vector<std::string>{"190aba3f-6e3a-417c-be0f-ce42e54a149f"}));
    EXPECT_EQ(all.jobs[2].job.group_index, 2);
    json::value body = body_of(all.jobs[0].job);
    body[2]["chord"]["options"].members().erase("chord_size");
    EXPECT_EQ(body, captured_body("chord_part"));
}

TEST_F(Workflow, StepAfterAGroupIsAChord)
{
    auto made = cluster::chain(cluster::group(cluster::call(add_job, 1, 1), cluster::call(add_job, 2, 2)),
                               cluster::call<int>("tasks.xsum"), cluster::call(add_job, 5));
    const expansion all = begun(std::move(made));
    EXPECT_EQ(all.jobs.size(), 2U);
    EXPECT_EQ(all.joins.size(), 1U);
    EXPECT_EQ(all.jobs[0].job.chord["task"].string(), "tasks.xsum");
}

TEST_F(Workflow, CallbacksAreAsPythonsAre)
{
    const expansion all =
        begun(cluster::call(add_job, 1, 2).link(cluster::call(add_job, 10)).on_error(cluster::call(complain_job)));
    EXPECT_EQ(body_of(all.jobs[0].job), captured_body("callbacks"));
}

TEST_F(Workflow, ErrorsOfEachStepAreTold)
{
    const expansion all = begun(
        cluster::chain(cluster::call(add_job, 1, 2), cluster::call(add_job, 3)).on_error(cluster::call(complain_job)));
    ASSERT_EQ(all.jobs.size(), 1U);
    EXPECT_EQ(all.jobs[0].job.errbacks.size(), 1U);
    EXPECT_EQ(all.jobs[0].job.chain.at(0)["options"]["link_error"].size(), 1U);
}

TEST_F(Workflow, ImmutableStepTakesNothing)
{
    const expansion all = begun(cluster::chain(cluster::call(add_job, 1, 2), cluster::call(add_job, 3, 4).immutable()));
    EXPECT_TRUE(all.jobs[0].job.chain.at(0)["immutable"].as<bool>());
    EXPECT_EQ(all.jobs[0].job.chain.at(0)["args"], json::value(json::array{3, 4}));
}

} // namespace
} // namespace cluster_tests
