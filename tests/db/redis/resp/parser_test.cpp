// SPDX-License-Identifier: MIT
#include "db/redis/resp/parser.hpp"

#include "cuts.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

using namespace simul::db;
using resp::expect_same_when_cut;
using resp::transcript;

struct example {
    std::string input;
    std::string expected;
};

void expect_each(const std::vector<example>& examples, const resp::limits& within = {})
{
    for (const auto& [input, expected] : examples) {
        EXPECT_EQ(transcript(input, within), expected) << input;
        expect_same_when_cut(input, expected, within);
    }
}

TEST(RespParser, ReadsAllTypesOfVersion2)
{
    expect_each({
        {"+OK\r\n", "status OK\n"},
        {"+\r\n", "status \n"},
        {"-ERR no such command\r\n", "error ERR no such command\n"},
        {":0\r\n", "0\n"},
        {":-9223372036854775808\r\n", "-9223372036854775808\n"},
        {":+5\r\n", "5\n"},
        {"$5\r\nhello\r\n", "\"hello\"\n"},
        {"$0\r\n\r\n", "\"\"\n"},
        {"$4\r\n\r\n\r\n\r\n", "\"\r\n\r\n\"\n"},
        {"$-1\r\n", "null\n"},
        {"*-1\r\n", "null\n"},
        {"*0\r\n", "array()\n"},
        {"*3\r\n$1\r\na\r\n:2\r\n$-1\r\n", "array(\"a\" 2 null)\n"},
        {"*2\r\n*1\r\n:1\r\n*0\r\n", "array(array(1) array())\n"},
        {"*1\r\n-ERR inside\r\n", "array(error ERR inside)\n"},
        {"+a\r\n:1\r\n$1\r\nb\r\n", "status a\n1\n\"b\"\n"},
    });
}

TEST(RespParser, ReadsAllTypesOfVersion3)
{
    expect_each({
        {"_\r\n", "null\n"},
        {"#t\r\n#f\r\n", "true\nfalse\n"},
        {",1.5\r\n,-0\r\n,10\r\n,1e300\r\n", "1.5\n-0\n10\n1e+300\n"},
        {",inf\r\n,-inf\r\n,nan\r\n", "inf\n-inf\nnan\n"},
        {"(3492890328409238509324850943850943825024385\r\n(-1\r\n",
         "big 3492890328409238509324850943850943825024385\nbig -1\n"},
        {"!21\r\nSYNTAX invalid syntax\r\n", "error SYNTAX invalid syntax\n"},
        {"=15\r\ntxt:Some string\r\n", "\"Some string\"\n"},
        {"=4\r\nmkd:\r\n", "\"\"\n"},
        {"%2\r\n+a\r\n:1\r\n+b\r\n*1\r\n:2\r\n", "map(status a 1 status b array(2))\n"},
        {"%0\r\n~0\r\n", "map()\nset()\n"},
        {"~2\r\n:1\r\n:2\r\n", "set(1 2)\n"},
        {">2\r\n+message\r\n$1\r\nx\r\n", "push(status message \"x\")\n"},
    });
}

TEST(RespParser, DropsAttributes)
{
    expect_each({
        {"|1\r\n+ttl\r\n:3600\r\n:1\r\n", "1\n"},
        {"*2\r\n:1\r\n|1\r\n+popularity\r\n%1\r\n+a\r\n,0.1\r\n:2\r\n", "array(1 2)\n"},
        {"|0\r\n+a\r\n", "status a\n"},
        {"|1\r\n+a\r\n+b\r\n|1\r\n+c\r\n+d\r\n>1\r\n:1\r\n", "push(1)\n"},
        {"|1\r\n|1\r\n+x\r\n+y\r\n+a\r\n+b\r\n+z\r\n", "status z\n"},
    });
}

