// SPDX-License-Identifier: MIT
#include <simul/http/method.hpp>

#include <gtest/gtest.h>

namespace {

using simul::http::method;

TEST(Method, HasAName)
{
    for (const char* name : {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY"})
        EXPECT_EQ(to_string(simul::http::method_of(name)), name);
    EXPECT_EQ(simul::http::method_of("DELETE"), method::delete_);
    EXPECT_EQ(simul::http::method_of("PROPFIND"), method::other);
    EXPECT_EQ(simul::http::method_of("get"), method::other);
    EXPECT_EQ(simul::http::method_of(""), method::other);
    EXPECT_EQ(to_string(method::other), "");
}

TEST(Method, NamesAreTokens)
{
    EXPECT_TRUE(simul::http::is_method_name("PROPFIND"));
    EXPECT_TRUE(simul::http::is_method_name("M-SEARCH"));
    for (const char* name : {"", "GET ", "G T", "GET\r\n", "G:", "G\xc9T"})
        EXPECT_FALSE(simul::http::is_method_name(name)) << name;
}

TEST(Method, TellsWhatMayBeSentAgain)
{
    for (const method each : {method::get, method::head, method::options, method::trace, method::query}) {
        EXPECT_TRUE(is_safe(each)) << to_string(each);
        EXPECT_TRUE(is_idempotent(each)) << to_string(each);
    }
    for (const method each : {method::put, method::delete_}) {
        EXPECT_FALSE(is_safe(each)) << to_string(each);
        EXPECT_TRUE(is_idempotent(each)) << to_string(each);
    }
    for (const method each : {method::post, method::patch, method::connect, method::other}) {
        EXPECT_FALSE(is_safe(each)) << to_string(each);
        EXPECT_FALSE(is_idempotent(each)) << to_string(each);
    }
}

} // namespace
