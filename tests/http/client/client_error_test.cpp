// SPDX-License-Identifier: MIT
//
// Which of them is thrown when is in the tests of the client: here is who catches what.
#include <simul/http/client_error.hpp>

#include <gtest/gtest.h>

#include <concepts>

namespace {

using namespace simul::http;

static_assert(std::derived_from<connect_error, request_error> && std::derived_from<identity_error, connect_error>);
static_assert(std::derived_from<answer_error, request_error> && std::derived_from<redirect_error, request_error>);
static_assert(std::derived_from<request_error, simul::error>);
static_assert(std::derived_from<request_timeout, simul::timeout_error> &&
              !std::derived_from<request_timeout, request_error>);

TEST(HttpClientError, SaysWhatWasAndWhy)
{
    const request_timeout late(request_timeout::limit::tls, "GET https://a/: no TLS within 10 s");
    EXPECT_EQ(late.passed(), request_timeout::limit::tls);
    EXPECT_STREQ(late.what(), "GET https://a/: no TLS within 10 s");
    EXPECT_EQ(answer_error("broken").code(), std::errc::protocol_error);
    EXPECT_EQ(redirect_error("too many").code(), std::errc::protocol_error);
    EXPECT_EQ(connect_error(std::errc::connection_refused, "nobody").code(), std::errc::connection_refused);
}

} // namespace
