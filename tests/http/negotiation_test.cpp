// SPDX-License-Identifier: MIT
#include "http/negotiation.hpp"

#include <simul/http/media_type.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>

namespace {

using namespace simul::http::detail;

std::string_view coding_for(std::optional<std::string_view> accept)
{
    constexpr content_coding offered[] = {content_coding::br, content_coding::zstd, content_coding::gzip};
    return to_string(choose_coding(accept, offered));
}

std::string_view type_for(std::optional<std::string_view> accept)
{
    return simul::http::preferred_type(accept, {"text/html", "application/json", "text/plain; charset=utf-8"})
        .value_or("none");
}

TEST(Negotiation, OfCodingsIsForWhatGetsSmaller)
{
    for (const char* const type :
         {"text/html; charset=utf-8", "Text/Plain", "application/json", "application/problem+json",
          "image/svg+xml ;a=b", "application/wasm", "application/javascript"})
        EXPECT_TRUE(is_compressible(type)) << type;
    for (const char* const type :
         {"", "image/png", "application/zip", "application/octet-stream", "textual/x", "video/mp4"})
        EXPECT_FALSE(is_compressible(type)) << type;
}

TEST(Negotiation, OfCodingsPrefersTheServersAmongEquals)
{
    EXPECT_EQ(coding_for("gzip, deflate, br, zstd"), "br");
    EXPECT_EQ(coding_for("gzip, zstd"), "zstd");
    EXPECT_EQ(coding_for("GZIP"), "gzip");
    EXPECT_EQ(coding_for("*"), "br");
    EXPECT_EQ(coding_for("br;q=0, *"), "zstd");
}

TEST(Negotiation, OfCodingsGoesByQuality)
{
    EXPECT_EQ(coding_for("gzip;q=1.0, br;q=0.5"), "gzip");
    EXPECT_EQ(coding_for("gzip; q=0.8 , br;Q=0.9"), "br");
    EXPECT_EQ(coding_for("gzip;q=0.001, br;q=0"), "gzip");
    EXPECT_EQ(coding_for("br;q=0.9, *;q=1"), "zstd");
    EXPECT_EQ(coding_for("identity;q=0.5, gzip;q=0.4"), "identity");
    EXPECT_EQ(coding_for("identity, gzip"), "gzip");
}

TEST(Negotiation, OfCodingsEndsWithoutOne)
{
    EXPECT_EQ(coding_for(std::nullopt), "identity");
    EXPECT_EQ(coding_for(""), "identity");
    EXPECT_EQ(coding_for("deflate, compress"), "identity");
    EXPECT_EQ(coding_for("gzip;q=0"), "identity");
    EXPECT_EQ(coding_for("identity;q=0, *;q=0"), "identity"); // better than nothing
    for (const char* no_quality : {"gzip;q=x", "gzip;q=2", "gzip;q=.5", "gzip;q=-1", "gzip;q=0.x", "gzip;q=1x"})
        EXPECT_EQ(coding_for(no_quality), "identity") << no_quality;
}

TEST(Negotiation, OfTypesGoesByQualityThenByTheServer)
{
    EXPECT_EQ(type_for(std::nullopt), "text/html");
    EXPECT_EQ(type_for(""), "text/html");
    EXPECT_EQ(type_for("*/*"), "text/html");
    EXPECT_EQ(type_for("application/json"), "application/json");
    EXPECT_EQ(type_for("Application/*"), "application/json");
    EXPECT_EQ(type_for("text/html;q=0.5, application/json;q=0.6"), "application/json");
    EXPECT_EQ(type_for("image/png"), "none");
    EXPECT_EQ(type_for("*/*;q=0"), "none");
    EXPECT_EQ(type_for("text"), "none");
    EXPECT_EQ(type_for("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"), "text/html");
}

TEST(Negotiation, OfTypesTakesWhatIsSaidMostExactly)
{
    EXPECT_EQ(type_for("*/*, text/*;q=0.1"), "application/json");
    EXPECT_EQ(type_for("text/html;q=0, text/*"), "text/plain; charset=utf-8");
    EXPECT_EQ(type_for("text/plain;charset=utf-8, text/plain;q=0.1, */*;q=0.5"), "text/plain; charset=utf-8");
    EXPECT_EQ(type_for("text/html;level=1"), "none"); // which isn't offered
}

} // namespace
