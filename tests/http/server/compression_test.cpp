// SPDX-License-Identifier: MIT
#include "site.hpp"

#include "http/content_coding.hpp"

#include <simul/http/compression.hpp>

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace site;
using simul::bytes_view;

const bytes page(5000, 'p');

bytes decoded(std::string_view coding, bytes_view whole)
{
    http::detail::content_decoder decoder(coding);
    bytes text(20'000, '\0');
    const auto [used, written, starved] = decoder.decode(whole, text);
    EXPECT_EQ(used, whole.size());
    decoder.end();
    return text.substr(0, written);
}

http::server compressing()
{
    http::server site;
    site.use(http::compression());
    site.get("/text", [](request&) { return page; });
    site.get("/small", [](request&) { return "small"; });
    site.get("/json", [](request&) { return http::data('"' + page + '"', "application/problem+json"); });
    site.get("/image", [](request&) { return http::data(page, "image/png"); });
    site.get("/coded", [](request&) { return response(200, page, {{"Content-Encoding", "x"}}); });
    site.get("/fixed", [](request&) { return response(200, page, {{"Cache-Control", "no-transform"}}); });
    site.get("/tagged", [](request&) { return response(200, page, {{"ETag", "\"1\""}}); });
    site.get("/stream", [](request&) {
        return http::pieces([]() -> simul::async_generator<bytes> {
            co_yield page;
            co_yield page;
        }(), "text/plain");
    });
    return site;
}

/// The fields, and the body, decoded.
task<std::string> fetch(simul::address at, std::string path, std::string accepted)
{
    simul::stream peer = co_await simul::tcp::connect(at);
    const bytes asked = wire("GET " + path + " HTTP/1.0$Accept-Encoding: " + accepted + "$$");
    co_await peer.write(asked);
    const bytes got = co_await peer.read_all();
    co_await peer.close();
    const std::size_t end = got.find("\r\n\r\n") + 4;
    std::string fields = readable(got.substr(0, end));
    bytes body = got.substr(end);
    for (const char* const coding : {"gzip", "br", "zstd"})
        if (fields.find("Content-Encoding: " + std::string(coding) + "$") != std::string::npos) {
            EXPECT_LT(body.size(), 500u);
            body = decoded(coding, body);
        }
    EXPECT_TRUE(body == page || body == page + page || body == '"' + page + '"' || body == "small") << body.substr(0, 20);
    co_return fields;
}

SIMUL_TEST(Compression, SendsTextAsTheClientLikesIt)
{
    http::server site = compressing();
    served now(site);
    for (const char* const path : {"/text", "/json", "/stream", "/tagged"}) {
        for (const char* const coding : {"gzip", "br", "zstd"}) {
            const std::string fields = co_await fetch(now.at, path, coding);
            EXPECT_NE(fields.find("Content-Encoding: " + std::string(coding) + "$"), std::string::npos) << path << fields;
            EXPECT_NE(fields.find("Vary: Accept-Encoding$"), std::string::npos) << path;
        }
        const std::string plain = co_await fetch(now.at, path, "identity");
        EXPECT_EQ(plain.find("Content-Encoding"), std::string::npos);
        EXPECT_NE(plain.find("Vary: Accept-Encoding$"), std::string::npos);
    }
    EXPECT_NE((co_await fetch(now.at, "/text", "gzip, br;q=0.5")).find("Content-Encoding: gzip$"), std::string::npos);
    EXPECT_NE((co_await fetch(now.at, "/tagged", "gzip")).find("ETag: W/\"1\"$"), std::string::npos);
    EXPECT_NE((co_await fetch(now.at, "/tagged", "none")).find("ETag: \"1\"$"), std::string::npos);
    co_await now.close();
}

SIMUL_TEST(Compression, LeavesAloneWhatIsBetterOffAsItIs)
{
    http::server site = compressing();
    served now(site);
    for (const char* const path : {"/small", "/image", "/coded", "/fixed"}) {
        const std::string fields = co_await fetch(now.at, path, "gzip, br, zstd");
        EXPECT_EQ(fields.find("Vary"), std::string::npos) << path << fields;
        EXPECT_EQ(fields.find("Content-Encoding: gzip"), std::string::npos) << path;
    }
    co_await now.close();
}

} // namespace
