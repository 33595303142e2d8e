// SPDX-License-Identifier: MIT
#include "http/cookie_date.hpp"

#include <simul/base/error.hpp>
#include <simul/http/cookies.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace {

using namespace simul::http;
using namespace std::literals;
using simul::url;

constexpr std::chrono::sys_seconds now(784111777s); // Sun, 06 Nov 1994 08:49:37 GMT

class CookieJar : public ::testing::Test {
protected:
    bool store(std::string_view field, std::string_view from = "https://example.org/", std::chrono::seconds later = 0s)
    {
        return jar.store(field, url::parse(from), now + later);
    }
    std::string sent(std::string_view to = "https://example.org/", std::chrono::seconds later = 0s) const
    {
        return jar.field_for(url::parse(to), now + later);
    }

    cookie_jar jar;
};

TEST_F(CookieJar, SendsBackWhatItGot)
{
    EXPECT_TRUE(store("id=31d4"));
    EXPECT_TRUE(store(" lang = en ; HttpOnly"));
    EXPECT_EQ(sent(), "id=31d4; lang=en");
    EXPECT_EQ(sent("http://example.org:8080/any/path?query"), "id=31d4; lang=en"); // neither port nor scheme counts
    EXPECT_EQ(jar.all()[1], (cookie{.name = "lang", .value = "en", .domain = "example.org", .http_only = true}));
}

TEST_F(CookieJar, TakesValuesAsTheyAre)
{
    store("a=\"quoted value\"");
    store("b=x=y==");
    store("c=caf\xc3\xa9, x");
    store("d=");
    EXPECT_EQ(sent(), "a=\"quoted value\"; b=x=y==; c=caf\xc3\xa9, x; d=");
}

TEST_F(CookieJar, RefusesWhatIsNoCookie)
{
    for (const char* none : {"", ";", "=", " ; Path=/", "a=b\x01", "a=b; Path=/\x7f", "a=b\r\nX: y"})
        EXPECT_FALSE(store(none)) << none;
    EXPECT_FALSE(store("a=b\0c"sv));
    EXPECT_FALSE(store("a=" + std::string(4096, 'x')));
    EXPECT_TRUE(store("a=" + std::string(4095, 'x')));
    EXPECT_TRUE(store("no_name"));
    EXPECT_TRUE(store("=no_name_either; Path=/x"));
    EXPECT_EQ(sent("https://example.org/x"), "no_name_either; a=" + std::string(4095, 'x') + "; no_name");
}

TEST_F(CookieJar, ReplacesWhatHasTheSameNameDomainAndPath)
{
    store("a=1");
    store("b=1");
    store("a=2");
    EXPECT_EQ(sent(), "a=2; b=1"); // as old as it was
    store("A=3");
    store("a=4; Path=/x");
    store("a=5; Domain=example.org");
    EXPECT_EQ(sent("https://example.org/x"), "a=4; a=2; b=1; A=3; a=5");
}

TEST_F(CookieJar, StaysWithItsHost)
{
    store("a=1");
    EXPECT_EQ(sent("https://example.org/"), "a=1");
    EXPECT_EQ(sent("https://www.example.org/"), "");
    EXPECT_EQ(sent("https://org/"), "");
    EXPECT_EQ(sent("https://notexample.org/"), "");
}

TEST_F(CookieJar, GoesToAllOfItsDomain)
{
    EXPECT_TRUE(store("a=1; Domain=example.org", "https://www.example.org/"));
    EXPECT_TRUE(store("b=1; domain=.EXAMPLE.org", "https://www.example.org/"));
    EXPECT_EQ(sent("https://example.org/"), "a=1; b=1");
    EXPECT_EQ(sent("https://a.b.example.org/"), "a=1; b=1");
    EXPECT_EQ(sent("https://notexample.org/"), "");
    EXPECT_EQ(sent("https://example.org.evil.net/"), "");
}

TEST_F(CookieJar, RefusesDomainsOfOthers)
{
    for (const char* domain :
         {"other.org", "www.example.org", "ample.org", "org", "..example.org", "example.org.", "example.org/"})
        EXPECT_FALSE(store("a=1; Domain="s + domain, "https://example.org/")) << domain;
    EXPECT_TRUE(store("a=1; Domain=", "https://example.org/")); // as if there were none
    EXPECT_TRUE(jar.all()[0].host_only);
    EXPECT_TRUE(store("a=1; Domain=other.org; Domain=example.org")); // the last one counts
}