TEST(RespParser, RefusesWhatIsNone)
{
    expect_each({
        {"HTTP/1.1 400 Bad Request\r\n", "failed: something that is not Redis's protocol\n"},
        {"\r\n", "failed: something that is not Redis's protocol\n"},
        {"+OK\rx", "failed: a line that ends in CR without LF\n"},
        {"+O\nK\r\n", "failed: a line that ends in LF without CR\n"},
        {":\r\n", "failed: an integer that is none\n"},
        {":1x\r\n", "failed: an integer that is none\n"},
        {": 1\r\n", "failed: an integer that is none\n"},
        {":9223372036854775808\r\n", "failed: an integer that is none\n"},
        {"$x\r\n", "failed: a length that is no number\n"},
        {"$-2\r\n", "failed: a length that is no number\n"},
        {"$+1\r\na\r\n", "failed: a length that is no number\n"},
        {"$99999999999999999999\r\n", "failed: a length that is no number\n"},
        {"$1\r\nabc\r\n", "failed: a string that is longer than it says\n"},
        {"$1\r\na\rb", "failed: a string that is longer than it says\n"},
        {"*-2\r\n", "failed: a length that is no number\n"},
        {"~-1\r\n", "failed: a length that is no number\n"},
        {"$?\r\n;1\r\na\r\n;0\r\n", "failed: a streamed value, which is not supported\n"},
        {"*?\r\n:1\r\n.\r\n", "failed: a streamed value, which is not supported\n"},
        {"_x\r\n", "failed: a null that is something\n"},
        {"#x\r\n", "failed: a boolean that is none\n"},
        {",\r\n", "failed: a number that is none\n"},
        {",1.5.\r\n", "failed: a number that is none\n"},
        {"(\r\n", "failed: a big number that is none\n"},
        {"(-\r\n", "failed: a big number that is none\n"},
        {"(12a\r\n", "failed: a big number that is none\n"},
        {"=3\r\ntxt\r\n", "failed: a string that doesn't say its format\n"},
        {"=5\r\ntxt;a\r\n", "failed: a string that doesn't say its format\n"},
        {"*1\r\n>1\r\n:1\r\n", "failed: a push inside another value\n"},
        {"+a\r\n?\r\n+b\r\n", "status a\nfailed: something that is not Redis's protocol\n"},
    });
}

TEST(RespParser, KeepsToItsLimits)
{
    const resp::limits within = {.bytes = 10, .values = 5, .depth = 2};
    expect_each(
        {
            {"$10\r\n0123456789\r\n", "\"0123456789\"\n"},
            {"$11\r\n", "failed: a reply of too many bytes\n"},
            {"*2\r\n$6\r\nabcdef\r\n$5\r\n", "failed: a reply of too many bytes\n"},
            {"$10\r\n0123456789\r\n$10\r\n0123456789\r\n", "\"0123456789\"\n\"0123456789\"\n"},
            {"*4\r\n:1\r\n:2\r\n:3\r\n:4\r\n", "array(1 2 3 4)\n"},
            {"*5\r\n", "failed: a reply of too many values\n"},
            {"*2\r\n*3\r\n", "failed: a reply of too many values\n"},
            {"%3\r\n", "failed: a reply of too many values\n"},
            {"|2\r\n:1\r\n:1\r\n:1\r\n:1\r\n*1\r\n", "failed: a reply of too many values\n"},
            {"%9223372036854775807\r\n", "failed: a reply of too many values\n"},
            {"*1\r\n*1\r\n*0\r\n", "array(array(array()))\n"},
            {"*1\r\n*1\r\n*1\r\n", "failed: a reply that is nested too deeply\n"},
        },
        within);
}

TEST(RespParser, RefusesLinesThatDoNotEnd)
{
    const std::string fits = "+" + std::string(resp::parser::longest_line - 2, 'a');
    EXPECT_EQ(transcript(fits + "\r\n"), "status " + fits.substr(1) + "\n");
    for (const std::size_t more : {2, 100, 100'000}) {
        const std::string too_long = fits + std::string(more, 'a');
        EXPECT_EQ(transcript(too_long), "failed: a line that is too long\n");
        EXPECT_EQ(transcript(too_long + "\r\n"), "failed: a line that is too long\n");
    }
}

TEST(RespParser, AnnouncingMuchCostsNothing)
{
    resp::parser parser;
    std::string input;
    for (int i = 0; i < 60; ++i)
        input += "*200000\r\n";
    input += "$500000000\r\nab";
    EXPECT_EQ(parser.next(input).what,
              resp::event::starved); // asan would say no to 500 MB, and so would the time limit
}

TEST(RespParser, TakesALargeStringAsItComes)
{
    resp::parser parser;
    const std::string piece(1000, 'x');
    EXPECT_EQ(parser.next("$1000000\r\n").used, 10u);
    for (int i = 0; i < 1000; ++i)
        EXPECT_EQ(parser.next(piece).used, piece.size());
    const auto [what, used] = parser.next("\r\n+next");
    EXPECT_EQ(what, resp::event::value);
    EXPECT_EQ(used, 2u);
    EXPECT_EQ(parser.value().text(), std::string(1'000'000, 'x'));
}

} // namespace
