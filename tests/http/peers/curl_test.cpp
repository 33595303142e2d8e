// SPDX-License-Identifier: MIT
//
// curl, and bytes that it wouldn't send, at our server.
#include "peers.hpp"

#include <simul/http/server.hpp>
#include <simul/http/static_files.hpp>
#include <simul/io/tcp.hpp>
#include <simul/task/spawn.hpp>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace peers;
namespace http = simul::http;

/// What it got, sent back.
task<http::response> echo(http::request& asked)
{
    std::string text(asked.method_name());
    text.append(" ").append(asked.target()).append(" ").append(co_await asked.body());
    co_return text;
}

/// Takes bodies of any size as they come.
task<http::response> measure(http::request& asked)
{
    asked.limit_body(http::request::no_limit);
    std::uint64_t size = 0;
    for (bytes piece = co_await asked.read_some(); !piece.empty(); piece = co_await asked.read_some())
        size += piece.size();
    co_return std::to_string(size);
}

http::response count(http::request&)
{
    return http::pieces([]() -> simul::async_generator<bytes> {
        for (int i = 0; i < 20; ++i)
            co_yield std::to_string(i) + "\n";
    }, "text/plain");
}

/// Our server, with files from `home`.
class site {
public:
    explicit site(bool with_tls = false)
    {
        server_.any("/echo", echo);
        server_.any("/measure", measure);
        server_.get("/count", count);
        server_.get("/files/{path...}", http::static_files(home.path()));
        simul::listener door = simul::tcp::listen("127.0.0.1:0");
        port_ = std::to_string(door.local().port());
        http::serve_options how{.door = std::move(door)};
        if (with_tls)
            how.tls.emplace(simul::testing::server_with());
        scheme_ = with_tls ? "https://localhost:" : "http://127.0.0.1:";
        serving_ = simul::spawn(server_.serve(std::move(how)));
    }

    std::string url(const std::string& path) const { return scheme_ + port_ + path; }
    std::uint16_t port() const { return static_cast<std::uint16_t>(std::stoi(port_)); }
    task<> close()
    {
        server_.stop();
        co_await std::move(serving_);
    }

    scratch home;

private:
    http::server server_;
    std::string scheme_, port_;
    simul::future<> serving_;
};

/// What curl prints; "(n) ..." when it fails.
task<std::string> curl(std::vector<std::string> arguments, bytes input = {})
{
    arguments.insert(arguments.begin(), {"curl", "-sS", "--max-time", "30", "--noproxy", "*"});
    const auto done = co_await simul::run_process(std::move(arguments), {.input = simul::redirect::data(std::move(input))});
    if (!done.status.success())
        co_return "(" + std::to_string(done.status.code) + ") " + done.error + done.output;
    co_return done.output;
}

SIMUL_TEST_REAL(Curl, EveryMethod)
{
    site ours;
    for (const std::string method : {"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"})
        EXPECT_EQ(co_await curl({"-X", method, "-d", "text", ours.url("/echo?a=b")}), method + " /echo?a=b text");
    const std::string head = co_await curl({"-I", ours.url("/echo")});
    EXPECT_TRUE(head.starts_with("HTTP/1.1 200 OK\r\n")) << head;
    EXPECT_NE(head.find("Content-Length: 11\r\n"), std::string::npos) << head;
    EXPECT_EQ(co_await curl({"-o", "/dev/null", "-w", "%{http_code}", ours.url("/nothing")}), "404");
    EXPECT_EQ(co_await curl({"-o", "/dev/null", "-w", "%{http_code} %header{allow}", "-X", "DELETE", ours.url("/count")}),
              "405 GET, HEAD, OPTIONS");
    co_await ours.close();
}

SIMUL_TEST_REAL(Curl, OneConnectionForTwoUrls)
{
    site ours;
    EXPECT_EQ(co_await curl({"-w", "|%{num_connects}\n", ours.url("/echo"), ours.url("/echo?2")}),
              "GET /echo |1\nGET /echo?2 |0\n");
    EXPECT_EQ(co_await curl({"-0", "-w", "|%{num_connects} %{http_version}\n", ours.url("/echo"), ours.url("/echo")}),
              "GET /echo |1 1.1\nGET /echo |1 1.1\n");
    EXPECT_EQ(co_await curl({"-0", "-H", "Connection: keep-alive", ours.url("/count")}),
              co_await curl({ours.url("/count")})); // of no known length: HTTP/1.0 has the end of the connection for that
    co_await ours.close();
}