TEST_F(CookieJar, RefusesPublicSuffixes)
{
    EXPECT_FALSE(store("a=1; Domain=co.uk", "https://example.co.uk/"));
    EXPECT_FALSE(store("a=1; Domain=uk", "https://example.co.uk/"));
    EXPECT_FALSE(store("a=1; Domain=github.io", "https://me.github.io/"));
    EXPECT_TRUE(store("a=1; Domain=example.co.uk", "https://www.example.co.uk/"));
    EXPECT_TRUE(store("b=1; Domain=github.io", "https://github.io/")); // for itself alone
    EXPECT_EQ(sent("https://github.io/"), "b=1");
    EXPECT_EQ(sent("https://me.github.io/"), "");
    EXPECT_TRUE(store("c=1; Domain=localhost", "http://localhost/"));
    EXPECT_EQ(sent("http://localhost/"), "c=1");
    EXPECT_EQ(sent("http://app.localhost/"), "");
}

TEST_F(CookieJar, KeepsAddressesApart)
{
    EXPECT_TRUE(store("a=1", "http://127.0.0.1/"));
    EXPECT_TRUE(store("b=1; Domain=127.0.0.1", "http://127.0.0.1/"));
    EXPECT_FALSE(store("c=1; Domain=0.0.1", "http://127.0.0.1/"));
    EXPECT_FALSE(store("c=1; Domain=1", "http://127.0.0.1/"));
    EXPECT_TRUE(store("d=1", "http://[::1]/"));
    EXPECT_EQ(sent("http://127.0.0.1/"), "a=1; b=1");
    EXPECT_EQ(sent("http://127.0.0.2/"), "");
    EXPECT_EQ(sent("http://[::1]/"), "d=1");
    EXPECT_TRUE(jar.all()[1].host_only);
}

TEST_F(CookieJar, MatchesPathsByFolder)
{
    store("a=1; Path=/docs");
    store("b=1; Path=/docs/");
    store("c=1; Path=/");
    EXPECT_EQ(sent("https://example.org/docs"), "a=1; c=1");
    EXPECT_EQ(sent("https://example.org/docs/"), "b=1; a=1; c=1");
    EXPECT_EQ(sent("https://example.org/docs/web"), "b=1; a=1; c=1");
    EXPECT_EQ(sent("https://example.org/docsets"), "c=1");
    EXPECT_EQ(sent("https://example.org/Docs"), "c=1");
}

TEST_F(CookieJar, TakesThePathFromTheRequest)
{
    for (const auto& [from, path] : {std::pair("https://example.org", "/"),
                                     {"https://example.org/a", "/"},
                                     {"https://example.org/a/", "/a"},
                                     {"https://example.org/a/b?c=/d/e", "/a"},
                                     {"https://example.org/a/b/", "/a/b"}}) {
        jar.clear();
        store("x=1", from);
        EXPECT_EQ(jar.all()[0].path, path) << from;
        store("x=1; Path=relative", from);
        store("x=1; Path=", from);
        EXPECT_EQ(jar.all().size(), 1u) << from;
    }
}

TEST_F(CookieJar, SendsLongPathsFirstThenOldCookies)
{
    store("young=1; Path=/a/b");
    store("old=1; Path=/");
    store("middle=1; Path=/a");
    store("later=1; Path=/a");
    EXPECT_EQ(sent("https://example.org/a/b"), "young=1; middle=1; later=1; old=1");
}

TEST_F(CookieJar, KeepsSecureOnesForTls)
{
    EXPECT_TRUE(store("a=1; Secure"));
    EXPECT_EQ(sent("https://example.org/"), "a=1");
    EXPECT_EQ(sent("wss://example.org/"), "a=1");
    EXPECT_EQ(sent("http://example.org/"), "");
    EXPECT_FALSE(store("b=1; Secure", "http://example.org/"));
}

TEST_F(CookieJar, LeavesSecureOnesAlone)
{
    store("a=1; Secure; Path=/login");
    EXPECT_FALSE(store("a=2; Path=/login", "http://example.org/"));
    EXPECT_FALSE(store("a=2; Path=/login/x", "http://example.org/"));
    EXPECT_FALSE(store("a=2; Path=/login; Domain=example.org", "http://www.example.org/"));
    EXPECT_TRUE(store("a=2; Path=/", "http://example.org/")); // comes behind it
    EXPECT_TRUE(store("b=2; Path=/login", "http://example.org/"));
    EXPECT_TRUE(store("a=3; Path=/login"));
    EXPECT_EQ(sent("https://example.org/login"), "a=3; b=2; a=2");
}

TEST_F(CookieJar, ForgetsWhatHasExpired)
{
    store("a=1; Max-Age=10");
    store("b=1; Expires=Sun, 06 Nov 1994 08:49:57 GMT");
    store("c=1");
    EXPECT_EQ(sent("https://example.org/", 9s), "a=1; b=1; c=1");
    EXPECT_EQ(sent("https://example.org/", 10s), "b=1; c=1");
    EXPECT_EQ(sent("https://example.org/", 20s), "c=1");
}

