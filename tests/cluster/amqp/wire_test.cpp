// SPDX-License-Identifier: MIT
#include "cluster/amqp/wire.hpp"

#include <simul/base/error.hpp>
#include <simul/text/json.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace {

using namespace simul;
using namespace simul::cluster::amqp;
using namespace std::string_view_literals;

template <class... Fields> bytes written(const Fields&... fields)
{
    bytes out;
    writer to(out);
    to(fields...);
    return out;
}

/// The table that `fields` are, as JSON; or what is wrong.
std::string table_of(std::string_view fields, const table_limits& within = {})
{
    const bytes input = written(long_string{fields});
    reader from(input, within);
    table made;
    from(made);
    return from.why() ? from.why() : json::dump(json::value(made));
}

TEST(AmqpWire, WritesNumbersInNetworkOrder)
{
    EXPECT_EQ(written(std::uint8_t{0x12}, std::uint16_t{0x1234}, std::uint32_t{0x12345678},
                      std::uint64_t{0x8000000000000001}),
              "\x12\x12\x34\x12\x34\x56\x78\x80\0\0\0\0\0\0\x01"sv);
    EXPECT_EQ(written("abc"sv, long_string{"de"}), "\x03"
                                                   "abc\0\0\0\x02"
                                                   "de"sv);
}

TEST(AmqpWire, ReadsWhatItWrites)
{
    const bytes out = written(std::uint8_t{255}, std::uint16_t{65535}, std::uint32_t{1}, std::uint64_t{1} << 63, ""sv,
                              long_string{"text"});
    reader from(out);
    std::uint8_t a = 0;
    std::uint16_t b = 0;
    std::uint32_t c = 0;
    std::uint64_t d = 0;
    std::string_view e = "x";
    long_string f;
    from(a, b, c, d, e, f);
    EXPECT_EQ(from.why(), nullptr);
    EXPECT_TRUE(from.rest().empty());
    EXPECT_EQ(a, 255);
    EXPECT_EQ(b, 65535);
    EXPECT_EQ(c, 1u);
    EXPECT_EQ(d, std::uint64_t{1} << 63);
    EXPECT_EQ(e, "");
    EXPECT_EQ(f.text, "text");
}

TEST(AmqpWire, FlagsShareAnOctet)
{
    bytes out;
    writer to(out);
    const bool on = true;
    const bool off = false;
    to.bits(on, off, on);
    EXPECT_EQ(out, "\x05");
    reader from(out);
    bool a = false;
    bool b = true;
    bool c = false;
    from.bits(a, b, c);
    EXPECT_TRUE(a && !b && c);
}

TEST(AmqpWire, AfterWhatCannotBeReadAllIsEmpty)
{
    reader from("\x05"
                "ab"sv);
    std::string_view name = "x";
    std::uint32_t number = 7;
    from(name, number);
    EXPECT_STREQ(from.why(), "something that ends too soon");
    EXPECT_EQ(name, "");
    EXPECT_EQ(number, 0u);
}

TEST(AmqpWire, ReadsTablesOfAllTypes)
{
    EXPECT_EQ(table_of(""), "{}");
    EXPECT_EQ(table_of("\x01"
                       "at\x01\x01"
                       "bt\0"sv),
              R"({"a":true,"b":false})");
    EXPECT_EQ(table_of("\1ab\xff\1bB\xff\1cs\xff\xfe\1du\xff\xfe"sv), R"({"a":-1,"b":255,"c":-2,"d":65534})");
    EXPECT_EQ(table_of("\1aI\xff\xff\xff\xfe\1bi\xff\xff\xff\xfe"sv), R"({"a":-2,"b":4294967294})");
    EXPECT_EQ(table_of("\1al\xff\xff\xff\xff\xff\xff\xff\xfe\1bL\xff\xff\xff\xff\xff\xff\xff\xfe"sv),
              R"({"a":-2,"b":-2})");
    EXPECT_EQ(table_of("\1aT\0\0\0\0\x65\x00\x00\x00"sv), R"({"a":1694498816})");
    EXPECT_EQ(table_of("\1af\x3f\xc0\0\0\1bd\xbf\xf8\0\0\0\0\0\0"sv), R"({"a":1.5,"b":-1.5})");
    EXPECT_EQ(table_of("\1aD\x02\0\0\x01\x3a"sv), R"({"a":3.14})");
    EXPECT_EQ(table_of("\1aS\0\0\0\2hi\1bx\0\0\0\1!\1cV"sv), R"({"a":"hi","b":"!","c":null})");
    EXPECT_EQ(table_of("\1aA\0\0\0\x06t\1VI\0\0\0"sv), "something that ends too soon");
    EXPECT_EQ(table_of("\1aA\0\0\0\x03t\1V\1bF\0\0\0\3\1xV"sv), R"({"a":[true,null],"b":{"x":null}})");
}

