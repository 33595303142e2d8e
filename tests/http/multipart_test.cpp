// SPDX-License-Identifier: MIT
#include "multipart_transcript.hpp"

#include <simul/base/error.hpp>
#include <simul/http/multipart.hpp>
#include <simul/testing/gtest.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

namespace http = simul::http;
using simul::bytes;
using simul::task;

/// What a server makes of it.
std::string read_back(const http::content& form, std::string_view body)
{
    const auto boundary = http::detail::multipart_boundary(form.type());
    EXPECT_TRUE(boundary) << form.type();
    return http::detail::form_transcript(boundary.value_or(""), body, 7);
}
std::string read_back(const http::content& form)
{
    EXPECT_FALSE(form.source());
    return read_back(form, form.data());
}

/// Says how often it was opened and closed.
class watched_source final : public http::content_source {
public:
    struct counts {
        int opened = 0, closed = 0;
    };

    watched_source(counts& noted, std::vector<std::string> pieces, bool knows_size = true)
        : noted_(noted), pieces_(std::move(pieces)), knows_size_(knows_size)
    {
    }
    task<std::unique_ptr<http::content_reader>> open() override
    {
        ++noted_.opened;
        if (pieces_.empty())
            throw simul::error(std::errc::no_such_file_or_directory, "there is none");
        co_return std::make_unique<reader>(*this);
    }
    bool is_repeatable() const noexcept override { return knows_size_; }
    std::string filename() const override { return name; }

    std::string name;

private:
    class reader final : public http::content_reader {
    public:
        explicit reader(watched_source& of) : of_(of) {}
        std::optional<std::uint64_t> size() const override
        {
            std::uint64_t size = 0;
            for (const std::string& each : of_.pieces_)
                size += each.size();
            return of_.knows_size_ ? std::optional(size) : std::nullopt;
        }
        task<bytes> next() override { co_return at_ < of_.pieces_.size() ? of_.pieces_[at_++] : bytes(); }
        task<> close() override
        {
            ++of_.noted_.closed;
            co_return;
        }

    private:
        watched_source& of_;
        std::size_t at_ = 0;
    };

    counts& noted_;
    std::vector<std::string> pieces_;
    bool knows_size_;
};

task<bytes> read_all(http::content_reader& from)
{
    bytes all;
    while (true) {
        const bytes piece = co_await from.next();
        if (piece.empty())
            co_return all;
        all += piece;
    }
}

TEST(Multipart, SendsFieldsAndFiles)
{
    const http::content form = http::multipart({
        {.name = "title", .value = "Rook endings"},
        {.name = "games", .value = http::data("1. e4", ""), .filename = "a.txt"},
        {.name = "picture", .value = http::data("\x89PNG", "image/png"), .filename = "b"},
        {.name = "raw", .value = http::data("x")},
        {.name = "empty"},
    });
    EXPECT_EQ(read_back(form), "[title]Rook endings;[games|a.txt|text/plain]1. e4;[picture|b|image/png]\x89PNG;"
                               "[raw|application/octet-stream]x;[empty];END");
}

TEST(Multipart, IsWrittenAsBrowsersDo)
{
    const http::content form = http::multipart({{.name = "a\"\r\n%", .value = "1", .filename = "\"b\"\n.html"}});
    const std::string boundary = *http::detail::multipart_boundary(form.type());
    EXPECT_EQ(form.data(), "--" + boundary +
                               "\r\nContent-Disposition: form-data; name=\"a%22%0D%0A%\"; filename=\"%22b%22%0A.html\""
                               "\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n1\r\n--" +
                               boundary + "--\r\n");
    EXPECT_EQ(read_back(form), "[a\"\r\n%|\"b\"\n.html|text/plain; charset=utf-8]1;END");
}

TEST(Multipart, OfNothingIsAForm)
{
    EXPECT_EQ(read_back(http::multipart({})), "END");
}

TEST(Multipart, HasABoundaryThatNobodyKnowsBefore)
{
    const std::string first = http::multipart({}).type(), second = http::multipart({}).type();
    EXPECT_NE(first, second);
    EXPECT_EQ(first.size(), std::string_view("multipart/form-data; boundary=simul-").size() + 32);
}

TEST(Multipart, RefusesTypesThatCannotBeSent)
{
    EXPECT_THROW(http::multipart({{.name = "a", .value = http::data("1", "text/plain\r\nX: y")}}), simul::error);
}

SIMUL_TEST(Multipart, SendsFilesWhileTheyAreRead)
{
    watched_source::counts first, second;
    const http::content form = http::multipart({
        {.name = "a", .value = "1"},
        {.name = "b",
         .value = {std::make_shared<watched_source>(first, std::vector<std::string>{"2", "3"}), ""},
         .filename = "b.txt"},
        {.name = "c", .value = {std::make_shared<watched_source>(second, std::vector<std::string>{"4"}), "x/y"}},
    });
    CO_ASSERT_TRUE(form.source());
    EXPECT_TRUE(form.source()->is_repeatable());
    for (int time = 1; time <= 2; ++time) {
        const auto reader = co_await form.source()->open();
        EXPECT_EQ(second.opened, time);
        const auto size = reader->size();
        const bytes body = co_await read_all(*reader);
        EXPECT_EQ(read_back(form, body), "[a]1;[b|b.txt|text/plain]23;[c|x/y]4;END");
        EXPECT_EQ(size, body.size());
        co_await reader->close();
        EXPECT_EQ(first.closed, time);
        EXPECT_EQ(second.closed, time);
    }
}

SIMUL_TEST(Multipart, TakesTheNameOfAFile)
{
    EXPECT_EQ(http::file("/home/me/games.pgn").source()->filename(), "games.pgn");
    EXPECT_EQ(http::file("games.pgn").source()->filename(), "games.pgn");

    watched_source::counts noted;
    const auto file = std::make_shared<watched_source>(noted, std::vector<std::string>{"1"});
    file->name = "a.txt";
    const http::content form = http::multipart(
        {{.name = "a", .value = {file, ""}}, {.name = "b", .value = {file, "x/y"}, .filename = "b.txt"}});
    const auto reader = co_await form.source()->open();
    EXPECT_EQ(read_back(form, co_await read_all(*reader)), "[a|a.txt|text/plain]1;[b|b.txt|x/y]1;END");
    co_await reader->close();
}

SIMUL_TEST(Multipart, KnowsItsSizeOnlyWhenAllPartsDo)
{
    watched_source::counts noted;
    const http::content form = http::multipart(
        {{.name = "a", .value = {std::make_shared<watched_source>(noted, std::vector<std::string>{"1"}, false), ""}}});
    EXPECT_FALSE(form.source()->is_repeatable());
    const auto reader = co_await form.source()->open();
    EXPECT_EQ(reader->size(), std::nullopt);
    co_await reader->close();
}

SIMUL_TEST(Multipart, ClosesWhatIsOpenWhenAnotherCannotBeOpened)
{
    watched_source::counts good, bad;
    const http::content form = http::multipart({
        {.name = "a", .value = {std::make_shared<watched_source>(good, std::vector<std::string>{"1"}), ""}},
        {.name = "b", .value = {std::make_shared<watched_source>(bad, std::vector<std::string>{}), ""}},
    });
    bool refused = false;
    try {
        co_await form.source()->open();
    } catch (const simul::error&) {
        refused = true;
    }
    EXPECT_TRUE(refused);
    EXPECT_EQ(good.opened, 1);
    EXPECT_EQ(good.closed, 1);
    EXPECT_EQ(bad.closed, 0);
}

} // namespace
