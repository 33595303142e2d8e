// SPDX-License-Identifier: MIT
#include <simul/http/static_files.hpp>

#include "../../io/file_fixture.hpp"
#include "site.hpp"

#include "http/server/file_parts.hpp"
#include "http/server/request_maker.hpp"
#include "http/server/routes.hpp"

#include <simul/http/answer.hpp>
#include <simul/http/date.hpp>
#include <simul/http/router.hpp>

#include <chrono>
#include <fcntl.h>
#include <sys/stat.h>

namespace {

using namespace std::chrono_literals;
using namespace file_tests;
namespace http = simul::http;
using http::response;

/// A request that came from nowhere.
class no_connection final : public http::detail::request_source {
public:
    task<bool> read_body(bytes&, std::uint64_t) override { co_return false; }
    std::optional<std::uint64_t> body_size() const noexcept override { return std::nullopt; }
    const simul::address& peer() override { return peer_; }
    bool is_encrypted() const noexcept override { return false; }

private:
    simul::address peer_;
};

class mounted : public http::router {
public:
    explicit mounted(const std::string& directory, http::static_options options = {})
    {
        any("/f/{path...}", http::static_files(directory, std::move(options)));
    }

    task<response> ask(std::string target, http::headers fields = {}, std::string method = "GET")
    {
        using http::detail::request_maker;
        no_connection nowhere;
        http::request asked = request_maker::make(nowhere);
        const http::method known = http::method_of(method);
        request_maker::set_method(asked, known, method);
        request_maker::target(asked) = "/f/" + target;
        request_maker::fields(asked) = std::move(fields);
        http::detail::path_parts parts;
        http::detail::path_parts values;
        const bool good = request_maker::read_target(asked, parts);
        const http::next found = good ? table().find(asked, parts, values) : table().refuse_path();
        try {
            co_return co_await found(asked);
        } catch (const http::answer& instead) { // as the server does
            co_return instead.response();
        }
    }

    task<int> status_of(std::string target, http::headers fields = {}, std::string method = "GET")
    {
        const response got = co_await ask(std::move(target), std::move(fields), std::move(method));
        co_return got.status();
    }
};

task<bytes> body_of(const response& got)
{
    if (const auto& source = got.content().source())
        co_return co_await http::detail::read_whole(*source);
    co_return got.body();
}

std::string field(const response& of, std::string_view name)
{
    return std::string(of.headers().get(name).value_or("(none)"));
}

/// Makes its modification time that many seconds before now, so that it counts as settled, and `b` as newer than `a`.
void age(const std::string& path, std::chrono::seconds by)
{
    const auto then = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now() - by);
    const timespec times[2] = {{.tv_sec = then, .tv_nsec = 0}, {.tv_sec = then, .tv_nsec = 0}};
    ::utimensat(AT_FDCWD, path.c_str(), times, 0); // in sim all is older than the clock, and in order
}