SIMUL_TEST_REAL(Curl, Files)
{
    site ours;
    const bytes text = text_of(3'000'000);
    const std::string path = ours.home.put("a.txt", text);
    ours.home.put("sub/index.html", "the index");
    co_await simul::output_of({"gzip", "-k", path});
    const std::string url = ours.url("/files/a.txt");
    EXPECT_TRUE(co_await curl({url}) == text);
    EXPECT_TRUE(co_await curl({"--compressed", url}) == text);
    const std::string packed = co_await curl({"-H", "Accept-Encoding: gzip", url});
    EXPECT_TRUE(packed == ours.home.get("a.txt.gz"));
    EXPECT_EQ(co_await curl({"-r", "5-9", url}), text.substr(5, 5));
    EXPECT_EQ(co_await curl({"-r", "-5", url}), text.substr(text.size() - 5));
    EXPECT_TRUE(co_await curl({"-r", "100000-", url}) == text.substr(100'000));
    EXPECT_NE((co_await curl({"-r", "0-4,10-14", url})).find("Content-Range: bytes 10-14/3000000"), std::string::npos);
    EXPECT_EQ(co_await curl({"-o", "/dev/null", "-w", "%{http_code}", "-r", "9000000-", url}), "416");

    // A download that broke off goes on.
    const std::string half = ours.home.put("half", text.substr(0, 1'000'000));
    EXPECT_EQ(co_await curl({"-C", "-", "-o", half, url}), "");
    EXPECT_TRUE(ours.home.get("half") == text);

    const std::string etag = ours.home / "etag";
    EXPECT_EQ(co_await curl({"-o", "/dev/null", "--etag-save", etag, url}), "");
    EXPECT_EQ(co_await curl({"-w", "%{http_code}", "--etag-compare", etag, url}), "304");
    EXPECT_EQ(co_await curl({"-w", "%{http_code}", "-z", path, url}), "304");

    EXPECT_EQ(co_await curl({"-L", ours.url("/files/sub")}), "the index");
    for (const char* const target : {"/files/../../../etc/passwd", "/files/%2e%2e/%2e%2e/etc/passwd",
                                     "/files/..%2f..%2fetc/passwd", "/files//etc/passwd"}) {
        const std::string status =
            co_await curl({"--path-as-is", "-o", "/dev/null", "-w", "%{http_code}", ours.url(target)});
        EXPECT_TRUE(status == "400" || status == "404") << target << ": " << status;
    }
    co_await ours.close();
}

SIMUL_TEST_REAL(Curl, Uploads)
{
    site ours;
    const bytes large(3'000'000, 'x');
    const std::string file = ours.home.put("large", large);
    EXPECT_EQ(co_await curl({"--data-binary", "@" + file, ours.url("/measure")}), "3000000"); // it asks whether it may
    EXPECT_EQ(co_await curl({"-T", file, ours.url("/measure")}), "3000000");
    EXPECT_EQ(co_await curl({"-T", "-", ours.url("/measure")}, large), "3000000"); // in chunks
    EXPECT_EQ(co_await curl({"-H", "Expect:", "-T", "-", ours.url("/measure")}, large), "3000000");
    EXPECT_EQ(co_await curl({"-T", "-", ours.url("/echo")}, "in chunks"), "PUT /echo in chunks");
    EXPECT_EQ(co_await curl({"-F", "a=b", "-o", "/dev/null", "-w", "%{http_code}", ours.url("/echo")}), "200");

    // Beyond the limit of 1 MiB: refused before it is sent, if it asks; else while it is.
    for (const char* const expect : {"Expect: 100-continue", "Expect:"})
        EXPECT_EQ(co_await curl({"-H", expect, "-o", "/dev/null", "-w", "%{http_code}", "--data-binary", "@" + file,
                                 ours.url("/echo")}),
                  "413");
    EXPECT_EQ(co_await curl({"-H", "Expect: magic", "-o", "/dev/null", "-w", "%{http_code}", "-d", "x", ours.url("/echo")}),
              "417");
    co_await ours.close();
}

SIMUL_TEST_REAL(Curl, Tls)
{
    site ours(true);
    const bytes large = text_of(2'000'000);
    ours.home.put("a.txt", large);
    const std::string authority = simul::testing::data_file("authority.pem");
    EXPECT_TRUE(co_await curl({"--cacert", authority, ours.url("/files/a.txt")}) == large);
    EXPECT_EQ(co_await curl({"--cacert", authority, "-T", "-", ours.url("/measure")}, large), "2000000");
    EXPECT_EQ(co_await curl({"--cacert", authority, "-w", "|%{num_connects}\n", ours.url("/echo"), ours.url("/echo")}),
              "GET /echo |1\nGET /echo |0\n");
    EXPECT_TRUE((co_await curl({ours.url("/echo")})).starts_with("(60)")); // an authority that it doesn't know
    co_await ours.close();
}

SIMUL_TEST_REAL(Curl, PipelinedRequestsAreAnsweredInOrder)
{
    site ours;
    simul::stream peer = co_await simul::tcp::connect("127.0.0.1", ours.port());
    bytes all;
    for (int i = 0; i < 100; ++i)
        all += "GET /echo?" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n";
    co_await peer.write(all);
    co_await peer.shutdown();
    const bytes answers = co_await peer.read_all();
    std::size_t at = 0;
    for (int i = 0; i < 100; ++i) {
        at = answers.find("\r\n\r\nGET /echo?" + std::to_string(i) + " ", at);
        CO_ASSERT_NE(at, bytes::npos) << i;
    }
    co_await peer.close();
    co_await ours.close();
}

} // namespace