TEST_F(CookieJar, TakesMaxAgeBeforeExpires)
{
    store("a=1; Max-Age=10; Expires=Sun, 06 Nov 1994 08:49:27 GMT");
    store("b=1; Expires=Sun, 06 Nov 1994 08:49:27 GMT; Max-Age=10");
    EXPECT_EQ(sent(), "a=1; b=1");
    EXPECT_EQ(jar.all()[0].expires, now + 10s);
    EXPECT_EQ(jar.all()[1].expires, now + 10s);
}

TEST_F(CookieJar, IsToldToForget)
{
    for (const char* age : {"Max-Age=0", "Max-Age=-1", "Max-Age=-99999999999999999999",
                            "Expires=Thu, 01 Jan 1970 00:00:00 GMT", "Max-Age=00"}) {
        store("a=1");
        EXPECT_TRUE(store("a=2; "s + age)) << age;
        EXPECT_TRUE(jar.empty()) << age;
    }
}

TEST_F(CookieJar, TakesAgesThatAreTooLong)
{
    for (const char* age :
         {"Max-Age=99999999999999999999999", "Max-Age=9223372036854775807", "Expires=Fri, 31 Dec 9999 23:59:59 GMT"}) {
        store("a=1; "s + age);
        EXPECT_EQ(jar.all()[0].expires, now + std::chrono::days(400)) << age;
    }
}

TEST_F(CookieJar, PassesOverAttributesThatItDoesNotUnderstand)
{
    for (const char* age : {"Max-Age", "Max-Age=", "Max-Age=1h", "Max-Age=+5", "Max-Age=-", "Max-Age=1.5",
                            "Expires=soon", "Expires", "Priority=High", "", "="}) {
        jar.clear();
        EXPECT_TRUE(store("a=1; "s + age)) << age;
        EXPECT_EQ(jar.all()[0].expires, std::nullopt) << age;
    }
    EXPECT_TRUE(store("a=1; Path=/" + std::string(2000, 'x')));
    EXPECT_EQ(jar.all()[0].path, "/");
}

TEST_F(CookieJar, NotesFromWhichSitesTheyMayBeSent)
{
    for (const auto& [text, expected] : {std::pair("SameSite=Strict", same_site::strict),
                                         {"samesite=LAX", same_site::lax},
                                         {"SameSite=None", same_site::none},
                                         {"SameSite=x", same_site::unset},
                                         {"", same_site::unset}}) {
        store("a=1; "s + text);
        EXPECT_EQ(jar.all()[0].same_site, expected) << text;
    }
}

TEST_F(CookieJar, HoldsPrefixesToTheirPromise)
{
    EXPECT_TRUE(store("__Secure-a=1; Secure; Domain=example.org; Path=/x"));
    EXPECT_FALSE(store("__Secure-a=1"));
    EXPECT_FALSE(store("__secure-a=1"));
    EXPECT_FALSE(store("__Secure-a=1; Secure", "http://example.org/"));
    EXPECT_TRUE(store("__Host-a=1; Secure; Path=/"));
    EXPECT_FALSE(store("__Host-a=1; Secure; Path=/x"));
    EXPECT_FALSE(store("__Host-a=1; Secure; Path=/; Domain=example.org"));
    EXPECT_FALSE(store("__host-a=1; Path=/"));
    EXPECT_FALSE(store("__Host-a; Secure; Path=/")); // would be sent as one of that name
    EXPECT_FALSE(store("=__Secure-a=1; Secure"));
}

TEST_F(CookieJar, IsLimited)
{
    for (int i = 0; i < 200; ++i)
        store("a" + std::to_string(i) + "=1", "https://www" + std::to_string(i % 7) + ".example.co.uk/");
    EXPECT_EQ(jar.all().size(), cookie_jar::most_of_a_site);
    EXPECT_EQ(jar.all().front().name, "a20"); // the oldest went
    store("kept=1; Max-Age=10", "https://other.co.uk/");
    EXPECT_EQ(jar.all().size(), cookie_jar::most_of_a_site + 1);

    jar.clear();
    for (std::size_t i = 0; i < cookie_jar::most_cookies; ++i)
        store("a=1" + std::string(i % 2 == 0 ? "; Max-Age=10" : ""), "https://site" + std::to_string(i) + ".org/");
    EXPECT_EQ(jar.all().size(), cookie_jar::most_cookies);
    store("a=1", "https://another.org/");
    EXPECT_EQ(jar.all().size(), cookie_jar::most_cookies);
    EXPECT_EQ(jar.all().front().domain, "site1.org");
    store("a=1", "https://one_more.org/", 10s);
    EXPECT_LT(jar.all().size(), cookie_jar::most_cookies * 2 / 3); // what had expired went first
}

TEST_F(CookieJar, EndsASession)
{
    store("a=1");
    store("b=1; Max-Age=10");
    jar.end_session();
    EXPECT_EQ(sent(), "b=1");
}

