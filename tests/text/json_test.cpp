// SPDX-License-Identifier: MIT
#include <simul/text/json.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <list>
#include <map>
#include <set>
#include <unordered_map>

namespace {

namespace json = simul::json;
using namespace std::literals;

struct song {
    std::string title;
    std::optional<int> year;
    std::vector<std::string> tags;
    bool operator==(const song&) const = default;
};

class account {
    friend void simul_describe(account& a, auto&& field)
    {
        field("owner name", a.owner_);
        field("balance", a.balance_);
    }
    std::string owner_ = "nobody";
    long balance_ = 5;

public:
    long balance() const { return balance_; }
};

struct tree {
    std::string name;
    std::vector<tree> children;
    std::unique_ptr<tree> next;
};

enum class colour : std::uint8_t { red, green };

/// What the error says of a text read as a T; else what was read, dumped.
template <class T = json::value> std::string problem(std::string_view text, const json::options& options = {})
{
    try {
        return "read as " + json::dump(json::parse<T>(text, options));
    } catch (const json::error& e) {
        return e.what();
    }
}

TEST(Json, ReadsWhatStructsHold)
{
    const auto songs = json::parse<std::vector<song>>(
        R"([{"title": "So What", "year": 1959, "tags": ["jazz", "modal"]}, {"tags": [], "unknown": [{"x": 1e9}], "title": "?"}])");
    EXPECT_EQ(songs, (std::vector<song>{{"So What", 1959, {"jazz", "modal"}}, {"?", {}, {}}}));
    EXPECT_EQ(json::dump(songs),
              R"([{"title":"So What","year":1959,"tags":["jazz","modal"]},{"title":"?","year":null,"tags":[]}])");
    EXPECT_EQ(json::parse<std::vector<song>>(json::dump(songs)), songs);
}

TEST(Json, ReadsAndWritesDescribedClasses)
{
    const auto read = json::parse<account>(R"({"balance": -7, "owner name": "me"})");
    EXPECT_EQ(read.balance(), -7);
    EXPECT_EQ(json::dump(read), R"({"owner name":"me","balance":-7})");
}

TEST(Json, ReadsWhatRefersToItself)
{
    const auto read = json::parse<tree>(
        R"({"name":"a","children":[{"name":"b","children":[],"next":null}],"next":{"name":"c","children":[]}})");
    EXPECT_EQ(read.children[0].name, "b");
    EXPECT_EQ(read.next->name, "c");
    EXPECT_EQ(
        json::dump(read),
        R"({"name":"a","children":[{"name":"b","children":[],"next":null}],"next":{"name":"c","children":[],"next":null}})");
}

template <class T> void expect_same(const T& value, std::string_view text)
{
    EXPECT_EQ(json::dump(value), text);
    EXPECT_TRUE(json::parse<T>(text) == value) << text;
    EXPECT_TRUE(json::parse<json::value>(text).as<T>() == value) << text;
    EXPECT_EQ(json::dump(json::parse(text)), text);
}

TEST(Json, KnowsTheStandardTypes)
{
    expect_same(true, "true");
    expect_same(std::vector<bool>{true, false}, "[true,false]");
    expect_same(std::list<int>{1, 2}, "[1,2]");
    expect_same(std::set<std::string>{"a", "b"}, R"(["a","b"])");
    expect_same(std::map<std::string, int>{{"a", 1}, {"b\n", 2}}, R"({"a":1,"b\n":2})");
    expect_same(std::map<int, double>{{-1, 0.5}}, R"({"-1":0.5})");
    expect_same(std::unordered_map<std::string, std::vector<int>>{{"a", {1}}}, R"({"a":[1]})");
    expect_same(std::tuple<int, std::string, bool>{1, "a", false}, R"([1,"a",false])");
    expect_same(std::pair<int, double>{1, 2}, "[1,2.0]");
    expect_same(std::array<int, 3>{1, 2, 3}, "[1,2,3]");
    expect_same(std::optional<int>(), "null");
    expect_same(std::optional<int>(3), "3");
    expect_same(colour::green, "1");
    expect_same(std::vector<std::vector<int>>{{}, {1}}, "[[],[1]]");
    EXPECT_EQ(json::dump("a"), R"("a")");
    EXPECT_EQ(json::dump("a"sv), R"("a")");
    EXPECT_EQ(json::dump(nullptr), "null");
    EXPECT_EQ(json::parse<int>(" \r\n\t 5 \n"), 5);
}

TEST(Json, KeepsNumbersExactly)
{
    expect_same(std::numeric_limits<std::int64_t>::min(), "-9223372036854775808");
    expect_same(std::numeric_limits<std::int64_t>::max(), "9223372036854775807");
    expect_same(std::numeric_limits<std::uint64_t>::max(), "18446744073709551615");
    expect_same(0.1, "0.1");
    expect_same(1.0, "1.0");
    expect_same(-0.0, "-0.0");
    expect_same(1e22, "1e+22");
    expect_same(5e-324, "5e-324");
    expect_same(std::numeric_limits<double>::max(), "1.7976931348623157e+308");
    expect_same(0.1f, "0.1");
    EXPECT_TRUE(std::signbit(json::parse<double>("-0.0")));
    EXPECT_EQ(json::parse<double>("3"), 3.0);
    EXPECT_EQ(json::parse<double>("1e-999"), 0.0);

    EXPECT_EQ(json::parse("3").kind(), json::kind::integer);
    EXPECT_EQ(json::parse("-3").kind(), json::kind::integer);
    EXPECT_EQ(json::parse("9223372036854775808").kind(), json::kind::unsigned_integer);
    EXPECT_EQ(json::parse("3.0").kind(), json::kind::real);
}

TEST(Json, TakesIntegersOfMoreThan64BitsForReal)
{
    const json::value read = json::parse(R"([100000000000000000000, -9223372036854775809, "18446744073709551616", 1])");
    EXPECT_EQ(read[0], json::value(1e20));
    EXPECT_EQ(read[1], json::value(-9223372036854775808.0));
    EXPECT_EQ(read[2], json::value("18446744073709551616"));
    EXPECT_EQ(
        problem<std::vector<int>>("[1,\n100000000000000000000,\ntrue]"),
        "JSON: line 2, column 1: $[1]: expected a whole number from -2147483648 to 2147483647, got the number 1e+20");
}

TEST(Json, ReadsAndWritesText)
{
    EXPECT_EQ(json::parse<std::string>(R"("a\"\\\/\b\f\n\r\t\u0041\u00e9\ud83d\ude00é😀")"), "a\"\\/\b\f\n\r\tAé😀é😀");
    EXPECT_EQ(json::parse<std::string>(R"("\u0000")"), "\0"s);
    EXPECT_EQ(json::dump("a\"\\/\b\f\n\r\t\x01\x1f\x7f\0é😀"s),
              "\"a\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\\u0000é😀\"");
    // Escapes at each place of a block of the writer.
    for (std::size_t size = 0; size < 70; ++size) {
        for (std::size_t at = 0; at <= size; ++at) {
            std::string text(size, 'x');
            text.insert(at, at % 2 == 0 ? "\n" : "é");
            ASSERT_EQ(json::parse<std::string>(json::dump(text)), text);
        }
    }
}

TEST(Json, SaysWhereTheTextIsWrong)
{
    EXPECT_EQ(problem(""), "JSON: line 1, column 1: the text is empty");
    EXPECT_EQ(problem(" \n "), "JSON: line 1, column 1: the text is empty");
    EXPECT_EQ(problem("[1,\n 2,]"), "JSON: line 2, column 4: expected a value");
    EXPECT_EQ(problem("[1 2]"), "JSON: line 1, column 4: expected \",\" or \"]\"");
    EXPECT_EQ(problem("[1"), "JSON: line 1, column 3: expected \",\" or \"]\", got the end");
    EXPECT_EQ(problem("{\"a\" 1}"), "JSON: line 1, column 6: expected \":\"");
    EXPECT_EQ(problem("{a:1}"), "JSON: line 1, column 2: expected a name in quotes");
    EXPECT_EQ(problem("{\"a\":1"), "JSON: line 1, column 7: expected \",\" or \"}\", got the end");
    EXPECT_EQ(problem("[1] x"), "JSON: line 1, column 5: something follows the value");
    EXPECT_EQ(problem("[1]\0"sv), "JSON: line 1, column 4: something follows the value");
    EXPECT_EQ(problem("tru"), "JSON: line 1, column 1: expected a value");
    EXPECT_EQ(problem("NaN"), "JSON: line 1, column 1: expected a value");
    EXPECT_EQ(problem("'a'"), "JSON: line 1, column 1: expected a value");
    EXPECT_EQ(problem("\n\"abc"), "JSON: line 2, column 1: a string has no end");
    EXPECT_EQ(problem("\"a\nb\""), "JSON: line 1, column 3: a control character in a string");
    EXPECT_EQ(problem(R"("\x")"), "JSON: line 1, column 2: an escape that JSON doesn't have");
    EXPECT_EQ(problem(R"("\u12g4")"), "JSON: line 1, column 2: \"\\u\" is followed by four hexadecimal digits");
    EXPECT_EQ(problem(R"("\ud800")"), "JSON: line 1, column 2: the first half of a surrogate pair, without the second");
    EXPECT_EQ(problem(R"("\udc00")"), "JSON: line 1, column 2: the second half of a surrogate pair, without the first");
    EXPECT_EQ(problem("\"a\xff\""), "JSON: line 1, column 3: this is no UTF-8");
    EXPECT_EQ(problem("[01]"), "JSON: line 1, column 2: a number with a leading zero");
    EXPECT_EQ(problem("[1.]"), "JSON: line 1, column 4: expected a digit");
    EXPECT_EQ(problem("-"), "JSON: line 1, column 2: expected a digit");
    EXPECT_EQ(problem("[1e400]"), "JSON: line 1, column 2: a number that is too large");
    EXPECT_EQ(problem("// a\n1"), "JSON: line 1, column 1: expected a value");
}

TEST(Json, SaysWhatDoesntFitAndWhere)
{
    struct page {
        std::vector<song> items;
    };
    EXPECT_EQ(problem<page>("{\"items\": [\n  {\"title\": \"a\", \"tags\": []},\n  {\"title\": 5, \"tags\": []}]}"),
              "JSON: line 3, column 13: $.items[1].title: expected a string, got the number 5");
    EXPECT_EQ(problem<page>(R"({"items": [{"title": "a"}]})"),
              "JSON: line 1, column 12: $.items[0]: it has no \"tags\"");
    EXPECT_EQ(problem<page>("[]"), "JSON: line 1, column 1: $: expected an object, got an array of 0");
    EXPECT_EQ(problem<page>(R"({"items": {}})"), "JSON: line 1, column 11: $.items: expected an array, got an object");
    EXPECT_EQ(problem<account>(R"({"owner name": null})"),
              "JSON: line 1, column 16: $[\"owner name\"]: expected a string, got null");
    EXPECT_EQ(problem<bool>("0"), "JSON: line 1, column 1: $: expected true or false, got the number 0");
    EXPECT_EQ(problem<std::uint8_t>("256"),
              "JSON: line 1, column 1: $: expected a whole number from 0 to 255, got the number 256");
    EXPECT_EQ(problem<std::uint8_t>("-1"),
              "JSON: line 1, column 1: $: expected a whole number from 0 to 255, got the number -1");
    EXPECT_EQ(
        problem<std::int64_t>("9223372036854775808"),
        "JSON: line 1, column 1: $: expected a whole number from -9223372036854775808 to 9223372036854775807, got the "
        "number 9223372036854775808");
    EXPECT_EQ(problem<int>("1.0"),
              "JSON: line 1, column 1: $: expected a whole number from -2147483648 to 2147483647, got the number 1.0");
    EXPECT_EQ(problem<int>("\"" + std::string(100, 'a') + "\""),
              "JSON: line 1, column 1: $: expected a whole number from -2147483648 to 2147483647, got the string \"" +
                  std::string(40, 'a') + "...\"");
    EXPECT_EQ(problem<float>("1e300"), "JSON: line 1, column 1: $: expected a number from -3.4028234663852886e+38 to "
                                       "3.4028234663852886e+38, got the number "
                                       "1e+300");
    EXPECT_EQ(problem<double>("true"), "JSON: line 1, column 1: $: expected a number, got true");
    EXPECT_EQ((problem<std::pair<int, int>>("[1]")),
              "JSON: line 1, column 1: $: expected an array of 2, got an array of 1");
    EXPECT_EQ((problem<std::map<int, int>>(R"({"1":1,"x":2})")),
              "JSON: line 1, column 12: $.x: its name is no integer that fits");
    EXPECT_EQ(
        (problem<std::vector<std::vector<int>>>("[[1],[2,[3]]]")),
        "JSON: line 1, column 9: $[1][1]: expected a whole number from -2147483648 to 2147483647, got an array of 1");

    try {
        json::parse<page>("\n{\"items\": 1}");
        FAIL();
    } catch (const json::error& e) {
        EXPECT_EQ(e.line(), 2u);
        EXPECT_EQ(e.column(), 11u);
        EXPECT_EQ(e.path(), "$.items");
        EXPECT_EQ(e.code(), std::errc::bad_message);
    }
}

TEST(Json, RefusesNamesThatComeTwiceUnlessTold)
{
    const std::string_view text = R"({"title":"a","tags":[],"title":"b"})";
    const std::string_view expected = "JSON: line 1, column 1: $: it has \"title\" twice";
    EXPECT_EQ(problem<song>(text), expected);
    EXPECT_EQ(problem<json::value>(text), expected);
    EXPECT_EQ((problem<std::map<std::string, json::value>>(text)), expected);

    const json::options last{.duplicates = json::duplicates::last_wins};
    EXPECT_EQ(json::parse<song>(text, last).title, "b");
    EXPECT_EQ(json::dump(json::parse(text, last)), R"({"tags":[],"title":"b"})");
    EXPECT_EQ((json::parse<std::map<std::string, json::value>>(text, last)["title"]), json::value("b"));

    std::string many = "{";
    for (int i = 0; i < 100; ++i)
        many += "\"" + std::to_string(i) + "\":0,";
    EXPECT_EQ(problem(many + "\"7\":1}"), "JSON: line 1, column 1: $: it has \"7\" twice");
    EXPECT_EQ(json::parse(many + "\"7\":1}", last).size(), 100u);
    EXPECT_EQ(json::parse(many + "\"7\":1}", last)["7"], json::value(1));
}

TEST(Json, KeepsDefaultsOfMissingFieldsWhenTold)
{
    const auto read = json::parse<account>("{}", {.missing = json::missing::keep});
    EXPECT_EQ(json::dump(read), R"({"owner name":"nobody","balance":5})");
}

TEST(Json, TakesAnyKindOfText)
{
    std::string text = "[1, \"x\"]";
    const std::string tight(text);
    text.reserve(1000); // is read where it is
    EXPECT_EQ(json::dump(json::parse(text)), R"([1,"x"])");
    EXPECT_EQ(json::dump(json::parse(tight)), R"([1,"x"])");
    EXPECT_EQ(json::dump(json::parse(std::string_view(text).substr(0, 8))), R"([1,"x"])");
    text.resize(7);
    EXPECT_THROW(json::parse(text), json::error); // what is behind it is not
}

TEST(Json, SkipsOneByteOrderMark)
{
    EXPECT_EQ(json::parse<int>("\xef\xbb\xbf"
                               "5"),
              5);
    EXPECT_EQ(problem("\xef\xbb\xbf\xef\xbb\xbf"
                      "5"),
              "JSON: line 1, column 1: expected a value");
}

TEST(Json, HasLimits)
{
    const auto nested = [](std::size_t depth) { return std::string(depth, '[') + "1" + std::string(depth, ']'); };
    EXPECT_EQ(json::dump(json::parse(nested(256))), nested(256));
    EXPECT_EQ(problem(nested(257)), "JSON: line 1, column 257: is nested too deep");
    EXPECT_EQ(problem(nested(100'000)), "JSON: line 1, column 257: is nested too deep");
    EXPECT_EQ(problem(std::string(100'000, '[')), "JSON: line 1, column 257: is nested too deep");
    EXPECT_EQ(json::dump(json::parse(nested(1024), {.max_depth = 100'000})), nested(1024));
    EXPECT_EQ(problem(nested(1025), {.max_depth = 100'000}), "JSON: line 1, column 1025: is nested too deep");
    EXPECT_EQ(problem("[[1]]", {.max_depth = 1}), "JSON: line 1, column 2: is nested too deep");
    EXPECT_EQ(problem("[100]", {.max_size = 4}), "JSON: the text has 5 bytes, more than the 4 of options::max_size");

    json::value deep;
    for (int i = 0; i < 1026; ++i)
        deep = json::array{std::move(deep)};
    EXPECT_THROW(json::dump(deep), json::error);
}

TEST(Json, RefusesToWriteWhatJsonCantSay)
{
    EXPECT_THROW(json::dump(std::nan("")), json::error);
    EXPECT_THROW(json::dump(std::vector<double>{1, INFINITY}), json::error);
    EXPECT_THROW(json::dump(INFINITY * -1.0f), json::error);
    for (const std::string_view text : {"\xff", "a\x80", "\xc3", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc0\xaf"})
        EXPECT_THROW(json::dump(text), json::error);
}

TEST(Json, Indents)
{
    const json::value value =
        json::object{{"a", json::array{1, json::object{{"b", nullptr}}}}, {"c", json::array{}}, {"d", json::object{}}};
    EXPECT_EQ(json::dump(value, {.indent = 2}), R"({
  "a": [
    1,
    {
      "b": null
    }
  ],
  "c": [],
  "d": {}
})");
    EXPECT_EQ(json::dump(song{"x", {}, {"y"}}, {.indent = 1}),
              "{\n \"title\": \"x\",\n \"year\": null,\n \"tags\": [\n  \"y\"\n ]\n}");
}

TEST(Json, MayBeParsedWhileItIsRead)
{
    // Whose reading parses another text.
    struct envelope {
        std::string text;
        int first = 0;
        envelope& assign(std::string_view json)
        {
            text = json;
            first = json::parse<std::vector<int>>(json).at(0);
            return *this;
        }
        using value_type = char;
    };
    const auto read = json::parse<std::vector<envelope>>(R"(["[1]", "[2]", "[3,4]"])");
    EXPECT_EQ(read[2].text, "[3,4]");
    EXPECT_EQ(read[1].first, 2);
}

TEST(Json, SurvivesEveryCut)
{
    constexpr std::string_view whole =
        R"({"a":[1,-2.5e3,"x\n\u00e9😀",true,false,null,{}],"b":{"c":[[]]},"d":18446744073709551616})";
    for (std::size_t length = 0; length < whole.size(); ++length) {
        EXPECT_THROW(json::parse(whole.substr(0, length)), json::error) << length;
        std::string spoiled(whole);
        spoiled[length] ^= 0x10;
        problem(spoiled);
    }
}

} // namespace
