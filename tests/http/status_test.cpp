// SPDX-License-Identifier: MIT
#include <simul/http/status.hpp>

#include <gtest/gtest.h>

namespace {

namespace http = simul::http;

TEST(Status, HasAReason)
{
    EXPECT_EQ(http::reason_of(http::status::ok), "OK");
    EXPECT_EQ(http::reason_of(404), "Not Found");
    EXPECT_EQ(http::reason_of(http::status::header_fields_too_large), "Request Header Fields Too Large");
    for (const int code : {0, -1, 99, 199, 299, 418, 430, 599, 600, 999})
        EXPECT_EQ(http::reason_of(code), "") << code;
    int known = 0;
    for (int code = 0; code < 1000; ++code)
        known += !http::reason_of(code).empty();
    EXPECT_EQ(known, 61);
}

TEST(Status, IsOfAClass)
{
    const auto classes = [](int code) {
        std::string in;
        in += http::is_informational(code) ? "1" : "";
        in += http::is_success(code) ? "2" : "";
        in += http::is_redirection(code) ? "3" : "";
        in += http::is_client_error(code) ? "4" : "";
        in += http::is_server_error(code) ? "5" : "";
        return in;
    };
    for (int code = 100; code < 600; ++code)
        EXPECT_EQ(classes(code), std::to_string(code / 100)) << code;
    for (const int code : {0, 99, 600, 999})
        EXPECT_EQ(classes(code), "") << code;
}

} // namespace
