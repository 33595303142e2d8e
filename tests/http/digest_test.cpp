// SPDX-License-Identifier: MIT
#include "http/digest.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using simul::http::headers;
using simul::http::detail::digest_challenge;

/// The member `response` of the answer to a challenge.
std::string response_to(const char* challenge, const digest_challenge::asked& by, std::string_view client_nonce)
{
    auto read = digest_challenge::of({{"WWW-Authenticate", challenge}});
    if (!read)
        return "(not met)";
    const std::string field = read->answer(by, client_nonce);
    const std::size_t at = field.find("response=\"") + 10;
    return field.substr(at, field.find('"', at) - at);
}

TEST(Digest, IsThatOfTheStandards)
{
    const digest_challenge::asked mufasa = {"GET", "/dir/index.html", "Mufasa", "Circle of Life"};
    const std::string rest = "realm=\"http-auth@example.org\", qop=\"auth, auth-int\", "
                             "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", opaque=\"x\"";
    const char* const nonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
    EXPECT_EQ(response_to(("Digest algorithm=SHA-256, " + rest).c_str(), mufasa, nonce),
              "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");
    EXPECT_EQ(response_to(("Digest algorithm=MD5, " + rest).c_str(), mufasa, nonce),
              "8ca523f5e9506fed4657c9700eebdbec");
    EXPECT_EQ(response_to(("Digest " + rest).c_str(), mufasa, nonce), "8ca523f5e9506fed4657c9700eebdbec");

    const char* const before_1999 = "Digest realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\"";
    EXPECT_EQ(response_to(before_1999, {"GET", "/dir/index.html", "Mufasa", "CircleOfLife"}, "x"),
              "1949323746fe6a43ef61f9606e7febea");

    const digest_challenge::asked short_one = {"GET", "/", "u", "p"};
    EXPECT_EQ(response_to("digest algorithm=\"md5-SESS\", qop=auth, realm=r, nonce=n", short_one, "c"),
              "6e4aac8b22e97762f88ccd0d5ccf5b1d");
    EXPECT_EQ(response_to("Digest algorithm=SHA-512-256, qop=auth, realm=r, nonce=n", short_one, "c"),
              "519cb229dddd3519d9837260180352bc20d17680bb51c2ee862b66f4d1c4b50f");
}

TEST(Digest, SaysAllThatTheServerNeeds)
{
    auto asked = digest_challenge::of(
        {{"WWW-Authenticate", "Digest realm=\"a \\\"b\\\"\", nonce=n, opaque=o, qop=\"auth\", algorithm=MD5"}});
    ASSERT_TRUE(asked);
    std::string field = asked->answer({"GET", "/x?y", "u\\1", "p"}, "c");
    EXPECT_TRUE(
        field.starts_with("Digest username=\"u\\\\1\", realm=\"a \\\"b\\\"\", nonce=\"n\", uri=\"/x?y\", response=\""))
        << field;
    EXPECT_TRUE(field.ends_with("\", algorithm=MD5, opaque=\"o\", qop=auth, nc=00000001, cnonce=\"c\"")) << field;
    field = asked->answer({"GET", "/x?y", "u", "p"}, "d");
    EXPECT_NE(field.find("nc=00000002"), std::string::npos) << field;
}

TEST(Digest, MeetsTheFirstChallengeThatItUnderstands)
{
    const auto met = [](const headers& answer) { return digest_challenge::of(answer).has_value(); };
    EXPECT_TRUE(met({{"WWW-Authenticate", "Basic realm=\"x, y\", Digest nonce=n"}}));
    EXPECT_TRUE(met({{"WWW-Authenticate", "Negotiate abc=="}, {"WWW-Authenticate", "DIGEST nonce=\"\""}}));
    EXPECT_TRUE(met({{"WWW-Authenticate", "Digest nonce=a, algorithm=NEW, Digest nonce=b, algorithm=MD5"}}));
    for (const char* other :
         {"", "Basic realm=x", "Digest realm=x", "Digest nonce=n, qop=auth-int", "Digest nonce=n, algorithm=NEW",
          "Bearer, nonce=n", "=", ",=,", "Digest =", "Digest nonce"})
        EXPECT_FALSE(met({{"WWW-Authenticate", other}})) << other;
    EXPECT_FALSE(met({}));
}

} // namespace
