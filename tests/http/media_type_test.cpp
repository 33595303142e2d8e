// SPDX-License-Identifier: MIT
#include <simul/base/error.hpp>
#include <simul/http/media_type.hpp>

#include <gtest/gtest.h>

#include <string>

namespace {

using simul::http::charset_of;
using simul::http::media_type;
using simul::http::type_of_file;

/// As it is sent again; "none" for what is no media type.
std::string again(std::string_view text)
{
    const auto type = media_type::try_parse(text);
    return type ? to_string(*type) : "none";
}

TEST(MediaType, HasATypeASubtypeAndParameters)
{
    const auto type = media_type::try_parse(R"(Text/HTML; Charset="UTF-8"; x=Y)");
    ASSERT_TRUE(type);
    EXPECT_EQ(type->essence, "text/html");
    EXPECT_EQ(type->type(), "text");
    EXPECT_EQ(type->subtype(), "html");
    EXPECT_EQ(type->parameter("CHARSET"), "UTF-8");
    EXPECT_EQ(type->parameter("x"), "Y");
    EXPECT_EQ(type->parameter("y"), std::nullopt);
    EXPECT_EQ(to_string(*type), "text/html; charset=UTF-8; x=Y");
}

TEST(MediaType, PassesOverWhatIsNoParameter)
{
    EXPECT_EQ(again("text/html"), "text/html");
    EXPECT_EQ(again(" text/html ; "), "text/html");
    EXPECT_EQ(again("text/html;;; charset=a"), "text/html; charset=a");
    EXPECT_EQ(again("text/html; charset; x=y"), "text/html; x=y");
    EXPECT_EQ(again("text/html; =x; y =z"), "text/html; y=z");
    EXPECT_EQ(again("text/html; charset=; x=y"), "text/html; x=y");
    EXPECT_EQ(again("text/html; charset=a; CHARSET=b"), "text/html; charset=a");
    EXPECT_EQ(again("text/html; ch arset=a"), "text/html");
    EXPECT_EQ(again("text/html; x=\"a\x01\"; y=z"), "text/html; y=z");
    EXPECT_EQ(again("text/html charset=utf-8"), "none");
    for (const char* none : {"", "text", "/", "text/", "/html", "te xt/html", "text/html/x", "*", ";charset=a"})
        EXPECT_EQ(again(none), "none") << none;
}

TEST(MediaType, ReadsAndWritesQuotes)
{
    const auto type = media_type::try_parse(R"(a/b; x="a \"quoted\" \\ one; y=1"ignored; z=2; w="open)");
    ASSERT_TRUE(type);
    EXPECT_EQ(type->parameter("x"), R"(a "quoted" \ one; y=1)");
    EXPECT_EQ(type->parameter("y"), std::nullopt);
    EXPECT_EQ(type->parameter("z"), "2");
    EXPECT_EQ(type->parameter("w"), "open");
    EXPECT_EQ(media_type::try_parse(to_string(*type)), type);
    EXPECT_EQ(to_string(media_type{"a/b", {{"empty", ""}}}), "a/b; empty=\"\"");
}

TEST(MediaType, WritesOnlyWhatCanBeSent)
{
    EXPECT_THROW(to_string(media_type()), simul::error);
    EXPECT_THROW(to_string(media_type{"text/", {}}), simul::error);
    EXPECT_THROW(to_string(media_type{"text/html\r\n", {}}), simul::error);
    EXPECT_THROW(to_string(media_type{"text/html", {{"a b", "c"}}}), simul::error);
    EXPECT_THROW(to_string(media_type{"text/html", {{"a", "b\r\nSet-Cookie: c"}}}), simul::error);
}

TEST(MediaType, HasFewParameters)
{
    std::string many = "a/b";
    for (int i = 0; i < 1000; ++i)
        many.append(";p").append(std::to_string(i)).append("=1");
    EXPECT_EQ(media_type::try_parse(many)->parameters.size(), 16u);
}

TEST(MediaType, KnowsJson)
{
    for (const char* json : {"application/json", "text/json", "application/problem+json", "Application/LD+JSON; x=y"})
        EXPECT_TRUE(media_type::try_parse(json)->is_json()) << json;
    for (const char* other : {"application/jsonl", "application/json-seq", "text/html", "json/x"})
        EXPECT_FALSE(media_type::try_parse(other)->is_json()) << other;
}

TEST(MediaType, FollowsFromTheExtensionOfAFile)
{
    EXPECT_EQ(type_of_file("page.html"), "text/html");
    EXPECT_EQ(type_of_file("/srv/www/PAGE.HTM"), "text/html");
    EXPECT_EQ(type_of_file("archive.tar.gz"), "application/gzip");
    EXPECT_EQ(type_of_file("app.js"), "text/javascript");
    EXPECT_EQ(type_of_file("a.webmanifest"), "application/manifest+json");
    EXPECT_EQ(type_of_file("a.7z"), "application/x-7z-compressed");
    EXPECT_EQ(type_of_file("a.zst"), "application/zstd");
    for (const char* unknown : {"", "README", "a.", ".html", "dir.html/file", "a.unknown", "a.htmlx", "a.ht\xc3\xb6l",
                                "a.averylongextension", "a.webmanifestx", "a/", "."})
        EXPECT_EQ(type_of_file(unknown), "application/octet-stream") << unknown;
}

TEST(MediaType, NamesTheCharset)
{
    EXPECT_EQ(charset_of("text/html; charset=latin1"), "windows-1252");
    EXPECT_EQ(charset_of("text/html; charset=\"utf-8\""), "UTF-8");
    EXPECT_EQ(charset_of("text/html"), "UTF-8");
    EXPECT_EQ(charset_of("text/html; charset=klingon"), "UTF-8");
    EXPECT_EQ(charset_of(""), "UTF-8");
    EXPECT_EQ(charset_of("charset=latin1"), "UTF-8");
}

} // namespace