TEST(AmqpWire, TheLastOfEqualNamesCounts)
{
    EXPECT_EQ(table_of("\1aB\1\1bV\1aB\2"sv), R"({"a":2,"b":null})");
}

TEST(AmqpWire, RefusesWhatIsNoTable)
{
    EXPECT_EQ(table_of("\1a"sv), "something that ends too soon");
    EXPECT_EQ(table_of("\1a?"sv), "a table with a value of unknown type");
    EXPECT_EQ(table_of("\1aS\xff\xff\xff\xffx"sv), "something that ends too soon");
    EXPECT_EQ(table_of("\1aF\0\0\0\2\1x\1bV"sv), "something that ends too soon");
    EXPECT_EQ(table_of("\1aA\0\0\0\1I\1bV"sv), "something that ends too soon");
}

TEST(AmqpWire, KeepsToItsLimits)
{
    const table_limits within = {.values = 3, .depth = 2};
    EXPECT_EQ(table_of("\1aV\1bV\1cV"sv, within), R"({"a":null,"b":null,"c":null})");
    EXPECT_EQ(table_of("\1aV\1bV\1cV\1dV"sv, within), "a table of too many values");
    EXPECT_EQ(table_of("\1aA\0\0\0\3VVV"sv, within), "a table of too many values");
    EXPECT_EQ(table_of("\1aF\0\0\0\0"sv, within), R"({"a":{}})");
    EXPECT_EQ(table_of("\1aF\0\0\0\7\1aF\0\0\0\0"sv, within), "a table that is nested too deeply");
    EXPECT_EQ(table_of("\1aA\0\0\0\5A\0\0\0\0"sv, within), "a table that is nested too deeply");

    std::string nested; // as deep as a frame allows
    for (std::uint32_t inside = 20'000; inside-- > 0;)
        nested += 'A' + written(5 * inside);
    EXPECT_EQ(table_of("\1a" + nested), "a table that is nested too deeply");
}

TEST(AmqpWire, WritesWhateverJsonHas)
{
    const table all{{"null", nullptr},
                    {"yes", true},
                    {"small", -5},
                    {"large", std::int64_t{5'000'000'000}},
                    {"real", 0.5},
                    {"text", "hi"},
                    {"array", json::array{1, "two", json::array{}}},
                    {"object", json::object{{"inner", json::object{}}}}};
    const bytes out = written(all);
    reader from(out);
    table back;
    from(back);
    EXPECT_EQ(from.why(), nullptr);
    EXPECT_EQ(back, all);
    EXPECT_TRUE(from.rest().empty());
}

TEST(AmqpWire, SaysWhatItCannotWrite)
{
    const auto error_of = [](const auto& field) -> std::string {
        try {
            written(field);
        } catch (const error& e) {
            return e.what();
        }
        return "";
    };
    EXPECT_EQ(error_of(std::string_view(std::string(256, 'a'))),
              "amqp: \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...\" has 256 bytes, and names may have 255");
    EXPECT_EQ(error_of(table{{"n", std::numeric_limits<std::uint64_t>::max()}}),
              "amqp: the number 18446744073709551615 is too large for a table");
    EXPECT_EQ(error_of(table{{std::string(300, 'n'), 1}}).substr(0, 10), "amqp: \"nnn");
    EXPECT_EQ(error_of(std::string_view(std::string(255, 'a'))), "");
}

} // namespace