TEST_F(CookieJar, IsFilledByHand)
{
    jar.set({.name = "a", .value = "1", .domain = "Example.org", .host_only = false}, now);
    EXPECT_EQ(sent("https://www.example.org/"), "a=1");
    const cookie good = {.name = "a", .value = "1", .domain = "example.org"};
    for (const auto& spoil : std::initializer_list<void (*)(cookie&)>{
             [](cookie& c) { c.name = "a=b"; }, [](cookie& c) { c.name = "a;b"; },
             [](cookie& c) { c.value = "\r\nX: y"; }, [](cookie& c) { c.value = "1; b=2"; },
             [](cookie& c) { c.value = " 1"; }, [](cookie& c) { c.domain = ""; },
             [](cookie& c) { c.domain = "a\tb\n"; }, [](cookie& c) { c.path = "x"; },
             [](cookie& c) { c.name = c.value = ""; }}) {
        cookie bad = good;
        spoil(bad);
        EXPECT_THROW(jar.set(bad, now), simul::error);
    }
    EXPECT_EQ(jar.all().size(), 1u);
}

TEST_F(CookieJar, IsSavedAndLoaded)
{
    store("a=1");
    store("b=\"x\ty\"; Max-Age=10; Secure; HttpOnly; Domain=example.org; Path=/p", "https://www.example.org/");
    store("gone=1; Max-Age=5");
    const std::string text = jar.save(now + 5s);
    EXPECT_EQ(text, "# Netscape HTTP Cookie File\n"
                    "example.org\tFALSE\t/\tFALSE\t0\ta\t1\n"
                    "#HttpOnly_.example.org\tTRUE\t/p\tTRUE\t784111787\tb\t\"x\ty\"\n");
    cookie_jar other;
    other.load(text, now);
    EXPECT_EQ(other.all().size(), 2u);
    EXPECT_EQ(other.all()[0], jar.all()[0]);
    EXPECT_EQ(other.all()[1], jar.all()[1]);
    other.load(text, now + 20s); // and what has expired is forgotten
    EXPECT_EQ(other.all().size(), 1u);
}

TEST_F(CookieJar, LoadsWhatOthersSaved)
{
    jar.load(
        "# a comment\r\n\r\n.example.org\ttrue\t/\tfalse\t784111787\ta\t1\r\nexample.org\tFALSE\t/\tFALSE\t0\tb\t\n",
        now);
    EXPECT_EQ(sent(), "a=1; b=");
    EXPECT_EQ(sent("https://www.example.org"), "a=1");
    const auto refusal = [&](std::string_view text) {
        try {
            jar.load(text, now);
        } catch (const simul::error& e) {
            return std::string(e.what());
        }
        return "taken"s;
    };
    EXPECT_EQ(refusal("\n\nnone\n"), "load cookies: line 3 is none");
    EXPECT_EQ(refusal("a\tTRUE\t/\tx\t0\ta\tb"), "load cookies: line 1 is none");
    EXPECT_EQ(refusal("a\tTRUE\t/\tTRUE\t1e9\ta\tb"), "load cookies: line 1 is none");
    EXPECT_EQ(refusal("a\tTRUE\tx\tTRUE\t0\ta\tb"), "cookie \"a\": it needs a domain, and a path");
}

TEST(CookieDate, IsReadInAnyForm)
{
    using detail::parse_cookie_date;
    for (const char* text :
         {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
          "6 nov 1994 8:49:37", "1994 November 6 8:49:37 PST", "06-NOV-1994-08:49:37", "Nov/06/1994;08:49:37.5",
          "08:49:37 06 Nov 94", "Sun, 06-Nov-1994 08:49:37 -0800"})
        EXPECT_EQ(parse_cookie_date(text), now) << text;
    EXPECT_EQ(parse_cookie_date("1 Jan 69 00:00:00"), std::chrono::sys_days(std::chrono::year(2069) / 1 / 1));
    EXPECT_EQ(parse_cookie_date("1 Jan 70 00:00:00"), std::chrono::sys_seconds(0s));
    EXPECT_EQ(parse_cookie_date("31 Dec 9999 23:59:59"), std::chrono::sys_seconds(253402300799s));
    for (const char* none : {"", "6 Nov 1994", "Nov 1994 08:49:37", "6 1994 08:49:37", "6 Nov 08:49:37",
                             "31 Nov 1994 08:49:37", "0 Nov 1994 08:49:37", "6 Nov 1994 24:00:00",
                             "6 Nov 1994 08:60:00", "6 Nov 1994 08:49:60", "6 Nov 1600 08:49:37",
                             "6 Nov 19945 08:49:37", "6 Nov 1994 08:49", "6 Nov 1994 108:49:37", "6 No 1994 08:49:37"})
        EXPECT_EQ(parse_cookie_date(none), std::nullopt) << none;
}

} // namespace
