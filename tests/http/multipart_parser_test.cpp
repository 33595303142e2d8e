// SPDX-License-Identifier: MIT
#include "multipart_transcript.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace simul::http;
using namespace simul::http::detail;

/// What a form with the boundary "b" says, the same in any cut.
std::string read(const std::string& body, const multipart_limits& within = {})
{
    const std::string whole = form_transcript("b", body, body.size() + 1, within);
    for (const std::size_t cut : {1, 2, 3, 5, 7, 11, 50})
        EXPECT_EQ(form_transcript("b", body, cut, within), whole) << cut;
    return whole;
}
/// With this head, and the data "x".
std::string read_head(const std::string& lines)
{
    return read("--b\r\n" + lines + "\r\n\r\nx\r\n--b--");
}
std::string read_disposition(const std::string& parameters)
{
    return read_head("Content-Disposition: form-data" + parameters);
}
std::string part(const std::string& name, const std::string& data)
{
    return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + data + "\r\n";
}

TEST(MultipartParser, TellsPartsAndTheirData)
{
    EXPECT_EQ(read("--b\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nRook endings\r\n"
                   "--b\r\nContent-Disposition: form-data; name=\"games\"; filename=\"a.pgn\"\r\n"
                   "Content-Type: text/plain\r\n\r\n1. e4\r\n2. d4\r\n\r\n--b--\r\n"),
              "[title]Rook endings;[games|a.pgn|text/plain]1. e4\r\n2. d4\r\n;END");
}

TEST(MultipartParser, FindsBoundariesWhereverTheyAreCut)
{
    const std::string body = part("a", "\r\n\r\r\n-\r\n--\r\n-b\r\n--c--b\r\n\r") + part("b", "") + "--b--";
    const std::string expected = "[a]\r\n\r\r\n-\r\n--\r\n-b\r\n--c--b\r\n\r;[b];END";
    for (std::size_t cut = 1; cut <= body.size(); ++cut)
        ASSERT_EQ(form_transcript("b", body, cut), expected) << cut;
    const std::string long_one(70, 'b');
    const std::string with_long = "--" + long_one + "\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n--" +
                                  long_one.substr(1) + "\r\n--" + long_one + "--";
    for (std::size_t cut = 1; cut <= with_long.size(); ++cut)
        ASSERT_EQ(form_transcript(long_one, with_long, cut), "[a]\r\n--" + long_one.substr(1) + ";END") << cut;
}

TEST(MultipartParser, PassesOverWhatStandsAround)
{
    EXPECT_EQ(read("preamble\r\n--c\r\n" + part("a", "x") + "--b--\r\nepilogue --b\r\n--b\r\n"), "[a]x;END");
    EXPECT_EQ(read("\r\n" + part("a", "x") + "--b--"), "[a]x;END");
    EXPECT_EQ(read("--b \t\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--b--"), "[a]x;END");
    EXPECT_EQ(read("--b--"), "END");
    EXPECT_EQ(read("--b--\r\n"), "END");
    EXPECT_EQ(read("x--b--"), "400 the form breaks off"); // a boundary begins a line
}

TEST(MultipartParser, PartsMayBeEmpty)
{
    EXPECT_EQ(read(part("a", "") + part("b", "") + "--b--"), "[a];[b];END");
    EXPECT_EQ(read("--b\r\nContent-Disposition: form-data; name=a\r\n\r\n--b--"), "[a];END"); // no line of their own
    EXPECT_EQ(read(part("a", "\r\n") + "--b--"), "[a]\r\n;END");
    EXPECT_EQ(read(part("", "x") + "--b--"), "[]x;END");
}

TEST(MultipartParser, MayHaveManyParts)
{
    std::string body, expected;
    for (int i = 0; i < 1000; ++i) {
        body += part("p" + std::to_string(i), std::to_string(i));
        expected += "[p" + std::to_string(i) + "]" + std::to_string(i) + ";";
    }
    EXPECT_EQ(form_transcript("b", body + "--b--", 1000), expected + "END");
    EXPECT_EQ(form_transcript("b", body + part("one", "more") + "--b--", 1000),
              expected + "413 the form has too many parts");
    EXPECT_EQ(read(part("a", "") + part("b", "") + "--b--", {.parts = 1}), "[a];413 the form has too many parts");
}

