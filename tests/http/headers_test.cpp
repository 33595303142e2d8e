// SPDX-License-Identifier: MIT
#include <simul/base/error.hpp>
#include <simul/http/headers.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <iterator>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace {

using simul::http::headers;
using namespace std::literals;

std::string refusal(std::string_view name, std::string_view value)
{
    headers fields;
    try {
        fields.add(name, value);
    } catch (const simul::error& e) {
        EXPECT_TRUE(fields.empty());
        EXPECT_EQ(e.code(), std::errc::invalid_argument);
        return e.what();
    }
    return "taken";
}

TEST(Headers, KeepTheirOrderAndIgnoreCase)
{
    headers fields = {{"Accept", "text/html"}, {"X-A", "1"}};
    fields.add("x-a", "2");
    EXPECT_EQ(fields.size(), 3u);
    EXPECT_EQ(fields.get("ACCEPT"), "text/html");
    EXPECT_EQ(fields.get("X-a"), "1");
    EXPECT_EQ(fields.get("X"), std::nullopt);
    EXPECT_EQ(fields.get_all("X-A"), (std::vector<std::string_view>{"1", "2"}));
    EXPECT_TRUE(fields.get_all("Y").empty());
    EXPECT_TRUE(fields.contains("accept"));
    EXPECT_FALSE(fields.contains("accep"));
    EXPECT_EQ(fields.lines(), "Accept: text/html\r\nX-A: 1\r\nx-a: 2\r\n");
    EXPECT_EQ(fields[2], (headers::field{"x-a", "2"}));
}

TEST(Headers, CompareAsciiOnlyWithoutCase)
{
    // These differ in the bit of case, and are no letters.
    headers fields = {{"a^b", "1"}, {"a`b", "2"}};
    EXPECT_EQ(fields.get("a~b"), std::nullopt);
    EXPECT_EQ(fields.get("A^B"), "1");
    EXPECT_EQ(fields.get("a`B"), "2");
}

TEST(Headers, AreARange)
{
    static_assert(std::forward_iterator<headers::iterator>);
    const headers fields = {{"A", "1"}, {"B", "2"}};
    std::string all;
    for (const auto& [name, value] : fields)
        all.append(name).append(value);
    EXPECT_EQ(all, "A1B2");
    EXPECT_EQ(std::ranges::count_if(fields, [](const headers::field& each) { return each.value == "2"; }), 1);
    EXPECT_EQ(headers().begin(), headers().end());
}

TEST(Headers, SetReplacesWhereTheFirstWas)
{
    headers fields = {{"A", "1"}, {"B", "2"}, {"a", "3"}, {"C", "4"}, {"A", "5"}};
    fields.set("a", "a longer value");
    EXPECT_EQ(fields.lines(), "a: a longer value\r\nB: 2\r\nC: 4\r\n");
    fields.set("B", "");
    EXPECT_EQ(fields.lines(), "a: a longer value\r\nB: \r\nC: 4\r\n");
    EXPECT_EQ(fields.get("c"), "4");
    fields.set("D", "5");
    EXPECT_EQ(fields.lines(), "a: a longer value\r\nB: \r\nC: 4\r\nD: 5\r\n");
    EXPECT_EQ(fields.get("D"), "5");
}

TEST(Headers, EraseDropsAllOfAName)
{
    headers fields = {{"A", "1"}, {"B", "2"}, {"a", "3"}, {"C", "4"}};
    EXPECT_EQ(fields.erase("A"), 2u);
    EXPECT_EQ(fields.erase("A"), 0u);
    EXPECT_EQ(fields.lines(), "B: 2\r\nC: 4\r\n");
    EXPECT_EQ(fields.get("C"), "4");
    fields.clear();
    EXPECT_TRUE(fields.empty());
    EXPECT_EQ(fields.lines(), "");
}

