// SPDX-License-Identifier: MIT
#include "http/proxy_settings.hpp"

#include <simul/base/error.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using simul::url;
using simul::http::detail::proxy_authorization;
using simul::http::detail::proxy_settings;

std::string proxy_for(const proxy_settings& by, std::string_view to)
{
    const auto proxy = by.proxy_for(url::parse(to));
    return proxy ? std::string(proxy->authority()) : "none";
}

/// Whether it is asked for directly.
bool excepted(std::string_view no_proxy, std::string_view to)
{
    return proxy_for({.all = "p:1", .no_proxy = std::string(no_proxy)}, to) == "none";
}

TEST(ProxySettings, GoByTheScheme)
{
    const proxy_settings both = {.http = "http://a:1", .https = "http://b:2", .all = "http://c:3"};
    EXPECT_EQ(proxy_for(both, "http://example.org/"), "a:1");
    EXPECT_EQ(proxy_for(both, "ws://example.org/"), "a:1");
    EXPECT_EQ(proxy_for(both, "https://example.org/"), "b:2");
    EXPECT_EQ(proxy_for(both, "wss://example.org/"), "b:2");
    EXPECT_EQ(proxy_for({.http = "http://a:1"}, "https://example.org/"), "none");
    EXPECT_EQ(proxy_for({.http = "http://a:1", .all = "http://c:3"}, "https://example.org/"), "c:3");
    EXPECT_EQ(proxy_for({}, "https://example.org/"), "none");
}

TEST(ProxySettings, NeedNoScheme)
{
    EXPECT_EQ(proxy_for({.http = "proxy.example.org:3128"}, "http://example.org/"), "proxy.example.org:3128");
    EXPECT_EQ(proxy_for({.http = "user:secret@proxy:3128"}, "http://example.org/"), "proxy:3128");
    EXPECT_EQ(proxy_settings{.http = "https://proxy"}.proxy_for(url::parse("http://a/"))->port(), 443);
}

TEST(ProxySettings, ShowNoPasswordWhenTheyAreWrong)
{
    for (const char* wrong : {"socks5://me:secret@proxy", "http://me:secret@pro xy"}) {
        try {
            proxy_for({.https = wrong}, "https://example.org/");
            ADD_FAILURE() << wrong;
        } catch (const simul::error& e) {
            EXPECT_STREQ(e.what(), "https_proxy: a proxy has the form \"http://host:port\" or \"https://host:port\"");
        }
    }
    EXPECT_THROW(proxy_for({.all = "x y"}, "http://example.org/"), simul::error);
    EXPECT_EQ(proxy_for({.http = "x y"}, "https://example.org/"), "none"); // nobody asked
}

TEST(ProxySettings, NeverStandBetweenThisMachineAndItself)
{
    for (const char* self : {"http://localhost/", "http://app.localhost:8080/", "http://127.0.0.1/",
                             "http://127.1.2.3/", "http://[::1]/", "http://[::ffff:127.0.0.1]/"})
        EXPECT_TRUE(excepted("", self)) << self;
    for (const char* other : {"http://128.0.0.1/", "http://[::2]/", "http://notlocalhost/", "http://localhost.org/"})
        EXPECT_FALSE(excepted("", other)) << other;
}

TEST(ProxySettings, ExceptHostsAndWhatIsBelowThem)
{
    for (const char* list : {"example.org", ".example.org", "*.example.org", "EXAMPLE.org", "a, example.org",
                             "a example.org b", ",,example.org", "*"}) {
        EXPECT_TRUE(excepted(list, "http://example.org/")) << list;
        EXPECT_TRUE(excepted(list, "http://www.example.org/")) << list;
    }
    for (const char* list :
         {"", "www.example.org", "xample.org", "org.", "example.org.evil.net", "**", "*ample.org", "."})
        EXPECT_FALSE(excepted(list, "http://example.org/")) << list;
    EXPECT_TRUE(excepted("org", "http://example.org/"));
    EXPECT_TRUE(excepted("b\xc3\xbc"
                         "cher.example",
                         "http://xn--bcher-kva.example/"));
}