TEST(MultipartParser, LeavesInnerMultipartsAsTheyAre)
{
    const std::string inner = "--inner\r\nContent-Disposition: attachment; filename=x\r\n\r\nx\r\n--inner--\r\n";
    EXPECT_EQ(read("--b\r\nContent-Disposition: form-data; name=\"files\"\r\n"
                   "Content-Type: multipart/mixed; boundary=inner\r\n\r\n" +
                   inner + "\r\n--b--"),
              "[files|multipart/mixed; boundary=inner]" + inner + ";END");
}

TEST(MultipartParser, ReadsNamesAsBrowsersWriteThem)
{
    EXPECT_EQ(read_disposition("; name=a"), "[a]x;END");
    EXPECT_EQ(read_disposition(";NAME=\"a b\""), "[a b]x;END");
    EXPECT_EQ(read_disposition("; name=\"%22a%0D%0a%25\""), "[\"a\r\n%25]x;END");
    EXPECT_EQ(read_disposition(R"(; name="\"a\\")"), "[\"a\\]x;END"); // curl
    EXPECT_EQ(read_disposition("; name=\"\xf0\x9f\x90\xb4\""), "[\xf0\x9f\x90\xb4]x;END");
    EXPECT_EQ(read_disposition("; name=a; name=b"), "[a]x;END");
    EXPECT_EQ(read_disposition("; name=\"a; filename=b\""), "[a; filename=b]x;END");
    EXPECT_EQ(read_head("CONTENT-DISPOSITION: Form-Data; name=a"), "[a]x;END");
}

TEST(MultipartParser, ReadsNamesOfFilesWithoutFolders)
{
    EXPECT_EQ(read_disposition("; name=a; filename=\"b.txt\""), "[a|b.txt]x;END");
    EXPECT_EQ(read_disposition("; name=a; filename=\"\""), "[a|]x;END"); // no file was chosen
    EXPECT_EQ(read_disposition(R"(; name=a; filename="C:\Users\me\b.txt")"), "[a|b.txt]x;END");
    EXPECT_EQ(read_disposition("; name=a; filename=\"../../etc/passwd\""), "[a|passwd]x;END");
    EXPECT_EQ(read_disposition("; name=a; filename=\"..\""), "[a|]x;END");
    EXPECT_EQ(read_disposition("; name=a; filename=\"a/.\""), "[a|]x;END");
    EXPECT_EQ(read_disposition("; name=a; filename*=UTF-8''na%C3%AFve%2Fb.txt"), "[a|b.txt]x;END");
    EXPECT_EQ(read_disposition("; name=a; filename*=utf-8'de'na%C3%AFve"), "[a|na\xc3\xafve]x;END");
    EXPECT_EQ(read_disposition("; name=a; filename=b; filename*=UTF-8''c"), "[a|b]x;END");
    EXPECT_EQ(read_disposition("; name=a; filename*=latin1''c"), "[a]x;END");
    EXPECT_EQ(read_disposition("; name=a; filename*=c"), "[a]x;END");
}

TEST(MultipartParser, RefusesHeadsThatItDoesNotUnderstand)
{
    EXPECT_EQ(read_head("X: y"), "400 a part has no Content-Disposition, or several");
    EXPECT_EQ(read_head("Content-Disposition: form-data; name=a\r\nContent-Disposition: form-data; name=b"),
              "400 a part has no Content-Disposition, or several");
    EXPECT_EQ(read_head("Content-Disposition: attachment; name=a"), "400 a part isn't form-data");
    EXPECT_EQ(read_disposition(""), "400 a part has no name");
    EXPECT_EQ(read_disposition("; filename=b"), "400 a part has no name");
    EXPECT_EQ(read_head("Content-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64"),
              "400 a part has a Content-Transfer-Encoding");
    EXPECT_EQ(read_head("Content-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: 8BIT"), "[a]x;END");
    for (const char* bad : {"no colon", " X: folded", "X : y", ": y", "X: a\rb", "X: \x01", "X\xe9: y"})
        EXPECT_EQ(read_head(bad), "400 a line in the head of a part is no field") << bad;
    EXPECT_EQ(read("--b\r\nX: " + std::string(1, '\0') + "\r\n"), "400 a line in the head of a part is no field");
    EXPECT_EQ(read("--b\r\nX: y\n\n"), "400 a line of a part's head doesn't end in CRLF");
}

TEST(MultipartParser, RefusesBoundariesThatGoOn)
{
    EXPECT_EQ(read("--bc\r\n"), "400 something stands behind a boundary");
    EXPECT_EQ(read("--b-\r\n"), "400 something stands behind a boundary");
    EXPECT_EQ(read("--b\n"), "400 something stands behind a boundary");
    EXPECT_EQ(read("--b --"), "400 something stands behind a boundary");
    EXPECT_EQ(read("--b \t-"), "400 something stands behind a boundary");
    EXPECT_EQ(read("--b\r \n"), "400 something stands behind a boundary");
    EXPECT_EQ(read("--b\r\r\n"), "400 something stands behind a boundary");
    EXPECT_EQ(read(part("a", "x\r\n--bb")), "[a]x;400 something stands behind a boundary");
}

TEST(MultipartParser, SaysWhenSomethingIsMissing)
{
    const std::string body = part("a", "x") + "--b--";
    for (std::size_t size = 0; size < body.size(); ++size)
        EXPECT_TRUE(read(body.substr(0, size)).ends_with("400 the form breaks off")) << size;
    EXPECT_EQ(read(body), "[a]x;END");
}

TEST(MultipartParser, IsLimited)
{
    EXPECT_EQ(read("--b\r\nX: " + std::string(200, 'x') + "\r\n", {.head = 100}),
              "431 the head of a part is too large");
    EXPECT_EQ(read("--b\r\n" + std::string(200, 'x'), {.head = 100}), "431 the head of a part is too large");
    EXPECT_EQ(read("--b\r\nX: " + std::string(9000, 'x')), "431 the head of a part is too large");
    EXPECT_EQ(read(part("a", "12345") + part("b", "12345") + "--b--", {.part = 5}), "[a]12345;[b]12345;END");
    const std::string beyond = form_transcript("b", part("a", "123456") + "--b--", 1, {.part = 5});
    EXPECT_EQ(beyond, "[a]12345413 a part of the form is too large");
    EXPECT_EQ(form_transcript("b", part("a", "12\r\n--c") + "--b--", 1, {.part = 5}),
              "[a]12413 a part of the form is too large");
}

TEST(MultipartParser, IsLinearInAlmostBoundaries)
{
    const std::string boundary(70, '-');
    std::string data;
    while (data.size() < 1 << 20)
        data += "\r\n" + std::string(71, '-');
    data += "x";
    const std::string body = "--" + boundary + "\r\nContent-Disposition: form-data; name=a\r\n\r\n" + data;
    EXPECT_TRUE(form_transcript(boundary, body, 4096) == "[a]" + data + "400 the form breaks off");
}

TEST(MultipartBoundary, IsInTheContentType)
{
    EXPECT_EQ(multipart_boundary("multipart/form-data; boundary=----WebKitFormBoundaryABC"),
              "----WebKitFormBoundaryABC");
    EXPECT_EQ(multipart_boundary("Multipart/Form-Data; charset=utf-8; Boundary=\"a b\""), "a b");
    for (const char* none : {"", "multipart/form-data", "multipart/mixed; boundary=a",
                             "multipart/form-data; boundary=", "multipart/form-data; boundary=\"\"",
                             "multipart/form-data; boundary=\"a \"", "multipart/form-data; boundary=\"a\r\nb\"",
                             "multipart/form-data; boundary=\"a\\\"b\"", "text/plain; boundary=a"})
        EXPECT_EQ(multipart_boundary(none), std::nullopt) << none;
    EXPECT_TRUE(multipart_boundary("multipart/form-data; boundary=" + std::string(70, 'a')));
    EXPECT_FALSE(multipart_boundary("multipart/form-data; boundary=" + std::string(71, 'a')));
}

} // namespace
