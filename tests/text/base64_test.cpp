// SPDX-License-Identifier: MIT
#include "text/base64.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace {

using simul::detail::base64;
using simul::detail::from_base64;

struct pair {
    std::string_view data, text;
};
constexpr pair pairs[] = {{"", ""},
                          {"f", "Zg=="},
                          {"fo", "Zm8="},
                          {"foo", "Zm9v"},
                          {"foob", "Zm9vYg=="},
                          {"fooba", "Zm9vYmE="},
                          {"foobar", "Zm9vYmFy"},
                          {"\xff\xfe\xfb", "//77"}};

TEST(Base64, IsThatOfTheStandard)
{
    for (const pair& each : pairs) {
        EXPECT_EQ(base64(each.data), each.text);
        EXPECT_EQ(from_base64(each.text), each.data);
    }
}

TEST(Base64, KeepsEveryByte)
{
    std::string all;
    for (int i = 0; i < 256; ++i)
        all += static_cast<char>(i);
    EXPECT_EQ(from_base64(base64(all)), all);
}

TEST(Base64, RefusesWhatIsNone)
{
    for (const std::string_view bad :
         {"Zg", "Zg=", "Z", "Zg===", "Z===", "====", "Zm 9", "Zm9v\n", "Zm9-", "Zg==Zg==", "=Zg="})
        EXPECT_EQ(from_base64(bad), std::nullopt) << bad;
}

} // namespace
