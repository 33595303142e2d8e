// SPDX-License-Identifier: MIT
#include <simul/base/error.hpp>
#include <simul/text/charset.hpp>

#include <gtest/gtest.h>

namespace {

using simul::to_utf8;
using namespace std::literals;

TEST(Charset, KnowsWhatLabelsMean)
{
    EXPECT_EQ(simul::charset_name("utf-8"), "UTF-8");
    EXPECT_EQ(simul::charset_name(" UTF8\n"), "UTF-8");
    EXPECT_EQ(simul::charset_name("ISO-8859-1"), "windows-1252");
    EXPECT_EQ(simul::charset_name("latin1"), "windows-1252");
    EXPECT_EQ(simul::charset_name("gb2312"), "GBK");
    EXPECT_EQ(simul::charset_name("SJIS"), "Shift_JIS");
    EXPECT_EQ(simul::charset_name("utf-16"), "UTF-16LE");
    for (const std::string_view none : {"", " ", "utf-7", "utf 8", "latin1 ascii", "x"})
        EXPECT_EQ(simul::charset_name(none), "") << none;
}

TEST(Charset, ConvertsToUtf8)
{
    EXPECT_EQ(to_utf8("caf\xe9 \x80\x9f\x81", "latin1"), "café €Ÿ\u0081");
    EXPECT_EQ(to_utf8("\xcf\xf0\xe8\xe2\xe5\xf2", "windows-1251"), "Привет");
    EXPECT_EQ(to_utf8("\xf0\xd2\xc9\xd7\xc5\xd4", "koi8-r"), "Привет");
    EXPECT_EQ(to_utf8("\x93\xfa\x96\x7b", "shift_jis"), "日本");
    EXPECT_EQ(to_utf8("\xc6\xfc\xcb\xdc", "euc-jp"), "日本");
    EXPECT_EQ(to_utf8("\x1b$BF|K\\\x1b(B", "iso-2022-jp"), "日本");
    EXPECT_EQ(to_utf8("\xc4\xe3\xba\xc3", "gb2312"), "你好");
    EXPECT_EQ(to_utf8("\xa7\x41\xa6\x6e", "big5"), "你好");
    EXPECT_EQ(to_utf8("\xbe\xc8\xb3\xe7", "euc-kr"), "안녕");
    EXPECT_EQ(to_utf8("a\0\xe9\0"sv, "utf-16le"), "aé");
    EXPECT_EQ(to_utf8("\0a\0\xe9"sv, "utf-16be"), "aé");
    EXPECT_EQ(to_utf8(std::string(10'000, '\xe9'), "iso-8859-2").size(), 20'000u);
}

TEST(Charset, KnowsEveryCharsetOfItsTable)
{
    for (const std::string_view label :
         {"ibm866",       "iso-8859-2",     "iso-8859-3",   "iso-8859-4",   "iso-8859-5",   "iso-8859-6",
          "iso-8859-7",   "iso-8859-8",     "iso-8859-10",  "iso-8859-13",  "iso-8859-14",  "iso-8859-15",
          "iso-8859-16",  "koi8-r",         "koi8-u",       "macintosh",    "windows-874",  "windows-1250",
          "windows-1251", "windows-1253",   "windows-1254", "windows-1255", "windows-1256", "windows-1257",
          "windows-1258", "x-mac-cyrillic", "gbk",          "gb18030",      "big5",         "euc-jp",
          "iso-2022-jp",  "shift_jis",      "euc-kr",       "utf-16be",     "utf-16le"})
        EXPECT_NO_THROW(EXPECT_FALSE(to_utf8("ab", label).empty()) << label);
}

TEST(Charset, ReplacesWhatIsNoCharacter)
{
    EXPECT_EQ(to_utf8("a\xff"
                      "b",
                      "utf-8"),
              "a\ufffdb");
    EXPECT_EQ(to_utf8("\xe2\x82", "utf-8"), "\ufffd");
    EXPECT_EQ(to_utf8("\xe2\x82x\xf0\x9f\x98", "utf-8"), "\ufffdx\ufffd");
    EXPECT_EQ(to_utf8("\xed\xa0\x80", "utf-8"), "\ufffd\ufffd\ufffd");
    EXPECT_EQ(to_utf8("\xc0\xaf", "utf-8"), "\ufffd\ufffd");
    EXPECT_EQ(to_utf8("\xf4\x90\x80\x80", "utf-8"), "\ufffd\ufffd\ufffd\ufffd");
    EXPECT_EQ(to_utf8("\x00\xd8z\0"sv, "utf-16le"), "\ufffdz");
    EXPECT_EQ(to_utf8("a\0b"sv, "utf-16le"), "a\ufffd");
}

TEST(Charset, BelievesAByteOrderMark)
{
    EXPECT_EQ(to_utf8("\xef\xbb\xbf\xc3\xa9", "latin1"), "é");
    EXPECT_EQ(to_utf8("\xff\xfe\xe9\0"sv, "latin1"), "é");
    EXPECT_EQ(to_utf8("\xfe\xff\0\xe9"sv, "latin1"), "é");
}

TEST(Charset, RefusesAnUnknownOne)
{
    try {
        to_utf8("a", "utf-7");
        FAIL();
    } catch (const simul::error& e) {
        EXPECT_STREQ(e.what(), "convert text: there is no charset \"utf-7\"");
    }
}

TEST(Charset, TellsUtf8)
{
    EXPECT_TRUE(simul::is_utf8(""));
    EXPECT_TRUE(simul::is_utf8("é€😀 and more than eight bytes of ASCII"));
    for (const std::string_view text :
         {"\x80", "\xc3", "\xc1\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80", "\xf5\x80\x80\x80"}) {
        EXPECT_FALSE(simul::is_utf8(text));
        EXPECT_FALSE(simul::is_utf8("12345678" + std::string(text)));
    }
}

} // namespace