TEST(Headers, TakeViewsOfThemselves)
{
    headers fields = {{"A", "a value that is not short"}, {"B", "2"}, {"a", "3"}};
    fields.add(fields[1].name, fields[0].value);
    EXPECT_EQ(fields[3], (headers::field{"B", "a value that is not short"}));
    fields.set(fields[3].name, fields[0].value);
    EXPECT_EQ(fields.lines(), "A: a value that is not short\r\nB: a value that is not short\r\na: 3\r\n");
    EXPECT_EQ(fields.erase(fields[2].name), 2u);
    EXPECT_EQ(fields.lines(), "B: a value that is not short\r\n");
}

TEST(Headers, TakeViewsOfThemselvesWhileTheyGrow)
{
    const headers first = {{"A", "b"}};
    headers fields = first; // a copy has no room to spare
    while (fields.size() < 200)
        fields.add(fields[0].name, fields[fields.size() - 1].value);
    for (const auto& each : fields)
        EXPECT_EQ(each, (headers::field{"A", "b"}));
}

TEST(Headers, TakeAllOfOthers)
{
    headers fields = {{"A", "1"}, {"B", "2"}};
    fields.add(headers{{"C", "3"}, {"A", "4"}});
    EXPECT_EQ(fields.lines(), "A: 1\r\nB: 2\r\nC: 3\r\nA: 4\r\n");
    EXPECT_EQ(fields.get_all("a"), (std::vector<std::string_view>{"1", "4"}));
    fields.erase("B");
    fields.add(fields);
    EXPECT_EQ(fields.lines(), "A: 1\r\nC: 3\r\nA: 4\r\nA: 1\r\nC: 3\r\nA: 4\r\n");
    EXPECT_EQ(fields[4].value, "3");
    headers large;
    large.add("A", std::string(headers::most_bytes / 2, 'x'));
    EXPECT_THROW(large.add(large), simul::limit_exceeded);
    EXPECT_EQ(large.size(), 1u);
}

TEST(Headers, DropSpaceAroundValues)
{
    headers fields = {{"A", " \t b c \t"}, {"B", " "}};
    EXPECT_EQ(fields.lines(), "A: b c\r\nB: \r\n");
    EXPECT_EQ(fields.get("B"), "");
}

TEST(Headers, RefuseWhatCouldBeginAnotherLine)
{
    EXPECT_EQ(refusal("X", "a\r\nSet-Cookie: b"), R"(header "X": a value can't have "\x0d")");
    EXPECT_EQ(refusal("X", "a\nb"), R"(header "X": a value can't have "\x0a")");
    EXPECT_EQ(refusal("X", "a\0b"sv), R"(header "X": a value can't have "\x00")");
    EXPECT_EQ(refusal("X", "a\x7f"), R"(header "X": a value can't have "\x7f")");
    EXPECT_EQ(refusal("X", "\x1b"), R"(header "X": a value can't have "\x1b")");
    EXPECT_EQ(refusal("X\r\nY", "a"),
              R"(header "X\x0d\x0aY": a name has letters, digits and !#$%&'*+-.^_`|~ only, not "\x0d")");
    EXPECT_EQ(refusal("", "a"), R"(header "": a header needs a name)");
    for (const char* name : {"X Y", "X:", ":X", "X\t", "X,", "X\xe9", "(X)", "X/Y", "\"X\"", "X=Y", "X;", "X@"})
        EXPECT_TRUE(refusal(name, "a").find("a name has letters") != std::string::npos) << name;
    EXPECT_EQ(refusal("X-!#$%&'*+-.^_`|~9", "caf\xc3\xa9 \xe9\t\"(),/:;<=>?@[\\]{}"), "taken");
}

