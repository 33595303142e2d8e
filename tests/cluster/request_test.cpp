// SPDX-License-Identifier: MIT
#include "captures.hpp"

#include "cluster/request.hpp"

#include <simul/base/error.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <string>
#include <string_view>

namespace {

using namespace simul::cluster::detail;
using namespace std::chrono_literals;
using cluster_tests::captured_task;
namespace json = simul::json;

/// Why it is refused; empty when it isn't.
std::string refusal(const message& bad)
{
    try {
        read_request(bad);
        return {};
    } catch (const simul::error& e) {
        return e.what();
    }
}

TEST(Request, IsReadAsCelerySentIt)
{
    const request add = read_request(captured_task("add"));
    EXPECT_EQ(add.task, "tasks.add");
    EXPECT_EQ(add.id, "f2c8cb47-0d5f-47a8-acfe-3f38858528d2");
    EXPECT_EQ(add.root_id, add.id);
    EXPECT_EQ(add.parent_id, "");
    EXPECT_EQ(add.args, (json::array{2, 3}));
    EXPECT_TRUE(add.kwargs.empty());
    EXPECT_EQ(add.reply_to, "23eaf94f-a09e-3654-ae52-2c45b5ade0fd");
    EXPECT_EQ(add.args_text, "(2, 3)");
    EXPECT_EQ(add.retries, 0U);
    EXPECT_FALSE(add.eta || add.expires || add.time_limit || add.ignore_result);
    EXPECT_TRUE(add.chain.empty() && add.callbacks.empty() && add.errbacks.empty() && add.chord.is_null());

    EXPECT_EQ(read_request(captured_task("kwargs")).kwargs, (json::object{{"y", 5}}));
}

TEST(Request, KnowsTimesLimitsAndPriority)
{
    const request timed = read_request(captured_task("eta_expires_priority"));
    EXPECT_EQ(timed.shown_name(), "myadd");
    EXPECT_EQ(write_time(timed.eta.value()), "2026-11-21T01:57:46.956262");
    EXPECT_EQ(*timed.expires - *timed.eta, 29s);
    EXPECT_EQ(timed.time_limit, 10.0); // it comes first, whatever the documents say
    EXPECT_EQ(timed.soft_time_limit, 5.0);
    EXPECT_EQ(timed.priority, 3);
}

TEST(Request, KnowsWhatComesAfterIt)
{
    EXPECT_EQ(read_request(captured_task("chain")).chain.size(), 2U);
    const request part = read_request(captured_task("chord_part"));
    EXPECT_EQ(part.group_index, 0);
    EXPECT_EQ(part.chord["task"].string(), "tasks.xsum");
    const request called = read_request(captured_task("callbacks"));
    EXPECT_EQ(called.callbacks.size(), 1U);
    EXPECT_EQ(called.errbacks.size(), 1U);
    EXPECT_EQ(read_request(captured_task("retry")).retries, 1U);
}

TEST(Request, IsWrittenAsCeleryDoes)
{
    for (const std::string_view name : {"add", "kwargs", "retry", "chain", "chord_part", "callbacks"}) {
        SCOPED_TRACE(name);
        const message original = captured_task(name);
        message again = write_request(read_request(original));
        EXPECT_EQ(again.headers["lang"].string(), "cpp");
        again.headers["lang"] = "py";
        EXPECT_EQ(again.headers, original.headers);
        EXPECT_EQ(json::parse(again.body), json::parse(original.body));
        EXPECT_EQ(again.correlation_id, original.correlation_id);
        EXPECT_EQ(again.reply_to, original.reply_to);
        EXPECT_EQ(again.priority, original.priority);
    }
}

TEST(Request, NeedsNoMoreThanANameAndAnId)
{
    message bare{.headers = {{"task", "t"}, {"id", "1"}}, .body = "[[], {}, {}]"};
    const request least = read_request(bare);
    EXPECT_EQ(least.shown_name(), "t");
    EXPECT_EQ(least.retries, 0u);
    EXPECT_FALSE(least.once);
    for (const char* each : {"root_id", "parent_id", "group", "group_index", "retries", "eta", "expires", "timelimit",
                             "ignore_result", "shadow", "argsrepr", "kwargsrepr", "origin"})
        bare.headers[each] = nullptr;
    bare.body = R"([[], {}, {"callbacks": null, "errbacks": null, "chain": null, "chord": null}])";
    EXPECT_EQ(json::parse(write_request(read_request(bare)).body), json::parse(write_request(least).body));
    bare.headers["timelimit"] = json::array{nullptr, nullptr};
    EXPECT_EQ(read_request(bare).time_limit, std::nullopt);
}

TEST(Request, IsDoneOnceWhereItSaysSo)
{
    request known{.task = "t", .id = "1", .once = true};
    EXPECT_TRUE(read_request(write_request(known)).once);
    EXPECT_TRUE(read_request(write_request(known)).others.empty());
}

TEST(Request, HandsOnHeadersThatItDoesNotKnow)
{
    message newer = captured_task("add");
    newer.headers["stamps"] = json::object{{"who", "me"}};
    newer.headers["replaced_task_nesting"] = 1;
    const message again = write_request(read_request(newer));
    EXPECT_EQ(*again.headers.find("stamps"), json::value(json::object{{"who", "me"}}));
    EXPECT_EQ(*again.headers.find("replaced_task_nesting"), json::value(1));
}

TEST(Request, ShowsArgumentsCut)
{
    request big{.task = "t", .id = "1", .args = {json::value(std::string(3000, 'x'))}};
    const message small = write_request(big);
    EXPECT_EQ(small.headers.find("argsrepr")->string().size(), 1024U + 3);
    std::string umlauts = "a";
    for (int i = 0; i < 1000; ++i)
        umlauts += "\xc3\xa4";
    big.args = {json::value(umlauts)};
    const std::string shown = write_request(big).headers.find("argsrepr")->string();
    EXPECT_NE(static_cast<unsigned char>(shown[shown.size() - 4]), 0xc3) << "a character was cut in two";
}

TEST(Request, ExpiresAtTheBrokerToo)
{
    request soon{.task = "t", .id = "1", .expires = std::chrono::system_clock::now() + 30s};
    const int left = std::stoi(write_request(soon).expiration);
    EXPECT_GT(left, 20'000);
    EXPECT_LE(left, 30'000);
    soon.expires = std::chrono::system_clock::now() - 1s;
    EXPECT_EQ(write_request(soon).expiration, "0");
}

TEST(Request, RefusesWhatIsNoJobAndSaysWhy)
{
    message pickled = captured_task("add");
    pickled.content_type = "application/x-python-serialize";
    EXPECT_NE(refusal(pickled).find("task_serializer = 'json'"), std::string::npos);

    message nameless = captured_task("add");
    nameless.headers.erase("task");
    EXPECT_NE(refusal(nameless).find("\"task\" and \"id\""), std::string::npos);

    for (const std::string_view body : {"", "{}", "[]", "[1, {}, {}]", "[[], [], {}]", "[[], {}]", "[[], {}, 3]",
                                        "[[], {}, {\"chain\": 3}]", "[[], {}, {}"}) {
        message bad = captured_task("add");
        bad.body = body;
        EXPECT_NE(refusal(bad), "") << body;
    }
    const auto with = [](std::string_view header, json::value value) {
        message bad = captured_task("add");
        bad.headers[header] = std::move(value);
        return bad;
    };
    EXPECT_NE(refusal(with("retries", "many")), "");
    EXPECT_NE(refusal(with("retries", -1)), "");
    EXPECT_NE(refusal(with("eta", "tomorrow")), "");
    EXPECT_NE(refusal(with("timelimit", 3)), "");
    EXPECT_NE(refusal(with("id", json::array{})), "");
    EXPECT_EQ(refusal(with("timelimit", nullptr)), "");
    EXPECT_EQ(refusal(with("group_index", nullptr)), "");
}

TEST(NewId, IsARandomUuid)
{
    std::set<std::string> seen;
    for (int i = 0; i < 1000; ++i) {
        const std::string id = new_id();
        ASSERT_EQ(id.size(), 36U);
        EXPECT_EQ(id[14], '4');
        EXPECT_NE(std::string_view("89ab").find(id[19]), std::string_view::npos);
        EXPECT_TRUE(seen.insert(id).second);
    }
}

} // namespace
