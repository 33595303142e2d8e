// SPDX-License-Identifier: MIT
//
// What is made of them is in the tests of the client.
#include <simul/base/error.hpp>
#include <simul/http/request_options.hpp>

#include <gtest/gtest.h>

namespace {

namespace http = simul::http;

TEST(HttpCredentials, AreWrittenAsTheirStandardsSay)
{
    EXPECT_EQ(http::basic("Aladdin", "open sesame").value, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="); // RFC 7617, 2
    EXPECT_EQ(http::basic("", "").value, "Basic Og==");
    EXPECT_EQ(http::basic("test", "123\xc2\xa3").value, "Basic dGVzdDoxMjPCow==");
    EXPECT_EQ(http::bearer("mF_9.B5f-4.1JqM").value, "Bearer mF_9.B5f-4.1JqM"); // RFC 6750, 2.1
    EXPECT_EQ(http::credentials().value, "");
}

TEST(HttpCredentials, AreForAServerThatAsksFirst)
{
    EXPECT_TRUE(http::digest("a:b", "").is_digest());
    EXPECT_FALSE(http::basic("a", "b").is_digest());
    EXPECT_TRUE(http::credentials().empty());
    EXPECT_FALSE(http::digest("a", "b").empty());
    EXPECT_THROW(static_cast<void>(http::digest("", "b")), simul::error);
}

TEST(HttpCredentials, RefuseANameThatRunsIntoItsPassword)
{
    EXPECT_THROW(static_cast<void>(http::basic("a:b", "c")), simul::error);
    EXPECT_EQ(http::basic("a", "b:c").value, "Basic YTpiOmM=");
}

} // namespace
