// SPDX-License-Identifier: MIT
#include <simul/db/redis_value.hpp>

#include "db/redis/resp/parser.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace {

using namespace simul::db;

redis_value parse(std::string_view text)
{
    resp::parser parser;
    EXPECT_EQ(parser.next(text).what, resp::event::value) << text;
    return std::move(parser.value());
}

template <class T> T as(std::string_view text)
{
    return parse(text).as<T>();
}

template <class T> std::string problem(std::string_view text)
{
    try {
        static_cast<void>(parse(text).as<T>());
    } catch (const simul::error& e) {
        return e.what();
    }
    return "";
}

using strings = std::vector<std::string>;
using ages = std::map<std::string, int>;

TEST(RedisValue, BecomesNumbersAndText)
{
    EXPECT_EQ(as<int>(":5\r\n"), 5);
    EXPECT_EQ(as<int>("$2\r\n-5\r\n"), -5); // Redis keeps numbers as strings
    EXPECT_EQ(as<std::uint64_t>("(18446744073709551615\r\n"), 18446744073709551615u);
    EXPECT_EQ(as<std::uint8_t>(":255\r\n"), 255);
    EXPECT_EQ(as<double>(",2.5\r\n"), 2.5);
    EXPECT_EQ(as<double>("$3\r\n2.5\r\n"), 2.5);
    EXPECT_EQ(as<float>(":2\r\n"), 2.0F);
    EXPECT_TRUE(std::isinf(as<double>("$3\r\ninf\r\n")));
    EXPECT_EQ(as<std::string>("$3\r\nabc\r\n"), "abc");
    EXPECT_EQ(as<std::string>("+OK\r\n"), "OK");
    EXPECT_EQ(as<std::string>(":5\r\n"), "5");
    EXPECT_EQ(as<std::string>(",0.1\r\n"), "0.1");
    EXPECT_TRUE(as<bool>("#t\r\n"));
    EXPECT_FALSE(as<bool>(":0\r\n"));
    EXPECT_EQ(as<std::optional<int>>("_\r\n"), std::nullopt);
    EXPECT_EQ(as<std::optional<int>>(":1\r\n"), 1);
    as<void>("+OK\r\n");
}

TEST(RedisValue, BecomesContainersFromTheShapesOfBothVersions)
{
    EXPECT_EQ(as<strings>("*2\r\n$1\r\na\r\n$1\r\nb\r\n"), (strings{"a", "b"}));
    EXPECT_EQ(as<std::set<int>>("~2\r\n:2\r\n:1\r\n"), (std::set<int>{1, 2}));
    EXPECT_EQ(as<std::vector<std::optional<int>>>("*2\r\n:1\r\n_\r\n"),
              (std::vector<std::optional<int>>{1, std::nullopt}));
    for (const char* const shape : {"%2\r\n+a\r\n:1\r\n+b\r\n:2\r\n", "*4\r\n+a\r\n:1\r\n+b\r\n:2\r\n",
                                    "*2\r\n*2\r\n+a\r\n:1\r\n*2\r\n+b\r\n:2\r\n"}) {
        EXPECT_EQ(as<ages>(shape), (ages{{"a", 1}, {"b", 2}}));
        EXPECT_EQ((as<std::vector<std::pair<std::string, int>>>(shape)[1]), (std::pair<std::string, int>("b", 2)));
    }
    EXPECT_EQ((as<std::unordered_map<std::string, int>>("*0\r\n").size()), 0u);
    EXPECT_EQ(as<strings>("%1\r\n+a\r\n+b\r\n"), (strings{"a", "b"})); // as version 2 has it
    EXPECT_EQ((as<std::pair<std::string, double>>("*2\r\n+a\r\n,1.5\r\n")), (std::pair<std::string, double>("a", 1.5)));
    EXPECT_EQ((as<std::tuple<int, std::string, bool>>("*3\r\n:1\r\n+a\r\n#t\r\n")), std::tuple(1, "a", true));
    EXPECT_EQ((as<std::array<int, 2>>("*2\r\n:1\r\n:2\r\n")), (std::array{1, 2}));
    using entry = std::pair<std::string, std::map<std::string, std::string>>; // of a stream
    EXPECT_EQ(as<std::vector<entry>>("*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n+f\r\n+v\r\n")[0], (entry("1-0", {{"f", "v"}})));
}

