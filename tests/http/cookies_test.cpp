// SPDX-License-Identifier: MIT
#include <simul/base/error.hpp>
#include <simul/http/cookies.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace {

using namespace simul::http;
using namespace std::literals;

std::string read(std::string_view field)
{
    std::string text;
    for (const auto& [name, value] : parse_cookies(field))
        text.append("[").append(name).append("=").append(value).append("]");
    return text;
}

std::string refusal(const set_cookie& of)
{
    try {
        return to_string(of);
    } catch (const simul::error& e) {
        return e.what();
    }
}

TEST(Cookies, AreReadInTheirOrder)
{
    EXPECT_EQ(read("id=31d4; lang=en"), "[id=31d4][lang=en]");
    EXPECT_EQ(read("a=1;a=2; A=3"), "[a=1][a=2][A=3]");
    EXPECT_EQ(read(" a = 1 ;; b=;=c; d"), "[a=1][b=]");
    EXPECT_EQ(read("a=b=c==; x=\"quoted; y=\"z\"; q=\"\""), "[a=b=c==][x=\"quoted][y=z][q=]");
    EXPECT_EQ(read("a=\xc3\xa9 x"), "[a=\xc3\xa9 x]");
    EXPECT_EQ(read("q=\""), "[q=\"]");
    EXPECT_EQ(read(""), "");
    EXPECT_EQ(read(";"), "");
}

TEST(SetCookie, IsWrittenWithItsAttributes)
{
    EXPECT_EQ(to_string(set_cookie{.name = "id", .value = "31d4"}), "id=31d4; Path=/; HttpOnly; SameSite=Lax");
    EXPECT_EQ(to_string(set_cookie{.name = "id",
                                   .value = "",
                                   .max_age = 1h,
                                   .expires = std::chrono::sys_seconds(784111777s),
                                   .domain = "example.org",
                                   .path = "/a b",
                                   .secure = true,
                                   .http_only = false,
                                   .same_site = same_site::none}),
              "id=; Max-Age=3600; Expires=Sun, 06 Nov 1994 08:49:37 GMT; Domain=example.org; Path=/a b; Secure; "
              "SameSite=None");
    EXPECT_EQ(to_string(set_cookie{.name = "id", .path = "", .same_site = same_site::strict}),
              "id=; HttpOnly; SameSite=Strict");
    EXPECT_EQ(to_string(set_cookie{.name = "id", .max_age = -5s, .http_only = false, .same_site = same_site::unset}),
              "id=; Max-Age=0; Path=/");
}

TEST(SetCookie, IsRefusedWhenNobodyWouldTakeIt)
{
    for (const char* name : {"", "a b", "a=b", "a;b", "a\r\nX: y", "caf\xc3\xa9"})
        EXPECT_NE(refusal({.name = name}).find("a name has letters"), std::string::npos) << name;
    for (const char* value : {"a b", "a;b", "a,b", "\"a\"", "a\\b", "a\r\nX: y", "caf\xc3\xa9", "\x7f"})
        EXPECT_NE(refusal({.name = "id", .value = value}).find("Set-Cookie \"id\": a value has no spaces"),
                  std::string::npos)
            << value;
    EXPECT_NE(refusal({.name = "id", .value = "\0"s}).find("a value has no"), std::string::npos);
    EXPECT_NE(refusal({.name = "id", .value = std::string(4095, 'x')}).find("4096 bytes"), std::string::npos);
    EXPECT_EQ(refusal({.name = "id", .value = std::string(4094, 'x')}).find("4096 bytes"), std::string::npos);
    EXPECT_NE(refusal({.name = "id", .domain = "a;b"}).find("domain"), std::string::npos);
    for (const char* path : {"a", "/a;b", "/\r\n", "/caf\xc3\xa9"})
        EXPECT_NE(refusal({.name = "id", .path = path}).find("a path begins"), std::string::npos) << path;
    EXPECT_NE(refusal({.name = "id", .same_site = same_site::none}).find("has to be secure"), std::string::npos);
}

TEST(SetCookie, KeepsThePromiseOfItsPrefix)
{
    EXPECT_NE(refusal({.name = "__Secure-id"}).find("__Secure- has to be secure"), std::string::npos);
    EXPECT_EQ(refusal({.name = "__Secure-id", .domain = "a.org", .path = "/x", .secure = true}).find("__Secure-id="),
              0u);
    EXPECT_EQ(refusal({.name = "__Host-id", .secure = true}).find("__Host-id="), 0u);
    for (const set_cookie& bad :
         {set_cookie{.name = "__host-id"}, set_cookie{.name = "__Host-id", .domain = "a.org", .secure = true},
          set_cookie{.name = "__Host-id", .path = "/x", .secure = true}})
        EXPECT_NE(refusal(bad).find("no domain, path"), std::string::npos);
}

} // namespace
