// SPDX-License-Identifier: MIT
#include "../../task/outcome.hpp"
#include "http/content_coding.hpp"
#include "scripted_server.hpp"

#include <simul/http/client.hpp>
#include <simul/io/fs.hpp>
#include <simul/task/timeout.hpp>
#include <simul/testing/gtest.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using http_coding = simul::http::detail::content_coding;
using outcome::error_of;
using outcome::raises;
using scripted::answer;
using scripted::server;
using scripted::step;
using simul::bytes;
using simul::task;
namespace fs = simul::fs;
namespace http = simul::http;

SIMUL_TEST(HttpDownload, IsReadAsItComes)
{
    server site({{step({{0s, "HTTP/1.1 200 OK\r\nX-A: 1\r\nContent-Length: 6\r\n\r\nab"}, {1s, "cd"}, {1s, "ef"}}),
                  answer("next")}});
    http::client web;
    http::download in = co_await web.open("GET", site.url("/film"));
    EXPECT_EQ(in.status(), 200);
    EXPECT_EQ(in.reason(), "OK");
    EXPECT_EQ(in.headers().get("X-A"), "1");
    EXPECT_EQ(in.url(), site.url("/film"));
    EXPECT_EQ(in.size(), 6u);
    EXPECT_EQ(&in.raise_for_status(), &in);
    EXPECT_EQ(co_await in.read_some(1), "a");
    EXPECT_EQ(co_await in.read_some(100), "b");
    const auto before = simul::now();
    EXPECT_EQ(co_await in.read_some(), "cd");
    EXPECT_EQ(simul::now() - before, 1s);
    EXPECT_EQ(co_await in.read_all(2), "ef"); // the limit is for what is left
    EXPECT_EQ(co_await in.read_some(), "");
    EXPECT_EQ((co_await web.get(site.url())).text(), "next"); // its connection is back
    EXPECT_EQ(site.connections(), 1u);
}