struct user {
    std::string name;
    int age = 0;
    std::optional<std::string> mail;
};

TEST(RedisValue, BecomesAggregatesByNames)
{
    const auto made = as<user>("*6\r\n+age\r\n$2\r\n41\r\n+shoes\r\n+12\r\n+name\r\n+Bob\r\n");
    EXPECT_EQ(made.name, "Bob");
    EXPECT_EQ(made.age, 41);
    EXPECT_EQ(made.mail, std::nullopt);
    EXPECT_EQ(problem<user>("%1\r\n+name\r\n+Bob\r\n"), "redis: expected a field \"age\", got a map of 1");
}

TEST(RedisValue, SaysWhatDoesNotFit)
{
    EXPECT_EQ(problem<int>("$3\r\nabc\r\n"), "redis: expected an integer, got the string \"abc\"");
    EXPECT_EQ(problem<int>("_\r\n"), "redis: expected an integer, got null");
    EXPECT_EQ(problem<int>("$3\r\n1.5\r\n"), "redis: expected an integer, got the string \"1.5\"");
    EXPECT_EQ(problem<std::int8_t>(":300\r\n"), "redis: expected an integer that fits, got the integer 300");
    EXPECT_EQ(problem<unsigned>(":-1\r\n"), "redis: expected an integer that fits, got the integer -1");
    EXPECT_EQ(problem<double>("+OK\r\n"), "redis: expected a number, got the status \"OK\"");
    EXPECT_EQ(problem<bool>(":2\r\n"), "redis: expected a boolean, got the integer 2");
    EXPECT_EQ(problem<std::string>("*1\r\n:1\r\n"), "redis: expected a string, got an array of 1");
    EXPECT_EQ(problem<strings>("$100\r\n" + std::string(100, 'x') + "\r\n"),
              "redis: expected an array, got the string \"" + std::string(40, 'x') + "\"...");
    EXPECT_EQ(problem<ages>("*3\r\n+a\r\n:1\r\n+b\r\n"), "redis: expected names and values, got an array of 3");
    EXPECT_EQ((problem<std::pair<int, int>>("*3\r\n:1\r\n:2\r\n:3\r\n")),
              "redis: expected an array of 2, got an array of 3");
    EXPECT_EQ((problem<std::vector<std::pair<int, int>>>("*1\r\n*1\r\n:1\r\n")),
              "redis: expected a pair, got an array of 1");
}

TEST(RedisValue, AnErrorIsThrownOrAResult)
{
    const std::string_view wrong = "-WRONGTYPE not a list\r\n";
    EXPECT_EQ(problem<int>(wrong), "redis reply: WRONGTYPE not a list");
    EXPECT_EQ(problem<std::optional<int>>(wrong), "redis reply: WRONGTYPE not a list");
    EXPECT_EQ(problem<void>(wrong), "redis reply: WRONGTYPE not a list");
    EXPECT_TRUE(parse(wrong).is_error());
    try {
        static_cast<void>(as<int>(wrong));
    } catch (const redis_error& e) {
        EXPECT_EQ(e.code(), "WRONGTYPE");
        EXPECT_EQ(e.reply(), "WRONGTYPE not a list");
    }
    auto some = as<std::vector<simul::result<int>>>("*2\r\n:1\r\n-ERR two\r\n");
    EXPECT_EQ(*some[0], 1);
    EXPECT_FALSE(some[1]);
    EXPECT_THROW(some[1].value(), redis_error);
}

} // namespace
