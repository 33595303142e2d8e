// SPDX-License-Identifier: MIT
#include "http/conditional.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace {

using namespace simul::http;
using namespace simul::http::detail;
using namespace std::literals;

constexpr const char* before = "Sun, 06 Nov 1994 08:49:36 GMT";
constexpr const char* then = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr const char* after = "Sun, 06 Nov 1994 08:49:38 GMT";
const validators of_page = {.tag = entity_tag{"x"}, .modified = std::chrono::sys_seconds(784111777s)};
const validators of_weak = {.tag = entity_tag{"x", true}, .modified = of_page.modified};
const validators of_nothing = {.exists = false};

/// 200, 304 or 412.
int answer(method of, std::initializer_list<headers::field> fields, const validators& against = of_page)
{
    switch (check_preconditions(of, headers(fields), against)) {
    case precondition::holds:
        return 200;
    case precondition::not_modified:
        return 304;
    case precondition::failed:
        return 412;
    }
    return 0;
}
int get(std::initializer_list<headers::field> fields, const validators& against = of_page)
{
    return answer(method::get, fields, against);
}

TEST(EntityTag, IsStrongOrWeak)
{
    EXPECT_EQ(parse_entity_tag(R"("x")"), (entity_tag{"x", false}));
    EXPECT_EQ(parse_entity_tag(R"(W/"x")"), (entity_tag{"x", true}));
    EXPECT_EQ(parse_entity_tag(R"("")"), (entity_tag{"", false}));
    EXPECT_EQ(parse_entity_tag("\"a,\\\xe9\""), (entity_tag{"a,\\\xe9", false}));
    for (const char* none : {"", "x", "\"", "\"x", "x\"", "W/", "W/x", "w/\"x\"", "\"x\" ", "\"x y\"", "\"x\"y\""})
        EXPECT_EQ(parse_entity_tag(none), std::nullopt) << none;
    EXPECT_EQ(to_string(entity_tag{"x", true}), R"(W/"x")");
    EXPECT_EQ(to_string(entity_tag{"x", false}), R"("x")");
}

TEST(EntityTag, ComparesAsTheStandardsTable)
{
    const entity_tag weak1 = {"1", true}, weak2 = {"2", true}, strong1 = {"1", false};
    EXPECT_FALSE(same_strongly(weak1, weak1));
    EXPECT_FALSE(same_strongly(weak1, strong1));
    EXPECT_TRUE(same_strongly(strong1, strong1));
    EXPECT_TRUE(same_weakly(weak1, weak1));
    EXPECT_TRUE(same_weakly(weak1, strong1));
    EXPECT_FALSE(same_weakly(weak1, weak2));
}

TEST(Precondition, IfNoneMatch)
{
    EXPECT_EQ(get({{"If-None-Match", R"("x")"}}), 304);
    EXPECT_EQ(get({{"If-None-Match", R"(W/"x")"}}), 304);
    EXPECT_EQ(get({{"If-None-Match", R"("x")"}}, of_weak), 304);
    EXPECT_EQ(get({{"If-None-Match", R"("y")"}}), 200);
    EXPECT_EQ(get({{"If-None-Match", R"("y", W/"z" ,"x")"}}), 304);
    EXPECT_EQ(get({{"If-None-Match", R"("y")"}, {"If-None-Match", R"("x")"}}), 304);
    EXPECT_EQ(get({{"If-None-Match", R"("a,b", "x")"}}), 304);
    EXPECT_EQ(get({{"If-None-Match", R"(y, "x")"}}), 200); // no list of tags
    EXPECT_EQ(get({{"If-None-Match", "*"}}), 304);
    EXPECT_EQ(get({{"If-None-Match", "*"}}, of_nothing), 200);
    EXPECT_EQ(answer(method::head, {{"If-None-Match", R"("x")"}}), 304);
    EXPECT_EQ(answer(method::put, {{"If-None-Match", R"("x")"}}), 412);
    EXPECT_EQ(answer(method::put, {{"If-None-Match", "*"}}), 412); // there is one
    EXPECT_EQ(answer(method::put, {{"If-None-Match", "*"}}, of_nothing), 200);
}