TEST(Headers, ShowLittleOfWhatTheyRefuse)
{
    EXPECT_LT(refusal(std::string(100'000, ' '), "a").size(), 200u);
}

TEST(Headers, RefuseAlsoWhatIsSet)
{
    headers fields = {{"A", "1"}};
    EXPECT_THROW(fields.set("A", "\r\n"), simul::error);
    EXPECT_THROW(fields.set("B", "\r\n"), simul::error);
    EXPECT_THROW((headers{{"A", "1"}, {"B\n", "2"}}), simul::error);
    EXPECT_EQ(fields.lines(), "A: 1\r\n");
}

TEST(Headers, AreLimited)
{
    headers fields;
    EXPECT_THROW(fields.add(std::string(1025, 'a'), "1"), simul::limit_exceeded);
    fields.add(std::string(1024, 'a'), "1");
    EXPECT_THROW(fields.add("B", std::string(headers::most_bytes, 'b')), simul::limit_exceeded);
    fields.add("B", std::string(headers::most_bytes - 1029 - 5, 'b'));
    EXPECT_EQ(fields.lines().size(), headers::most_bytes);
    EXPECT_THROW(fields.add("C", ""), simul::limit_exceeded);
    fields.set("b", std::string(headers::most_bytes - 1029 - 5, 'c')); // takes the other's place
    EXPECT_THROW(fields.set("b", std::string(headers::most_bytes - 1029 - 4, 'c')), simul::limit_exceeded);
    EXPECT_EQ(fields.lines().size(), headers::most_bytes);
}

TEST(Headers, BehaveAsAListOfPairs)
{
    std::mt19937 random(1);
    const auto one_of = [&](std::initializer_list<const char*> all) {
        return std::string(all.begin()[random() % all.size()]);
    };
    const auto same = [](std::string a, std::string b) {
        std::ranges::transform(a, a.begin(), [](unsigned char c) { return std::tolower(c); });
        std::ranges::transform(b, b.begin(), [](unsigned char c) { return std::tolower(c); });
        return a == b;
    };
    headers fields;
    std::vector<std::pair<std::string, std::string>> model;
    for (int step = 0; step < 5000; ++step) {
        const std::string name = one_of({"a", "A", "bb", "BB", "c-c"});
        const std::string value(random() % 20, 'v');
        const auto has_name = [&](const auto& each) { return same(each.first, name); };
        const unsigned action = model.size() > 12 ? 2 : random() % 3;
        if (action == 0) {
            fields.add(name, value);
            model.emplace_back(name, value);
        } else if (action == 1) {
            fields.set(name, value);
            const auto first = std::ranges::find_if(model, has_name);
            if (first == model.end()) {
                model.emplace_back(name, value);
            } else {
                *first = {name, value};
                model.erase(std::remove_if(first + 1, model.end(), has_name), model.end());
            }
        } else {
            ASSERT_EQ(fields.erase(name), std::erase_if(model, has_name));
        }

        std::string lines;
        for (const auto& [n, v] : model)
            lines += n + ": " + v + "\r\n";
        ASSERT_EQ(fields.lines(), lines);
        ASSERT_EQ(fields.size(), model.size());
        for (std::size_t i = 0; i < model.size(); ++i)
            ASSERT_EQ(fields[i], (headers::field{model[i].first, model[i].second}));
    }
}

TEST(Headers, AreReadAsLists)
{
    const headers fields = {{"Connection", "close, Upgrade"}, {"Connection", ",x ,\t"}};
    for (const char* member : {"close", "upgrade", "X"})
        EXPECT_TRUE(fields.contains_member("connection", member)) << member;
    EXPECT_FALSE(fields.contains_member("Connection", "clos"));
    EXPECT_FALSE(fields.contains_member("Connection", ""));
    EXPECT_FALSE(fields.contains_member("Connexion", "close"));
}

TEST(Headers, AreCopiedAndMoved)
{
    headers fields = {{"A", "1"}};
    headers copy = fields;
    copy.add("B", "2");
    EXPECT_NE(copy, fields);
    const headers moved = std::move(copy);
    EXPECT_EQ(moved, (headers{{"A", "1"}, {"B", "2"}}));
    EXPECT_EQ(fields, (headers{{"A", "1"}}));
}

} // namespace
