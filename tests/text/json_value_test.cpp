// SPDX-License-Identifier: MIT
#include <simul/text/json.hpp>

#include <gtest/gtest.h>

#include <map>

namespace {

namespace json = simul::json;

std::string problem(auto&& body)
{
    try {
        body();
    } catch (const json::error& e) {
        return e.what();
    }
    return "none";
}

TEST(JsonValue, IsMadeOfWhatItHolds)
{
    const json::value value =
        json::object{{"name", "jazz"}, {"tags", json::array{"a", 1, 2.5, true, nullptr}}, {"n", 5u}};
    EXPECT_EQ(json::dump(value), R"({"name":"jazz","tags":["a",1,2.5,true,null],"n":5})");
    EXPECT_EQ(value.kind(), json::kind::object);
    EXPECT_EQ(value.size(), 3u);
    EXPECT_EQ(value["tags"].size(), 5u);
    EXPECT_EQ(value["tags"][0].string(), "a");
    EXPECT_TRUE(value["tags"][4].is_null());
    EXPECT_EQ(value["n"].as<int>(), 5);
    EXPECT_EQ(value["tags"][2].as<double>(), 2.5);
    EXPECT_EQ(json::value().kind(), json::kind::null);
    EXPECT_EQ(json::value(UINT64_MAX).kind(), json::kind::unsigned_integer);
    EXPECT_EQ(json::value(std::uint64_t{5}), json::value(5));
    EXPECT_NE(json::value(1), json::value(1.0));
    EXPECT_NE(json::value(1), json::value(true));
}

TEST(JsonValue, FindsMembers)
{
    const json::value value = json::parse(R"({"a": {"b": [1, 2]}})");
    ASSERT_TRUE(value.find("a"));
    EXPECT_EQ(value.find("a")->find("b")->size(), 2u);
    EXPECT_EQ(value.find("x"), nullptr);
    EXPECT_EQ(value["a"]["b"].find("x"), nullptr);
    EXPECT_EQ(problem([&] { value["x"]; }), "JSON: $: it has no \"x\"");
    EXPECT_EQ(problem([&] { value["a"]["b"]["c"]; }), "JSON: $: expected an object, got an array of 2");
    EXPECT_EQ(problem([&] { value["a"]["b"][2]; }), "JSON: $: expected more than 2 elements, got an array of 2");
    EXPECT_EQ(problem([&] { value["a"][0]; }), "JSON: $: expected an array, got an object");
    EXPECT_EQ(problem([&] { value["a"]["b"][0].string(); }), "JSON: $: expected a string, got the number 1");
}

TEST(JsonValue, TellsWhereInItSomethingDoesntFit)
{
    const json::value value = json::parse(R"({"a": {"b c": [1, "2"]}})");
    using wanted = std::map<std::string, std::map<std::string, std::vector<int>>>;
    EXPECT_EQ(problem([&] { value.as<wanted>(); }),
              "JSON: $.a[\"b c\"][1]: expected a whole number from -2147483648 to 2147483647, got the string \"2\"");
    EXPECT_EQ(problem([&] { value["a"].as<std::vector<int>>(); }), "JSON: $: expected an array, got an object");
}

TEST(JsonValue, IsChangedInPlace)
{
    json::value value;
    value["a"]["b"] = 1;
    value["list"] = json::array{1, 2};
    value["list"][1] = "two";
    value["list"].elements().push_back(nullptr);
    EXPECT_EQ(json::dump(value), R"({"a":{"b":1},"list":[1,"two",null]})");
    EXPECT_TRUE(value.members().erase("a"));
    EXPECT_FALSE(value.members().erase("a"));
    EXPECT_EQ(value.size(), 1u);
    EXPECT_EQ(problem([&] { value["list"]["x"] = 1; }), "JSON: $: expected an object, got an array of 3");
    for (json::member& each : value.members())
        each.value = nullptr;
    EXPECT_EQ(json::dump(value), R"({"list":null})");
}

TEST(JsonValue, KeepsOrderButComparesWithout)
{
    EXPECT_EQ(json::dump(json::parse(R"({"b":1,"a":2})")), R"({"b":1,"a":2})");
    EXPECT_EQ(json::parse(R"({"b":1,"a":[2]})"), json::parse(R"({"a":[2],"b":1})"));
    EXPECT_NE(json::parse(R"({"b":1,"a":2})"), json::parse(R"({"a":1,"b":2})"));
    EXPECT_NE(json::parse("[1,2]"), json::parse("[2,1]"));
    EXPECT_EQ((json::object{{"a", 1}, {"b", 2}, {"a", 3}}), (json::object{{"b", 2}, {"a", 3}}));
}

} // namespace