TEST(Precondition, IfMatch)
{
    EXPECT_EQ(get({{"If-Match", R"("x")"}}), 200);
    EXPECT_EQ(get({{"If-Match", R"("y", "x")"}}), 200);
    EXPECT_EQ(get({{"If-Match", R"(W/"x")"}}), 412);
    EXPECT_EQ(get({{"If-Match", R"("x")"}}, of_weak), 412);
    EXPECT_EQ(get({{"If-Match", R"("y")"}}), 412);
    EXPECT_EQ(get({{"If-Match", ""}}), 412);
    EXPECT_EQ(answer(method::put, {{"If-Match", "*"}}), 200);
    EXPECT_EQ(answer(method::put, {{"If-Match", "*"}}, of_nothing), 412);
    EXPECT_EQ(answer(method::put, {{"If-Match", R"("x")"}}, of_nothing), 412);
}

TEST(Precondition, IfModifiedSince)
{
    EXPECT_EQ(get({{"If-Modified-Since", before}}), 200);
    EXPECT_EQ(get({{"If-Modified-Since", then}}), 304);
    EXPECT_EQ(get({{"If-Modified-Since", after}}), 304);
    EXPECT_EQ(get({{"If-Modified-Since", "yesterday"}}), 200);
    EXPECT_EQ(get({{"If-Modified-Since", then}, {"If-Modified-Since", then}}), 200); // not one date
    EXPECT_EQ(get({{"If-Modified-Since", then}}, {}), 200);
    EXPECT_EQ(answer(method::head, {{"If-Modified-Since", then}}), 304);
    EXPECT_EQ(answer(method::post, {{"If-Modified-Since", then}}), 200);
}

TEST(Precondition, IfUnmodifiedSince)
{
    EXPECT_EQ(get({{"If-Unmodified-Since", before}}), 412);
    EXPECT_EQ(get({{"If-Unmodified-Since", then}}), 200);
    EXPECT_EQ(get({{"If-Unmodified-Since", after}}), 200);
    EXPECT_EQ(get({{"If-Unmodified-Since", "yesterday"}}), 200);
    EXPECT_EQ(answer(method::put, {{"If-Unmodified-Since", before}}), 412);
    EXPECT_EQ(get({{"If-Unmodified-Since", before}}, {}), 200);
}

TEST(Precondition, TagsCountBeforeDates)
{
    EXPECT_EQ(get({{"If-None-Match", R"("y")"}, {"If-Modified-Since", then}}), 200);
    EXPECT_EQ(get({{"If-None-Match", R"("x")"}, {"If-Modified-Since", before}}), 304);
    EXPECT_EQ(get({{"If-Match", R"("x")"}, {"If-Unmodified-Since", before}}), 200);
    EXPECT_EQ(get({{"If-Match", R"("y")"}, {"If-None-Match", R"("x")"}}), 412);
    EXPECT_EQ(get({{"If-Match", R"("x")"}, {"If-None-Match", R"("x")"}}), 304);
    EXPECT_EQ(get({}), 200);
}

TEST(Precondition, IfRangeWantsTheSame)
{
    const auto holds = [](const char* value, const validators& against = of_page) {
        return if_range_holds(headers{{"If-Range", value}}, against);
    };
    EXPECT_TRUE(if_range_holds(headers(), of_page));
    EXPECT_TRUE(holds(R"("x")"));
    EXPECT_FALSE(holds(R"("y")"));
    EXPECT_FALSE(holds(R"(W/"x")"));
    EXPECT_FALSE(holds(R"("x")", of_weak));
    EXPECT_TRUE(holds(then));
    EXPECT_FALSE(holds(before));
    EXPECT_FALSE(holds(after)); // so it has changed, backwards
    EXPECT_FALSE(holds("yesterday"));
    EXPECT_FALSE(holds(then, {}));
    EXPECT_FALSE(holds(R"("x")", {}));
}

} // namespace