TEST(ProxySettings, ExceptPorts)
{
    EXPECT_TRUE(excepted("example.org:8080", "http://example.org:8080/"));
    EXPECT_FALSE(excepted("example.org:8080", "http://example.org/"));
    EXPECT_TRUE(excepted("example.org:443", "https://www.example.org/"));
    EXPECT_FALSE(excepted("example.org:99999", "http://example.org/"));
    EXPECT_TRUE(excepted("[fd00::1]:80", "http://[fd00::1]/"));
    EXPECT_FALSE(excepted("[fd00::1]:81", "http://[fd00::1]/"));
    EXPECT_FALSE(excepted(":80", "http://example.org/"));
}

TEST(ProxySettings, ExceptAddressesAndNetworks)
{
    EXPECT_TRUE(excepted("10.1.2.3", "http://10.1.2.3/"));
    EXPECT_FALSE(excepted("1.2.3", "http://10.1.2.3/")); // which is 1.2.0.3, and no suffix
    EXPECT_TRUE(excepted("10.0.0.0/8", "http://10.255.0.1/"));
    EXPECT_FALSE(excepted("10.0.0.0/8", "http://11.0.0.1/"));
    EXPECT_TRUE(excepted("192.168.4.0/22", "http://192.168.7.255/"));
    EXPECT_FALSE(excepted("192.168.4.0/22", "http://192.168.8.0/"));
    EXPECT_TRUE(excepted("10.1.2.3/32", "http://10.1.2.3/"));
    EXPECT_FALSE(excepted("10.1.2.3/32", "http://10.1.2.2/"));
    EXPECT_TRUE(excepted("0.0.0.0/0", "http://10.1.2.3/"));
    EXPECT_FALSE(excepted("0.0.0.0/0", "http://[fd00::1]/"));
    EXPECT_FALSE(excepted("0.0.0.0/0", "http://example.org/")); // a name, and nobody asks what it means
    EXPECT_TRUE(excepted("fd00::/8", "http://[fdff::1]/"));
    EXPECT_TRUE(excepted("[fd00::]/8", "http://[fdff::1]/"));
    EXPECT_FALSE(excepted("fd00::/8", "http://[fe00::1]/"));
    EXPECT_TRUE(excepted("fd00::1", "http://[fd00:0:0::1]/"));
    EXPECT_TRUE(excepted("1:2:3:4:5:6:7:0/112", "http://[1:2:3:4:5:6:7:8]/"));
    EXPECT_TRUE(excepted("::/0", "http://[2001:db8::1]/"));
    for (const char* none :
         {"10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "/8", "10.0.0.0/x", "fd00::/129", "example.org/8"})
        EXPECT_FALSE(excepted(none, "http://10.0.0.1/")) << none;
}

TEST(ProxySettings, ComeFromTheEnvironment)
{
    const char* const names[] = {"http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY",
                                 "all_proxy",  "ALL_PROXY",  "no_proxy",    "NO_PROXY"};
    for (const char* const name : names)
        ::unsetenv(name);
    ::setenv("HTTP_PROXY", "http://an.attacker", 1);
    EXPECT_EQ(proxy_settings::from_environment().http, "");
    ::setenv("http_proxy", "http://a", 1);
    ::setenv("HTTPS_PROXY", "http://b", 1);
    ::setenv("ALL_PROXY", "http://c", 1);
    ::setenv("no_proxy", "", 1);
    ::setenv("NO_PROXY", "d", 1);
    const proxy_settings settings = proxy_settings::from_environment();
    EXPECT_EQ(settings.http, "http://a");
    EXPECT_EQ(settings.https, "http://b");
    EXPECT_EQ(settings.all, "http://c");
    EXPECT_EQ(settings.no_proxy, "d");
    for (const char* const name : names)
        ::unsetenv(name);
}

TEST(ProxySettings, SayWhoAsks)
{
    EXPECT_EQ(proxy_authorization(url::parse("http://proxy:1")), "");
    EXPECT_EQ(proxy_authorization(url::parse("http://Aladdin:open%20sesame@proxy:1")),
              "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    EXPECT_EQ(proxy_authorization(url::parse("http://user@proxy:1")), "Basic dXNlcjo=");
}

} // namespace