FILE_TEST(StaticFiles, AFileAsItIs)
{
    co_await fs::write(dir / "a page.html", "<p>hello</p>");
    mounted site(dir.path(), {.cache_control = "max-age=60"});
    const response got = co_await site.ask("a%20page.html?v=1");
    EXPECT_EQ(got.status(), 200);
    EXPECT_EQ(co_await body_of(got), "<p>hello</p>");
    EXPECT_EQ(got.content().type(), "text/html");
    EXPECT_EQ(field(got, "X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(field(got, "Accept-Ranges"), "bytes");
    EXPECT_EQ(field(got, "Cache-Control"), "max-age=60");
    EXPECT_EQ(field(got, "Vary"), "Accept-Encoding");
    const auto modified = (co_await fs::stat(dir / "a page.html")).modified;
    EXPECT_EQ(field(got, "Last-Modified"), http::to_date(std::chrono::floor<std::chrono::seconds>(modified)));
}

FILE_TEST(StaticFiles, EmptyAndLargeFiles)
{
    co_await fs::write(dir / "empty.bin", "");
    const bytes large(300'000, 'x');
    co_await fs::write(dir / "large.bin", large);
    mounted site(dir.path());
    const response empty = co_await site.ask("empty.bin");
    EXPECT_EQ(empty.status(), 200);
    EXPECT_FALSE(empty.content().is_none()); // so that it says that its length is 0
    EXPECT_EQ(co_await body_of(empty), "");
    EXPECT_EQ(co_await site.status_of("empty.bin", {{"Range", "bytes=0-"}}), 200);
    const response got = co_await site.ask("large.bin");
    CO_ASSERT_TRUE(got.content().source());
    EXPECT_EQ((co_await got.content().source()->open())->size(), 300'000u);
    EXPECT_EQ(co_await body_of(got), large);
    EXPECT_EQ(co_await body_of(got), large); // as often as it is sent
    EXPECT_EQ(field(got, "Vary"), "(none)");
}

FILE_TEST(StaticFiles, NothingButWhatIsInTheDirectory)
{
    const std::string root = dir / "root";
    co_await fs::mkdir(root + "/sub/.well-known", {.parents = true});
    co_await fs::mkdir(root + "/.well-known");
    co_await fs::write(root + "/sub/a", "text");
    co_await fs::write(root + "/.secret", "hidden");
    co_await fs::write(root + "/.well-known/security.txt", "Contact: ...");
    co_await fs::write(dir / "outside", "outside");
    co_await fs::symlink("../outside", root + "/far");
    co_await fs::symlink("sub/a", root + "/near");
    co_await fs::symlink(root + "/sub/a", root + "/absolute");
    mounted site(root);
    EXPECT_EQ(co_await site.status_of("sub/a"), 200);
    EXPECT_EQ(co_await site.status_of("%73ub/%61"), 200);
    EXPECT_EQ(co_await site.status_of(".well-known/security.txt"), 200);
    const std::string too_long(300, 'n');
    const std::string nothings[] = {
        "b",         "sub/a/",      "sub/a/b", "sub%2fa",      "sub%2Fa",   "sub//a",       "/sub/a",      "//sub/a",
        "sub\\a",    ".secret",     "near",    "far",          "absolute",  "sub/.b",       "..%5coutside", "%2e%2e%2foutside",
        "%252e%252e/outside", too_long, "sub/" + too_long, root + "/sub/a", "sub/.well-known/", "a/%c0%ae%c0%ae/outside"};
    for (const std::string& target : nothings)
        EXPECT_EQ(co_await site.status_of(target), 404) << target;
    const std::string refused[] = {"../outside", "%2e%2e/outside", "sub/../../outside", ".%2e/outside", "./sub/a",
                                   "sub/%00",    "sub/a%00.html",  "sub/%zz",           "..",           "sub/a%"};
    for (const std::string& target : refused) {
        const int status = co_await site.status_of(target);
        EXPECT_TRUE(status == 400 || status == 404) << target << ": " << status;
    }
    mounted open(root, {.follow_links = true, .hidden = true});
    EXPECT_EQ(co_await body_of(co_await open.ask(".secret")), "hidden");
    EXPECT_EQ(co_await body_of(co_await open.ask("near")), "text");
    EXPECT_EQ(co_await open.status_of("far"), 404);
    EXPECT_EQ(co_await open.status_of("absolute"), 404);
}

FILE_TEST(StaticFiles, DirectoriesHaveAnIndexOrAListOrAreForbidden)
{
    co_await fs::mkdir(dir / "a b");
    co_await fs::mkdir(dir / "with");
    co_await fs::write(dir / "with/index.html", "the index");
    co_await fs::write(dir / "<b>&\"'.txt", "");
    co_await fs::write(dir / "javascript:alert(1)", "");
    co_await fs::write(dir / ".hidden", "");
    mounted site(dir.path());
    EXPECT_EQ(co_await body_of(co_await site.ask("with/")), "the index");
    EXPECT_EQ(co_await site.status_of("a%20b/"), 403);
    EXPECT_EQ(co_await site.status_of(""), 403);
    response moved = co_await site.ask("a%20b?q=%20&r");
    EXPECT_EQ(moved.status(), 301);
    EXPECT_EQ(field(moved, "Location"), "./a%20b/?q=%20&r");

    mounted listed(dir.path(), {.index = "", .list = true});
    const response page = co_await listed.ask("");
    EXPECT_EQ(page.status(), 200);
    EXPECT_EQ(page.content().type(), "text/html; charset=utf-8");
    EXPECT_EQ(page.body(), "<!DOCTYPE html>\n<html>\n<meta charset=\"utf-8\">\n<title>/f/</title>\n<h1>/f/</h1>\n<ul>\n"
                           "<li><a href=\"../\">../</a>\n"
                           "<li><a href=\"./%3Cb%3E%26%22%27.txt\">&lt;b&gt;&amp;&quot;'.txt</a>\n"
                           "<li><a href=\"./a%20b/\">a b/</a>\n"
                           "<li><a href=\"./javascript%3Aalert%281%29\">javascript:alert(1)</a>\n"
                           "<li><a href=\"./with/\">with/</a>\n"
                           "</ul>\n</html>\n");
    EXPECT_EQ((co_await listed.ask("with/")).body().find("the index"), bytes::npos);
}

FILE_TEST(StaticFiles, ARedirectNeverLeadsToAnotherServer)
{
    co_await fs::mkdir(dir / "example.org");
    mounted site(dir.path());
    EXPECT_EQ(co_await site.status_of("/example.org"), 404); // "//example.org/" would be another server's
    const response moved = co_await site.ask("example.org");
    EXPECT_EQ(field(moved, "Location"), "./example.org/");
}

FILE_TEST(StaticFiles, OnlyGetAndHead)
{
    co_await fs::write(dir / "a", "text");
    co_await fs::write(dir / "large", bytes(100'000, 'x'));
    mounted site(dir.path());
    for (const char* const method : {"POST", "PUT", "DELETE", "PATCH", "PROPFIND"}) {
        const response refused = co_await site.ask("a", {}, method);
        EXPECT_EQ(refused.status(), 405) << method;
        EXPECT_EQ(field(refused, "Allow"), "GET, HEAD");
    }
    for (const char* const name : {"a", "large"}) {
        const response whole = co_await site.ask(name);
        const response head = co_await site.ask(name, {{"Range", "bytes=0-0"}}, "HEAD"); // which is for GET alone
        EXPECT_EQ(head.status(), 200);
        EXPECT_EQ(head.headers(), whole.headers());
        CO_ASSERT_TRUE(head.content().source());
        EXPECT_EQ((co_await head.content().source()->open())->size(), (co_await body_of(whole)).size());
    }
}

FILE_TEST(StaticFiles, Conditions)
{
    co_await fs::write(dir / "a", "text");
    age(dir / "a", 100s);
    mounted site(dir.path(), {.cache_control = "no-cache"});
    const response whole = co_await site.ask("a");
    const std::string tag = field(whole, "ETag");
    const std::string date = field(whole, "Last-Modified");
    EXPECT_TRUE(tag.starts_with('"') && tag.ends_with('"')) << tag;
    const std::string before = http::to_date(*http::parse_date(date) - 1s);
    const std::string after = http::to_date(*http::parse_date(date) + 1s);

    const response same = co_await site.ask("a", {{"If-None-Match", "\"x\", " + tag}});
    EXPECT_EQ(same.status(), 304);
    EXPECT_TRUE(same.content().is_none());
    EXPECT_EQ(field(same, "ETag"), tag);
    EXPECT_EQ(field(same, "Last-Modified"), date);
    EXPECT_EQ(field(same, "Cache-Control"), "no-cache");
    EXPECT_EQ(co_await site.status_of("a", {{"If-None-Match", "W/" + tag}}), 304);
    EXPECT_EQ(co_await site.status_of("a", {{"If-None-Match", "*"}}, "HEAD"), 304);
    EXPECT_EQ(co_await site.status_of("a", {{"If-None-Match", "\"x\""}, {"If-Modified-Since", date}}), 200);
    EXPECT_EQ(co_await site.status_of("a", {{"If-Modified-Since", date}}), 304);
    EXPECT_EQ(co_await site.status_of("a", {{"If-Modified-Since", after}}), 304);
    EXPECT_EQ(co_await site.status_of("a", {{"If-Modified-Since", before}}), 200);
    EXPECT_EQ(co_await site.status_of("a", {{"If-Modified-Since", "yesterday"}}), 200);
    EXPECT_EQ(co_await site.status_of("a", {{"If-Match", tag}}), 200);
    EXPECT_EQ(co_await site.status_of("a", {{"If-Match", "\"x\""}}), 412);
    EXPECT_EQ(co_await site.status_of("a", {{"If-Unmodified-Since", date}}), 200);
    EXPECT_EQ(co_await site.status_of("a", {{"If-Unmodified-Since", before}}), 412);
    EXPECT_EQ(co_await site.status_of("b", {{"If-Match", "*"}}), 404);

    co_await fs::write(dir / "a", "other text");
    EXPECT_EQ(co_await site.status_of("a", {{"If-None-Match", tag}}), 200);
}

FILE_TEST(StaticFiles, Ranges)
{
    co_await fs::write(dir / "a.txt", "0123456789");
    age(dir / "a.txt", 100s);
    mounted site(dir.path());
    const response whole = co_await site.ask("a.txt");
    struct expectation {
        const char *range, *content_range, *body;
    };
    for (const auto& [range, content_range, body] : std::initializer_list<expectation>{
             {"bytes=0-0", "bytes 0-0/10", "0"},
             {"bytes=2-4", "bytes 2-4/10", "234"},
             {"bytes=7-", "bytes 7-9/10", "789"},
             {"bytes=-1", "bytes 9-9/10", "9"},
             {"bytes=-100", "bytes 0-9/10", "0123456789"},
             {"bytes=5-100", "bytes 5-9/10", "56789"},
             {"bytes=8-9,20-30", "bytes 8-9/10", "89"},
         }) {
        const response part = co_await site.ask("a.txt", {{"Range", range}});
        EXPECT_EQ(part.status(), 206) << range;
        EXPECT_EQ(field(part, "Content-Range"), content_range);
        EXPECT_EQ(field(part, "ETag"), field(whole, "ETag"));
        EXPECT_EQ(part.content().type(), "text/plain");
        EXPECT_EQ(co_await body_of(part), body);
    }
    for (const char* const range : {"bytes=10-", "bytes=-0", "bytes=20-30"}) {
        const response none = co_await site.ask("a.txt", {{"Range", range}});
        EXPECT_EQ(none.status(), 416) << range;
        EXPECT_EQ(field(none, "Content-Range"), "bytes */10");
    }
    for (const char* const range : {"lines=1-2", "bytes=4-2", "bytes=a-b", "bytes=", "bytes=0-9,0-9"})
        EXPECT_EQ(co_await site.status_of("a.txt", {{"Range", range}}), 200) << range;
}

FILE_TEST(StaticFiles, SeveralRangesInOneBody)
{
    co_await fs::write(dir / "a.txt", "0123456789");
    mounted site(dir.path());
    const response parts = co_await site.ask("a.txt", {{"Range", "bytes=0-1, -2"}});
    EXPECT_EQ(parts.status(), 206);
    EXPECT_EQ(field(parts, "Content-Range"), "(none)");
    const std::string type = parts.content().type();
    CO_ASSERT_TRUE(type.starts_with("multipart/byteranges; boundary="));
    const std::string boundary = "--" + type.substr(type.find('=') + 1);
    EXPECT_EQ(co_await body_of(parts), boundary + "\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-1/10\r\n\r\n01\r\n" +
                                           boundary + "\r\nContent-Type: text/plain\r\nContent-Range: bytes 8-9/10\r\n\r\n89\r\n" +
                                           boundary + "--\r\n");
}

FILE_TEST(StaticFiles, ARangeOfWhatTheClientHasAlready)
{
    co_await fs::write(dir / "a", "0123456789");
    age(dir / "a", 100s);
    mounted site(dir.path());
    const response whole = co_await site.ask("a");
    const std::string tag = field(whole, "ETag");
    const auto date = *http::parse_date(field(whole, "Last-Modified"));
    const auto with = [&](const std::string& condition) {
        return site.status_of("a", {{"Range", "bytes=0-0"}, {"If-Range", condition}});
    };
    EXPECT_EQ(co_await with(tag), 206);
    EXPECT_EQ(co_await with("\"x\""), 200);
    EXPECT_EQ(co_await with("W/" + tag), 200);
    EXPECT_EQ(co_await with(http::to_date(date)), 206);
    EXPECT_EQ(co_await with(http::to_date(date - 1h)), 200);
    EXPECT_EQ(co_await with(http::to_date(date + 1h)), 200);
}

SIMUL_TEST_REAL(StaticFiles, WhatWasJustWrittenHasAWeakTag)
{
    auto dir = co_await fs::temp_dir();
    co_await fs::write(dir / "a", "0123456789");
    age(dir / "a", -100s); // in the future, as a wrong clock has it
    mounted site(dir.path());
    const response got = co_await site.ask("a");
    EXPECT_TRUE(field(got, "ETag").starts_with("W/\"")) << field(got, "ETag");
    EXPECT_LE(*http::parse_date(field(got, "Last-Modified")), std::chrono::system_clock::now());
    EXPECT_EQ(co_await site.status_of("a", {{"If-None-Match", field(got, "ETag")}}), 304);
    EXPECT_EQ(co_await site.status_of("a", {{"If-Match", field(got, "ETag")}}), 412);
    EXPECT_EQ(co_await site.status_of("a", {{"Range", "bytes=0-0"}, {"If-Range", field(got, "ETag")}}), 200);
    co_await dir.close();
}

FILE_TEST(StaticFiles, WhatWasCompressedBeforehand)
{
    for (const char* const name : {"a.css", "a.css.gz", "a.css.br", "b.css", "b.css.gz", "c.jpg", "c.jpg.gz"})
        co_await fs::write(dir / name, std::string("content of ") + name);
    mounted site(dir.path());
    const auto got = [&](std::string name, std::string accepted) -> task<std::string> {
        const response answer = co_await site.ask(name, {{"Accept-Encoding", accepted}});
        EXPECT_EQ(answer.content().type(), name == "c.jpg" ? "image/jpeg" : "text/css");
        EXPECT_EQ(field(answer, "Vary"), name == "c.jpg" ? "(none)" : "Accept-Encoding");
        co_return co_await body_of(answer) + "|" + field(answer, "Content-Encoding");
    };
    EXPECT_EQ(co_await got("a.css", "gzip, deflate, br, zstd"), "content of a.css.br|br");
    EXPECT_EQ(co_await got("a.css", "gzip"), "content of a.css.gz|gzip");
    EXPECT_EQ(co_await got("a.css", "br;q=0, *"), "content of a.css.gz|gzip");
    EXPECT_EQ(co_await got("a.css", "br;q=0.1, identity"), "content of a.css|(none)");
    EXPECT_EQ(co_await got("a.css", ""), "content of a.css|(none)");
    EXPECT_EQ(co_await got("b.css", "br, zstd, gzip"), "content of b.css.gz|gzip");
    EXPECT_EQ(co_await got("b.css", "br, zstd"), "content of b.css|(none)");
    EXPECT_EQ(co_await got("c.jpg", "gzip"), "content of c.jpg|(none)"); // which nobody compresses

    const response packed = co_await site.ask("a.css", {{"Accept-Encoding", "gzip"}, {"Range", "bytes=0-6"}});
    const response whole = co_await site.ask("a.css");
    EXPECT_EQ(field(packed, "Content-Range"), "bytes 0-6/19");
    EXPECT_NE(field(packed, "ETag"), field(whole, "ETag"));

    mounted off(dir.path(), {.precompressed = false});
    const response as_it_is = co_await off.ask("a.css", {{"Accept-Encoding", "gzip"}});
    EXPECT_EQ(field(as_it_is, "Content-Encoding"), "(none)");
    EXPECT_EQ(field(as_it_is, "Vary"), "(none)");
}

FILE_TEST(StaticFiles, ACompressedFileThatIsOutOfDateIsPassedOver)
{
    co_await fs::write(dir / "a.css.gz", "old");
    age(dir / "a.css.gz", 100s);
    co_await simul::sleep(10ms);
    co_await fs::write(dir / "a.css", "new");
    age(dir / "a.css", 50s);
    mounted site(dir.path());
    EXPECT_EQ(co_await body_of(co_await site.ask("a.css", {{"Accept-Encoding", "gzip"}})), "new");
}

FILE_TEST(StaticFiles, AFileThatIsCutWhileItIsSentBreaksOff)
{
    co_await fs::write(dir / "a", bytes(400'000, 'x'));
    mounted site(dir.path());
    for (const std::uint64_t left : {350'000, 131'072, 0}) {
        co_await fs::write(dir / "a", bytes(400'000, 'x'));
        const response got = co_await site.ask("a");
        const auto reader = co_await got.content().source()->open();
        std::uint64_t sent = (co_await reader->next()).size();
        fs::file same = co_await fs::open(dir / "a", "r+");
        co_await same.truncate(left);
        co_await same.close();
        std::string problem;
        try {
            for (bytes piece = co_await reader->next(); !piece.empty(); piece = co_await reader->next())
                sent += piece.size();
        } catch (const simul::error& broken) {
            problem = broken.what();
        }
        EXPECT_EQ(problem, "send a: it was cut short meanwhile");
        EXPECT_LT(sent, 400'000u);
        co_await reader->close();
    }
}

FILE_TEST(StaticFiles, WhatIsAddedWhileItIsSentIsLeftOut)
{
    co_await fs::write(dir / "a", bytes(200'000, 'x'));
    mounted site(dir.path());
    const response got = co_await site.ask("a");
    co_await fs::append(dir / "a", "more");
    EXPECT_EQ(co_await body_of(got), bytes(200'000, 'x'));
    co_await fs::remove(dir / "a");
    EXPECT_EQ(co_await body_of(got), bytes(200'000, 'x')); // it is open
}

// ---- over a connection

FILE_TEST(StaticFiles, InTheAnswersOfAServer)
{
    co_await fs::write(dir / "a.txt", "0123456789");
    age(dir / "a.txt", 100s);
    co_await fs::write(dir / "empty", "");
    co_await fs::write(dir / "large", bytes(100'000, 'x'));
    http::server site;
    site.get("/{path...}", http::static_files(dir.path()));
    site::served serving(site);
    const auto ask = [at = serving.at](std::string first, std::string fields = "") -> task<std::string> {
        const std::string whole = first + " HTTP/1.1$Host: a$" + fields + "$";
        co_return co_await site::ask(at, whole);
    };
    const std::string whole = co_await ask("GET /a.txt");
    EXPECT_TRUE(whole.starts_with("HTTP/1.1 200 OK$")) << whole;
    EXPECT_TRUE(whole.ends_with("$Content-Length: 10$$0123456789")) << whole;
    EXPECT_EQ(co_await ask("HEAD /a.txt"), whole.substr(0, whole.size() - 10));
    EXPECT_TRUE((co_await ask("HEAD /large")).ends_with("$Content-Length: 100000$$"));
    EXPECT_TRUE((co_await ask("GET /large")).ends_with("$Content-Length: 100000$$" + bytes(100'000, 'x')));
    EXPECT_TRUE((co_await ask("GET /empty")).ends_with("$Content-Length: 0$$"));
    const std::string part = co_await ask("GET /a.txt", "Range: bytes=-3$");
    EXPECT_TRUE(part.starts_with("HTTP/1.1 206 Partial Content$")) << part;
    EXPECT_TRUE(part.ends_with("$Content-Length: 3$$789")) << part;
    const std::string same = co_await ask("GET /a.txt", "If-None-Match: *$");
    EXPECT_TRUE(same.starts_with("HTTP/1.1 304 Not Modified$")) << same;
    EXPECT_TRUE(same.ends_with("$$")) << same;
    EXPECT_EQ(same.find("Content-Length: 0"), std::string::npos);
    EXPECT_TRUE((co_await ask("POST /a.txt", "Content-Length: 0$")).starts_with("HTTP/1.1 405 "));
    co_await serving.close();
}

FILE_TEST(StaticFiles, BreaksTheConnectionOffWhenTheFileIsCutShort)
{
    constexpr std::size_t size = 20'000'000;
    co_await fs::write(dir / "a", bytes(size, 'x'));
    http::server site;
    site.get("/{path...}", http::static_files(dir.path()));
    site::served serving(site);
    site::client slow = co_await site::client::connect(serving.at);
    co_await slow.say("GET /a HTTP/1.1$Host: a$$");
    const bytes head = co_await slow.peer.read_until("\r\n\r\n");
    EXPECT_NE(head.find("Content-Length: 20000000\r\n"), bytes::npos) << head;
    fs::file same = co_await fs::open(dir / "a", "r+");
    co_await same.truncate(size / 2);
    co_await same.close();
    std::size_t got = 0;
    try {
        for (bytes piece = co_await slow.peer.read_some(); !piece.empty(); piece = co_await slow.peer.read_some())
            got += piece.size();
    } catch (const simul::error&) { // a reset: what was on its way is lost, too
    }
    EXPECT_LT(got, size);
    EXPECT_EQ(simul::testing::problems().size(), 1u);
    EXPECT_TRUE((co_await site::ask(serving.at, "GET /nothing HTTP/1.1$Host: a$$")).starts_with("HTTP/1.1 404 "));
    co_await serving.close();
}

FILE_TEST(StaticFiles, AClientThatGoesAway)
{
    co_await fs::write(dir / "a", bytes(20'000'000, 'x'));
    http::server site;
    site.get("/{path...}", http::static_files(dir.path()));
    site::served serving(site);
    site::client gone = co_await site::client::connect(serving.at);
    co_await gone.say("GET /a HTTP/1.1$Host: a$$");
    co_await gone.peer.read_until("\r\n\r\n");
    gone.peer.abort();
    co_await serving.close(); // and no descriptor is left
}

SIMUL_TEST_REAL(StaticFiles, NeitherPipesNorDevicesNorWhatMayNotBeRead)
{
    auto dir = co_await fs::temp_dir();
    CO_ASSERT_EQ(::mkfifo((dir / "fifo").c_str(), 0600), 0);
    mounted site(dir.path());
    EXPECT_EQ(co_await site.status_of("fifo"), 404);
    mounted devices("/dev");
    EXPECT_EQ(co_await devices.status_of("zero"), 404);
    co_await dir.close();
}

SIMUL_TEST(StaticFiles, WhatGoesWrongIsForbiddenOrThrown)
{
    co_await simul::with(fs::temp_dir(), [](const fs::temp_directory& dir) -> task<> {
        co_await fs::write(dir / "a", "text");
        mounted site(dir.path());
        fault::fail(fault::on::open, 2, EACCES);
        EXPECT_EQ(co_await site.status_of("a"), 403);
        fault::fail(fault::on::open, 2, EIO);
        EXPECT_EQ(co_await errno_of(site.status_of("a")), EIO);
        fault::fail(fault::on::read, 1, EIO);
        EXPECT_EQ(co_await errno_of(site.status_of("a")), EIO);
        mounted gone(dir / "nothing");
        EXPECT_EQ(co_await message_of(gone.status_of("a")), "open " + (dir / "nothing") + ": No such file or directory");
    });
    EXPECT_THROW(http::static_files(""), simul::error);
    EXPECT_THROW(http::static_files("public", {.cache_control = "a\r\nSet-Cookie: b"}), simul::error);
}

} // namespace