SIMUL_TEST(HttpDownload, GivesPieces)
{
    server site({{step({{0s, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
                        {1s, "2\r\nab\r\n"},
                        {1s, "1\r\nc\r\n0\r\nX: y\r\n\r\n"}})}});
    http::client web;
    http::download in = co_await web.open("GET", site.url());
    EXPECT_EQ(in.size(), std::nullopt);
    std::vector<bytes> got;
    auto pieces = in.pieces();
    while (auto piece = co_await pieces.next())
        got.push_back(*piece);
    EXPECT_EQ(got, (std::vector<bytes>{"ab", "c"}));
    EXPECT_EQ(in.trailers().get("X"), "y");
}

SIMUL_TEST(HttpDownload, GivesLines)
{
    server site({{step({{0s, "HTTP/1.1 200 OK\r\nContent-Length: 24\r\n\r\none\ntw"}, {1s, "o\r"}, {1s, "\n\nfour\nfive\r\nsix"}}),
                  answer("next\n")}});
    http::client web;
    http::download in = co_await web.open("GET", site.url());
    EXPECT_EQ(co_await in.read_line(), "one");
    const auto before = simul::now();
    EXPECT_EQ(co_await in.read_line(), "two");
    EXPECT_EQ(simul::now() - before, 2s);
    EXPECT_EQ(co_await in.read_line(), "");
    EXPECT_EQ(co_await in.read_some(2), "fo"); // may be mixed
    std::vector<bytes> rest;
    auto lines = in.lines();
    while (auto line = co_await lines.next())
        rest.push_back(*line);
    EXPECT_EQ(rest, (std::vector<bytes>{"ur", "five", "six"}));
    EXPECT_EQ(co_await in.read_line(), std::nullopt);
    http::download last = co_await web.open("GET", site.url());
    EXPECT_EQ(co_await last.read_line(), "next");
    EXPECT_EQ(co_await last.read_line(), std::nullopt);
    EXPECT_EQ(site.connections(), 1u);
}

SIMUL_TEST(HttpDownload, LosesNothingOfALineThatDoesNotEnd)
{
    server site({{step({{0s, "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nab"}, {10s, "cd\nef"}, {10s, "gh"}})}});
    http::client web;
    http::download in = co_await web.open("GET", site.url("/a"));
    EXPECT_FALSE(co_await simul::move_on_after(5s, in.read_line())); // cancelled
    EXPECT_TRUE(co_await raises<simul::limit_exceeded>(in.read_line(3)));
    EXPECT_EQ(co_await error_of(in.read_line(3)), "GET " + site.url("/a") + ": a line of more than 3 bytes");
    EXPECT_EQ(co_await in.read_line(4), "abcd");
    EXPECT_TRUE(co_await raises<http::answer_error>(in.read_line())); // 3 bytes are missing
    EXPECT_EQ(co_await in.read_some(), "efgh");
    EXPECT_TRUE(co_await raises<http::answer_error>(in.read_line()));
}

SIMUL_TEST(HttpDownload, ThatBreaksOffIsAnError)
{
    server site({{"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nab"}});
    http::client web;
    http::download in = co_await web.open("GET", site.url());
    EXPECT_EQ(co_await in.read_some(), "ab");
    EXPECT_EQ(co_await error_of(in.read_some()), "GET " + site.url() + ": the connection ended within a message");
    EXPECT_TRUE(co_await raises<http::answer_error>(in.read_some()));
}

SIMUL_TEST(HttpDownload, ThatIsClosedGivesNothing)
{
    server site({{answer("abc")}});
    http::client web;
    http::download in = co_await web.open("GET", site.url());
    co_await in.close();
    co_await in.close();
    EXPECT_EQ(co_await error_of(in.read_some()), "GET " + site.url() + ": the download is closed");
    EXPECT_EQ(in.status(), 200);
    http::download none;
    EXPECT_TRUE(co_await raises<simul::closed_error>(none.read_all()));
    EXPECT_EQ(none.status(), 0);
    EXPECT_TRUE(none.headers().empty() && none.history().empty() && none.url().empty());
}

SIMUL_TEST(HttpDownload, EndsWithItsClient)
{
    server site({{"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nab", scripted::wait}});
    auto web = std::make_unique<http::client>();
    http::download in = co_await web->open("GET", site.url());
    EXPECT_EQ(co_await in.read_some(), "ab");
    web.reset();
    EXPECT_EQ(co_await error_of(in.read_some()), "GET " + site.url() + ": the client was closed");
    co_await in.close();
}

SIMUL_TEST(HttpDownload, ACancelledReadLosesNothing)
{
    server site({{step({{0s, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na"}, {10s, "b"}})}});
    http::client web;
    http::download in = co_await web.open("GET", site.url());
    EXPECT_EQ(co_await in.read_some(), "a");
    EXPECT_FALSE(co_await simul::move_on_after(1s, in.read_some()));
    co_await simul::sleep(1h); // nor does its limit in time go on
    EXPECT_EQ(co_await in.read_some(), "b");
}

SIMUL_TEST(HttpDownload, MakesTheServerWait)
{
    const bytes body(4'000'000, 'x');
    server site({{answer(body), scripted::wait}});
    http::client web;
    http::download in = co_await web.open("GET", site.url());
    co_await simul::sleep(1h); // nobody reads, and there is no limit on that
    EXPECT_EQ((co_await in.read_all()).size(), body.size());
}

SIMUL_TEST_REAL(HttpDownload, IsSavedWholeOrNotAtAll)
{
    server site({{answer(bytes(100'000, 'x'))}, {"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nab"}});
    http::client web;
    fs::temp_directory folder = co_await fs::temp_dir();
    const std::string path = folder / "film";
    auto in = co_await web.open("GET", site.url());
    EXPECT_EQ(co_await in.save_to(path), 100'000u);
    EXPECT_EQ((co_await fs::stat(path)).size, 100'000u);
    auto broken = co_await web.open("GET", site.url());
    EXPECT_TRUE(co_await raises<http::answer_error>(broken.save_to(path)));
    EXPECT_EQ((co_await fs::stat(path)).size, 100'000u);
    EXPECT_EQ((co_await fs::list(folder.path())).size(), 1u);
    co_await folder.close();
}

// ---- codings

bytes coded_answer(std::string_view coding, const bytes& body)
{
    return answer(body, "Content-Encoding: " + std::string(coding) + "\r\n");
}

SIMUL_TEST(HttpDownload, IsDecoded)
{
    const bytes text = bytes(100'000, 'a') + "end";
    for (const auto& [name, coding] :
         std::vector<std::pair<std::string, http_coding>>{{"gzip", http_coding::gzip},
                                                          {"deflate", http_coding::deflate},
                                                          {"br", http_coding::br},
                                                          {"zstd", http_coding::zstd}}) {
        const bytes coded = http::detail::encoded(coding, text);
        server site({{coded_answer(name, coded), coded_answer(name, coded), coded_answer(name, coded)}});
        http::client web;
        EXPECT_EQ((co_await web.get(site.url())).body(), text) << name;
        EXPECT_EQ((co_await web.get(site.url(), {.decode = false})).body(), coded);
        http::download in = co_await web.open("GET", site.url());
        EXPECT_EQ(in.size(), coded.size());
        EXPECT_LE((co_await in.read_some(10)).size(), 10u);
        EXPECT_EQ((co_await in.read_all()).size(), text.size() - 10);
        EXPECT_EQ(site.connections(), 1u);
    }
}

SIMUL_TEST(HttpDownload, IsLeftAsItIsWhenNobodyKnowsTheCoding)
{
    server site({{coded_answer("rot13", "uryyb"), coded_answer("identity", "hello")}});
    http::client web;
    EXPECT_EQ((co_await web.get(site.url())).body(), "uryyb");
    EXPECT_EQ((co_await web.get(site.url())).body(), "hello");
}

SIMUL_TEST(HttpDownload, ThatCantBeDecodedIsAnError)
{
    const bytes coded = http::detail::encoded(http_coding::gzip, "hello");
    server site({{coded_answer("gzip", "hello")},
                 {coded_answer("gzip", coded.substr(0, coded.size() - 3))},
                 {coded_answer("gzip", coded + "x")}});
    http::client web;
    for (int i = 0; i < 3; ++i) {
        const std::string text = co_await error_of(web.get(site.url()));
        EXPECT_TRUE(text.starts_with("GET " + site.url() + ": the body can't be decoded: ")) << text;
    }
}

SIMUL_TEST(HttpDownload, ABombIsStopped)
{
    const bytes coded = http::detail::encoded(http_coding::gzip, bytes(20'000'000, '\0'));
    server site({{coded_answer("gzip", coded)}});
    http::client web;
    EXPECT_TRUE(co_await raises<simul::limit_exceeded>(web.get(site.url())));
    EXPECT_TRUE(co_await raises<simul::limit_exceeded>(web.get(site.url(), {.max_body = 1000})));
}

} // namespace
