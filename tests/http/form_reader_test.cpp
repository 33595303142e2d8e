// SPDX-License-Identifier: MIT
#include "server/site.hpp"

#include <simul/http/form_reader.hpp>

#include <string>

namespace {

using namespace site;

/// The form, as `handler` reads it.
std::string posted(std::string_view body, std::string_view type = "multipart/form-data; boundary=b")
{
    const std::size_t size = wire(body).size();
    return "POST / HTTP/1.1$Host: a$Connection: close$Content-Type: " + std::string(type) +
           "$Content-Length: " + std::to_string(size) + "$$" + std::string(body);
}
constexpr std::string_view two_parts =
    "--b$Content-Disposition: form-data; name=\"title\"$$Rook endings$"
    "--b$Content-Disposition: form-data; name=\"game\"; filename=\"a.pgn\"$$1. e4$--b--$";

/// What stands behind the head of the answer, and its status.
std::string said(std::string_view answer)
{
    return std::string(answer.substr(9, 4)).append(answer.substr(answer.find("$$") + 2));
}

task<response> read_all(request& asked)
{
    std::string text;
    http::form_reader form(asked, {.parts = 3});
    while (auto part = co_await form.next())
        text += "[" + part->name + (part->is_file ? "|" + part->filename : "") + "]" + co_await form.read_all(20) + ";";
    EXPECT_EQ(co_await form.read_some(), "");
    EXPECT_FALSE(co_await form.next());
    co_return text;
}

task<std::string> answer_of(task<response> (*handler)(request&), std::string text)
{
    http::server site;
    site.post("/", handler);
    served serving(site);
    std::string got = co_await ask(serving.at, text);
    co_await serving.close();
    co_return said(got);
}

SIMUL_TEST(FormReader, GivesOnePartAfterTheOther)
{
    EXPECT_EQ(co_await answer_of(read_all, posted(two_parts)), "200 [title]Rook endings;[game|a.pgn]1. e4;");
    EXPECT_EQ(co_await answer_of(read_all, posted("--b--")), "200 ");
}

SIMUL_TEST(FormReader, PassesOverWhatNobodyReads)
{
    const auto names = [](request& asked) -> task<response> {
        std::string text;
        http::form_reader form(asked);
        while (auto part = co_await form.next())
            text += part->name + ";";
        co_return text;
    };
    EXPECT_EQ(co_await answer_of(names, posted(two_parts)), "200 title;game;");
}

SIMUL_TEST(FormReader, GivesDataPieceByPiece)
{
    const auto pieces = [](request& asked) -> task<response> {
        std::string text;
        http::form_reader form(asked);
        EXPECT_EQ(co_await form.read_some(), ""); // no part yet
        while (co_await form.next()) {
            for (bytes piece = co_await form.read_some(); !piece.empty(); piece = co_await form.read_some())
                text += piece;
            text += ";";
        }
        co_return text;
    };
    EXPECT_EQ(co_await answer_of(pieces, posted(two_parts)), "200 Rook endings;1. e4;");
}

SIMUL_TEST(FormReader, ReadsWhileItComes)
{
    http::server site;
    site.post("/", read_all);
    served serving(site);
    simul::stream peer = co_await simul::tcp::connect(serving.at);
    for (const char c : wire(posted(two_parts))) {
        co_await peer.write(std::string_view(&c, 1));
        co_await simul::sleep(1ms);
    }
    EXPECT_EQ(said(readable(co_await peer.read_all())), "200 [title]Rook endings;[game|a.pgn]1. e4;");
    co_await peer.close();
    co_await serving.close();
}

SIMUL_TEST(FormReader, SaysWhatIsWrong)
{
    EXPECT_EQ(co_await answer_of(read_all, posted("a=1", "application/x-www-form-urlencoded")),
              "415 415 Unsupported Media Type: a form is expected, as multipart/form-data\n");
    EXPECT_EQ(co_await answer_of(read_all, posted("--b$X: y$$")),
              "400 400 Bad Request: a part has no Content-Disposition, or several\n");
    EXPECT_EQ(co_await answer_of(read_all, posted("--b$Content-Disposition: form-data; name=a$$x")),
              "400 400 Bad Request: the form breaks off\n");
    const std::string part = "--b$Content-Disposition: form-data; name=a$$123456789 123456789 1$";
    EXPECT_EQ(co_await answer_of(read_all, posted(part + "--b--")),
              "413 413 Content Too Large: a part of the form is too large\n");
    const std::string small = "--b$Content-Disposition: form-data; name=a$$1$";
    EXPECT_EQ(co_await answer_of(read_all, posted(small + small + small + small + "--b--")),
              "413 413 Content Too Large: the form has too many parts\n");
}

} // namespace
