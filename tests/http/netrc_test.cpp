// SPDX-License-Identifier: MIT
#include "http/netrc.hpp"

#include "text/base64.hpp"

#include <simul/base/error.hpp>

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace {

using simul::http::detail::netrc;

/// "login:password" for that host.
std::string known(const netrc& of, std::string_view host)
{
    const std::string field = of.authorization_for(host);
    return field.empty() ? "" : simul::detail::from_base64(field.substr(field.find(' ') + 1)).value_or("(no base 64)");
}

TEST(Netrc, KnowsPasswordsByHost)
{
    const netrc file = netrc::parse("machine example.org login magnus password secret\n"
                                    "machine Other.Example\n\tlogin\thikaru\n\tpassword \"two \\\"words\\\"\"\n"
                                    "machine nobody.example account x\n"
                                    "machine fe80::1 user u password p\n"
                                    "# a remark machine\n"
                                    "default login anonymous password me#here\n"
                                    "machine too.late login x password y\n",
                                    "netrc");
    EXPECT_EQ(known(file, "example.org"), "magnus:secret");
    EXPECT_EQ(known(file, "other.example"), "hikaru:two \"words\"");
    EXPECT_EQ(known(file, "nobody.example"), "");
    EXPECT_EQ(known(file, "fe80::1"), "u:p");
    EXPECT_EQ(known(file, "sub.example.org"), "anonymous:me#here");
    EXPECT_EQ(known(file, "too.late"), "anonymous:me#here");
}

TEST(Netrc, PassesOverMacros)
{
    const netrc file =
        netrc::parse("machine a login b password c macdef init\ncd /x\nmachine fake login f password f\n\n"
                     "machine d login e password f\nmacdef last\nrest",
                     "netrc");
    EXPECT_EQ(known(file, "a"), "b:c");
    EXPECT_EQ(known(file, "fake"), "");
    EXPECT_EQ(known(file, "d"), "e:f");
}

TEST(Netrc, MayBeEmpty)
{
    EXPECT_TRUE(netrc::parse("", "netrc").empty());
    EXPECT_TRUE(netrc::parse("# nothing\n\n", "netrc").empty());
    EXPECT_EQ(netrc().authorization_for("example.org"), "");
}

TEST(Netrc, SaysWhereItIsWrongAndNoSecret)
{
    const auto problem = [](std::string_view text) -> std::string {
        try {
            netrc::parse(text, "/home/me/.netrc");
        } catch (const simul::error& why) {
            return why.what();
        }
        return "";
    };
    EXPECT_EQ(problem("machine a\nlogin b password c secret\n"),
              "/home/me/.netrc:2: expected machine, default, login, password, account or macdef");
    EXPECT_EQ(problem("login b"), "/home/me/.netrc:1: expected machine, default, login, password, account or macdef");
    EXPECT_EQ(problem("machine a login"), "/home/me/.netrc:1: a word without its value");
    EXPECT_EQ(problem("machine a\npassword \"x\n"), "/home/me/.netrc:2: a quote that doesn't end");
}

} // namespace
