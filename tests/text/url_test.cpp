// SPDX-License-Identifier: MIT
#include <simul/base/error.hpp>
#include <simul/text/url.hpp>

#include <gtest/gtest.h>

namespace {

using simul::url;
using namespace std::literals;

std::string parsed(std::string_view text)
{
    const auto made = url::try_parse(text);
    return made ? made->href() : "refused";
}
std::string joined(std::string_view base, std::string_view reference)
{
    const auto made = url::parse(base).try_join(reference);
    return made ? made->href() : "refused";
}

struct example {
    std::string_view text, expected;
};

void expect_all(std::initializer_list<example> examples)
{
    for (const auto& [text, expected] : examples) {
        EXPECT_EQ(parsed(text), expected) << "of " << text;
        if (expected != "refused")
            EXPECT_EQ(parsed(expected), expected) << "is not stable";
    }
}

TEST(Url, TellsItsParts)
{
    const url all = url::parse("HTTPS://me:secret@Example.org:8443/a/b?x=1&y#there");
    EXPECT_EQ(all.href(), "https://me:secret@example.org:8443/a/b?x=1&y#there");
    EXPECT_EQ(all.scheme(), "https");
    EXPECT_EQ(all.username(), "me");
    EXPECT_EQ(all.password(), "secret");
    EXPECT_EQ(all.host(), "example.org");
    EXPECT_EQ(all.port(), 8443);
    EXPECT_EQ(all.authority(), "example.org:8443");
    EXPECT_EQ(all.path(), "/a/b");
    EXPECT_EQ(all.target(), "/a/b?x=1&y");
    EXPECT_EQ(all.query(), "x=1&y");
    EXPECT_EQ(all.fragment(), "there");
    EXPECT_EQ(all.origin(), "https://example.org:8443");
    EXPECT_TRUE(all.is_special());
    EXPECT_FALSE(all.has_opaque_path());
}

TEST(Url, HasEmptyPartsWhereNoneAreGiven)
{
    const url bare = url::parse("http://example.org");
    EXPECT_EQ(bare.href(), "http://example.org/");
    EXPECT_EQ(bare.username(), "");
    EXPECT_EQ(bare.password(), "");
    EXPECT_EQ(bare.authority(), "example.org");
    EXPECT_EQ(bare.port(), 80);
    EXPECT_EQ(bare.target(), "/");
    EXPECT_EQ(bare.query(), "");
    EXPECT_EQ(bare.fragment(), "");

    const url user = url::parse("http://me@example.org");
    EXPECT_EQ(user.username(), "me");
    EXPECT_EQ(user.password(), "");

    const url opaque = url::parse("mailto:me@example.org?subject=x");
    EXPECT_EQ(opaque.host(), "");
    EXPECT_EQ(opaque.port(), 0);
    EXPECT_EQ(opaque.path(), "me@example.org");
    EXPECT_EQ(opaque.query(), "subject=x");
    EXPECT_EQ(opaque.origin(), "null");
    EXPECT_TRUE(opaque.has_opaque_path());
}

TEST(Url, NormalisesSchemesSlashesAndSpaces)
{
    expect_all({
        {" \n\thttp://a/ \r", "http://a/"},
        {"ht\ntp://a/b\tc", "http://a/bc"},
        {"http:a", "http://a/"},
        {"http:////a/b", "http://a/b"},
        {"http:\\\\a\\b?c\\d", "http://a/b?c\\d"},
        {"http://a?q", "http://a/?q"},
        {"http://a#f", "http://a/#f"},
        {"http://a/?", "http://a/?"},
        {"http://a/#", "http://a/#"},
        {"x-y+z.1:w", "x-y+z.1:w"},
        {"X:/a\\b", "x:/a\\b"},
        {"x:", "x:"},
        {"x://", "x://"},
        {"x:///a", "x:///a"},
        {"x:/.//a", "x:/.//a"},
        {"x:/a/..//b", "x:/.//b"},
        {"x:a b ", "x:a b"},
        {"x:a b ?q", "x:a b%20?q"},
        {"data:text/plain,Hi there", "data:text/plain,Hi there"},
        {"", "refused"},
        {"/a", "refused"},
        {"a", "refused"},
        {"1x:a", "refused"},
        {"://a", "refused"},
        {"http:", "refused"},
        {"http://", "refused"},
        {"http:///", "refused"},
        {"http://#f", "refused"},
        {"http:?q", "refused"},
    });
}

TEST(Url, ResolvesDots)
{
    expect_all({
        {"http://a/b/../c", "http://a/c"},
        {"http://a/b/./c", "http://a/b/c"},
        {"http://a/b/..", "http://a/"},
        {"http://a/b/.", "http://a/b/"},
        {"http://a/../../b", "http://a/b"},
        {"http://a/b/%2e%2E/c", "http://a/c"},
        {"http://a/b/.%2e", "http://a/"},
        {"http://a/b/%2e/c", "http://a/b/c"},
        {"http://a/b\\..\\c", "http://a/c"},
        {"http://a/.../b", "http://a/.../b"},
        {"http://a//b//..//c", "http://a//b//c"},
        {"x://a/b/../c", "x://a/c"},
        {"x:b/../c", "x:b/../c"},
    });
}

TEST(Url, EncodesWhatItsPartsCantHold)
{
    expect_all({
        {"http://a/b c\"<>`{}^|é", "http://a/b%20c%22%3C%3E%60%7B%7D%5E|%C3%A9"},
        {"http://a/?b c\"<>`{}^|'é", "http://a/?b%20c%22%3C%3E`{}^|%27%C3%A9"},
        {"x://a/?b'", "x://a/?b'"},
        {"http://a/#b c\"<>`{}^|'é", "http://a/#b%20c%22%3C%3E%60{}^|'%C3%A9"},
        {"http://a/%zz%2f%", "http://a/%zz%2f%"},
        {"http://a/\xe9", "http://a/%E9"},
        {"http://u:p:q@a/", "http://u:p%3Aq@a/"},
        {"http://u@v@a/", "http://u%40v@a/"},
        {"http://:p@a/", "http://:p@a/"},
        {"http://@a/", "http://a/"},
        {"http://:@a/", "http://a/"},
        {"http://u;/@a/", "http://u;/@a/"},
        {"http://u=[|]@a/", "http://u%3D%5B%7C%5D@a/"},
        {"http://u@/", "refused"},
        {"x://u@/", "refused"},
    });
}

TEST(Url, KeepsPortsThatAreNotTheSchemes)
{
    expect_all({
        {"http://a:80/", "http://a/"},
        {"http://a:443/", "http://a:443/"},
        {"https://a:443/", "https://a/"},
        {"ws://a:80/", "ws://a/"},
        {"wss://a:443/", "wss://a/"},
        {"ftp://a:21/", "ftp://a/"},
        {"x://a:80/", "x://a:80/"},
        {"http://a:/", "http://a/"},
        {"http://a:00080/", "http://a/"},
        {"http://a:0/", "http://a:0/"},
        {"http://a:65535/", "http://a:65535/"},
        {"http://a:65536/", "refused"},
        {"http://a:8o/", "refused"},
        {"http://a:-1/", "refused"},
        {"http://:80/", "refused"},
        {"x://:80/", "refused"},
        {"http://a:99999999999999999999/", "refused"},
    });
}

TEST(Url, NormalisesDomains)
{
    expect_all({
        {"http://EXAMPLE.org/", "http://example.org/"},
        {"http://ex%41mple.org/", "http://example.org/"},
        {"http://bücher.example/", "http://xn--bcher-kva.example/"},
        {"http://BÜCHER.example/", "http://xn--bcher-kva.example/"},
        {"http://b%C3%BCcher.example/", "http://xn--bcher-kva.example/"},
        {"http://faß.example/", "http://xn--fa-hia.example/"}, // not "fass": not transitional
        {"http://日本語。jp/", "http://xn--wgv71a119e.jp/"},
        {"http://ｅｘａｍｐｌｅ．org/", "http://example.org/"},
        {"http://xn--bcher-kva.example/", "http://xn--bcher-kva.example/"},
        {"http://xn--ls8h.la/", "http://xn--ls8h.la/"}, // an emoji: not IDNA 2008, but there are such
        {"http://r3---sn-a.example/", "http://r3---sn-a.example/"},
        {"http://a_b.-c-.example./", "http://a_b.-c-.example./"},
        {"http://a..b/", "http://a..b/"},
        {"x://BÜCHER/", "x://B%C3%9CCHER/"},
        {"http://xn--/", "refused"},
        {"http://xn--a\x80/", "refused"},
        {"http://a\xff/", "refused"},
        {"http://a%00b/", "refused"},
        {"http://a%2fb/", "refused"},
        {"http://a b/", "refused"},
        {"http://a%b/", "refused"},
        {"http://a<b/", "refused"},
        {"http://a|b/", "refused"},
        {"http://a^b/", "refused"},
        {"http://[a]/", "refused"},
        {"http://a]/", "refused"},
        {"http://\u00ad/", "refused"}, // nothing is left of it
        {"x://a b/", "refused"},
        {"x://a^b/", "refused"},
    });
    EXPECT_EQ(parsed("http://a\0b/"sv), "refused");
}

TEST(Url, KnowsAddressesInAllTheirForms)
{
    expect_all({
        {"http://127.0.0.1/", "http://127.0.0.1/"},
        {"http://127.1/", "http://127.0.0.1/"},
        {"http://1.2.3/", "http://1.2.0.3/"},
        {"http://2130706433/", "http://127.0.0.1/"},
        {"http://0x7f.0.0.1./", "http://127.0.0.1/"},
        {"http://0X7F000001/", "http://127.0.0.1/"},
        {"http://0177.0.0.01/", "http://127.0.0.1/"},
        {"http://0x/", "http://0.0.0.0/"},
        {"http://4294967295/", "http://255.255.255.255/"},
        {"http://１２７.0.0.1/", "http://127.0.0.1/"},
        {"http://1.2.3.4.example/", "http://1.2.3.4.example/"},
        {"x://127.1/", "x://127.1/"},
        {"http://4294967296/", "refused"},
        {"http://1.2.3.256/", "refused"},
        {"http://1.256.3.4/", "refused"},
        {"http://1.2.65536/", "refused"},
        {"http://1.2.3.4.5/", "refused"},
        {"http://a.1/", "refused"},
        {"http://1..2/", "refused"},
        {"http://09.1/", "refused"},
        {"http://a.0x1g/", "http://a.0x1g/"},

        {"http://[::1]/", "http://[::1]/"},
        {"http://[::]:8080/", "http://[::]:8080/"},
        {"http://[1:0:0:2:0:0:0:3]/", "http://[1:0:0:2::3]/"},
        {"http://[1:0:2:0:3:0:4:0]/", "http://[1:0:2:0:3:0:4:0]/"},
        {"http://[0:0:1:2:3:4:5:6]/", "http://[::1:2:3:4:5:6]/"},
        {"http://[1:2:3:4:5:6:0:0]/", "http://[1:2:3:4:5:6::]/"},
        {"http://[1:2:3:4:5:6:7::]/", "http://[1:2:3:4:5:6:7:0]/"},
        {"http://[2001:DB8::00Ff]/", "http://[2001:db8::ff]/"},
        {"http://[::ffff:1.2.3.4]/", "http://[::ffff:102:304]/"},
        {"http://[1:2:3:4:5:6:1.2.3.4]/", "http://[1:2:3:4:5:6:102:304]/"},
        {"x://[::1]:5/", "x://[::1]:5/"},
        {"http://[::1/", "refused"},
        {"http://[]/", "refused"},
        {"http://[:]/", "refused"},
        {"http://[:::]/", "refused"},
        {"http://[1]/", "refused"},
        {"http://[1:2:3:4:5:6:7:8:9]/", "refused"},
        {"http://[1:2:3:4:5:6:7:8::]/", "refused"},
        {"http://[::1:2:3:4:5:6:7:8]/", "refused"},
        {"http://[1::2::3]/", "refused"},
        {"http://[1:2:3:4:5:6:7:]/", "refused"},
        {"http://[12345::]/", "refused"},
        {"http://[::g]/", "refused"},
        {"http://[::1.2.3]/", "refused"},
        {"http://[::1.2.3.256]/", "refused"},
        {"http://[::01.2.3.4]/", "refused"},
        {"http://[::1.2.3.4.5]/", "refused"},
        {"http://[1:2:3:4:5:6:7:1.2.3.4]/", "refused"},
        {"http://[::1%25eth0]/", "refused"},
        {"http://[::1]a/", "refused"},
    });
    EXPECT_EQ(url::parse("http://[::1]:8080/").host(), "[::1]");
    EXPECT_EQ(url::parse("http://[::1]:8080/").hostname(), "::1");
    EXPECT_EQ(url::parse("http://a/").hostname(), "a");
}

TEST(Url, KnowsFilesAndDrives)
{
    expect_all({
        {"file:///etc/hosts", "file:///etc/hosts"},
        {"file:/etc/hosts", "file:///etc/hosts"},
        {"file:etc", "file:///etc"},
        {"file:", "file:///"},
        {"file://localhost/a", "file:///a"},
        {"file://server/a", "file://server/a"},
        {"file:///C|/a", "file:///C:/a"},
        {"file://C:/a", "file:///C:/a"},
        {"file:C:/../a", "file:///C:/a"},
        {"file:\\\\a\\b", "file://a/b"},
        {"file://a:80/", "refused"},
        {"file://u@a/", "refused"},
    });
    EXPECT_EQ(joined("file:///C:/a/b", "/c"), "file:///C:/c");
    EXPECT_EQ(joined("file:///C:/a/b", "../../../c"), "file:///C:/c");
    EXPECT_EQ(joined("file:///C:/a", "D|/c"), "file:///D:/c");
    EXPECT_EQ(joined("file:///C:/a", "/D:/c"), "file:///D:/c");
    EXPECT_EQ(joined("file://h/a", "/b"), "file://h/b");
    EXPECT_EQ(joined("file://h/a?q", ""), "file://h/a?q");
    EXPECT_EQ(joined("file://h/a?q", "?r"), "file://h/a?r");
    EXPECT_EQ(joined("file://h/a", "//i/b"), "file://i/b");
    EXPECT_EQ(joined("file:///a", "http:b"), "http://b/");
    EXPECT_EQ(url::parse("file:///a").origin(), "null");
}

TEST(Url, JoinsReferences)
{
    constexpr std::string_view base = "http://u:p@h:81/a/b/c?q#f";
    const example examples[] = {
        {"", "http://u:p@h:81/a/b/c?q"},
        {"d", "http://u:p@h:81/a/b/d"},
        {"./d", "http://u:p@h:81/a/b/d"},
        {"../d", "http://u:p@h:81/a/d"},
        {"../../../d", "http://u:p@h:81/d"},
        {".", "http://u:p@h:81/a/b/"},
        {"..", "http://u:p@h:81/a/"},
        {"/d", "http://u:p@h:81/d"},
        {"\\d", "http://u:p@h:81/d"},
        {"//i", "http://i/"},
        {"\\/i/d", "http://i/d"},
        {"///i", "http://i/"},
        {"?r", "http://u:p@h:81/a/b/c?r"},
        {"#g", "http://u:p@h:81/a/b/c?q#g"},
        {"d?r#g", "http://u:p@h:81/a/b/d?r#g"},
        {"http:d", "http://u:p@h:81/a/b/d"},
        {"http:/d", "http://u:p@h:81/d"},
        {"http://i", "http://i/"},
        {"https:d", "https://d/"},
        {"mailto:d", "mailto:d"},
        {" d ", "http://u:p@h:81/a/b/d"},
        {"d:e", "d:e"},
        {"./d:e", "http://u:p@h:81/a/b/d:e"},
        {"//", "refused"},
        {"//a:b", "refused"},
    };
    for (const auto& [reference, expected] : examples)
        EXPECT_EQ(joined(base, reference), expected) << "of " << reference;

    EXPECT_EQ(joined("x://h/a/b", "c\\d"), "x://h/a/c\\d");
    EXPECT_EQ(joined("x:/a/b", "../../c"), "x:/c");
    EXPECT_EQ(joined("x:/a/b", "..//c"), "x:/.//c");
    EXPECT_EQ(joined("x:/a", "//h"), "x://h");
    EXPECT_EQ(joined("x://h", "a"), "x://h/a");
    EXPECT_EQ(joined("x:opaque?q", "#f"), "x:opaque?q#f");
    EXPECT_EQ(joined("x:opaque", "a"), "refused");
    EXPECT_EQ(joined("x:opaque", ""), "refused");
}

TEST(Url, TellsOriginsOfBlobs)
{
    EXPECT_EQ(url::parse("blob:https://a:444/x").origin(), "https://a:444");
    EXPECT_EQ(url::parse("blob:x").origin(), "null");
    EXPECT_EQ(url::parse("wss://a:443/").origin(), "wss://a");
}

TEST(Url, SaysWhatIsWrong)
{
    const auto problem = [](std::string_view text) -> std::string {
        try {
            return url::parse(text).href();
        } catch (const simul::error& e) {
            EXPECT_EQ(e.code(), std::errc::invalid_argument);
            return e.what();
        }
    };
    EXPECT_EQ(problem("example.org/a"), "parse \"example.org/a\" as a URL: it has no scheme, such as \"https:\"");
    EXPECT_EQ(problem("http://a:99999/"), "parse \"http://a:99999/\" as a URL: its port is larger than 65535");
    EXPECT_EQ(problem("http://a\nb c"),
              "parse \"http://a%0Ab c\" as a URL: its host has a character that none may have");
    EXPECT_EQ(problem(std::string(5000, 'a')),
              "parse \"" + std::string(100, 'a') + "...\" as a URL: it has no scheme, such as \"https:\"");
    EXPECT_EQ(problem("http://1.2.3.4.5"),
              "parse \"http://1.2.3.4.5\" as a URL: its host ends in a number, but is no IPv4 address");
    EXPECT_EQ(problem("http://\xff"), "parse \"http://%FF\" as a URL: its host is no UTF-8");
    EXPECT_EQ(problem("http://☃.net"),
              "parse \"http://☃.net\" as a URL: its host has a character that no name may have");
    EXPECT_EQ(problem("http://" + std::string(70, 'a') + "é"),
              "parse \"http://" + std::string(70, 'a') + "é\" as a URL: a label of its host is too long");
    EXPECT_THROW(url::parse("x:y").join("z"), simul::error);
}

TEST(Url, RefusesWhatIsTooLong)
{
    const std::string long_path(url::longest, ' '); // three times as long when encoded
    EXPECT_EQ(parsed("http://a/b" + long_path + "c"), "refused");
    EXPECT_EQ(parsed("http://a/" + long_path.substr(url::longest / 2) + "b"), "refused");
    EXPECT_NE(parsed("http://a/" + std::string(url::longest - 9, 'b')), "refused");
    EXPECT_THROW(url::parse("http://a/").with_query(long_path), simul::error);
}

TEST(Url, ChangesItsQuery)
{
    const url page = url::parse("https://a/b?x=1#f");
    EXPECT_EQ(page.with_query({{"q", "salt & pepper"}, {"n", "é"}}).href(), "https://a/b?q=salt+%26+pepper&n=%C3%A9#f");
    EXPECT_EQ(page.with_query("y='2' #").href(), "https://a/b?y=%272%27%20%23#f");
    EXPECT_EQ(page.with_query(simul::parameters{}).href(), "https://a/b#f");
    EXPECT_EQ(page.with_query("").href(), "https://a/b?#f");
    EXPECT_EQ(page.plus_query({{"y", "2"}}).href(), "https://a/b?x=1&y=2#f");
    EXPECT_EQ(url::parse("https://a/b").plus_query({{"y", "2"}}).href(), "https://a/b?y=2");
    EXPECT_EQ(page.plus_query({}).href(), page.href());
    EXPECT_EQ(page.with_query({{"q", "1"}}).target(), "/b?q=1");
    EXPECT_EQ(page.with_query({{"q", "1"}}).fragment(), "f");
}

TEST(Url, ChangesFragmentAndCredentials)
{
    const url page = url::parse("https://me:secret@a:444/b?x=1#f");
    EXPECT_EQ(page.with_fragment("a b").href(), "https://me:secret@a:444/b?x=1#a%20b");
    EXPECT_EQ(page.without_fragment().href(), "https://me:secret@a:444/b?x=1");
    const url plain = page.without_credentials();
    EXPECT_EQ(plain, url::parse("https://a:444/b?x=1#f"));
    EXPECT_EQ(plain.username(), "");
    EXPECT_EQ(plain.password(), "");
    EXPECT_EQ(plain.authority(), "a:444");
    EXPECT_EQ(plain.fragment(), "f");
    EXPECT_EQ(plain.without_credentials(), plain);
    EXPECT_EQ(joined(plain.href(), "c"), "https://a:444/c");
}

TEST(Url, ComparesByTheNormalisedText)
{
    EXPECT_EQ(url::parse("http://A:80"), url::parse("http://a/"));
    EXPECT_NE(url::parse("http://a/?"), url::parse("http://a/"));
    EXPECT_LT(url::parse("http://a/"), url::parse("http://b/"));
}

TEST(Url, EncodesAndDecodesForms)
{
    const simul::parameters fields = {{"a", "1 2"}, {"b&", "é=+"}, {"", ""}, {"a", "*-._~"}};
    EXPECT_EQ(simul::form_encode(fields), "a=1+2&b%26=%C3%A9%3D%2B&=&a=*-._%7E");
    EXPECT_EQ(simul::form_decode(simul::form_encode(fields)), fields);
    EXPECT_EQ(simul::form_decode("a&&b=1=2&=c&%41=%zz%"),
              (simul::parameters{{"a", ""}, {"b", "1=2"}, {"", "c"}, {"A", "%zz%"}}));
    EXPECT_EQ(simul::form_decode(""), simul::parameters{});
    EXPECT_EQ(url::parse("http://a/?x=%20+y").query_parameters(), (simul::parameters{{"x", "  y"}}));
}

TEST(Url, EncodesPieces)
{
    EXPECT_EQ(simul::percent_encode("a/b?c=d e~é"), "a%2Fb%3Fc%3Dd%20e~%C3%A9");
    EXPECT_EQ(simul::percent_decode("a%2Fb%3f%%4"), "a/b?%%4");
    EXPECT_EQ(simul::percent_decode("%00"), "\0"s);
}

std::string all_parts(const std::optional<url>& of)
{
    if (!of)
        return "refused";
    std::string all = of->href() + ' ' + std::to_string(of->port());
    for (const std::string_view part : {of->scheme(), of->username(), of->password(), of->host(), of->authority(),
                                        of->path(), of->target(), of->query(), of->fragment()})
        all.append(" | ").append(part);
    return all;
}

/// A space in front is dropped, but hides that the rest is normalised already.
TEST(Url, TakesTheUsualOneAsItIs)
{
    const url base = url::parse("https://example.org/a?b#c");
    for (const std::string text :
         {"http://example.org/", "https://a-b.c1.example:8443/x/y.z?q=1&r=%26#top", "http://127.0.0.1:8080/",
          "http://a/b?", "http://a/b#", "http://a/?x?y/../z#a?b", "/", "/x?y#z", "/~me/%7e",
          // and what is nearly that
          "http://example.org", "http://example.org:80/", "http://a:0080/", "http://a:65536/", "http://a:/",
          "http://a:8a/", "http://A/", "http://127.0.0.1.", "http://127.1/", "http://127.0.0.01/", "http://256.0.0.1/",
          "http://1.2.3.4.5/", "http://a.0x7f/", "http://a.1/", "http://xn--a/", "http://a.xn--b/", "http://a../",
          "http://.a/", "http:///a", "http://u@a/", "http://a/./b", "http://a/..", "http://a/%2e/", "http://a/b\\c",
          "http://a/ b", "http://a/b?c d", "http://a/b#c d", "http://a/\xc3\xa4", "http://a/b?'", "http://a?b/",
          "//x/y", "/../x", "/\\x", "/x\\y"}) {
        EXPECT_EQ(all_parts(url::try_parse(text)), all_parts(url::try_parse(" " + text)));
        EXPECT_EQ(all_parts(base.try_join(text)), all_parts(base.try_join(" " + text)));
    }
}

TEST(Url, SurvivesEveryCut)
{
    constexpr std::string_view whole =
        "https://u:p@bücher.example:8443/a/%2e%2e/b?q=1#f http://[1:2::1.2.3.4]:80/ file:///C|/..";
    for (std::size_t begin = 0; begin < whole.size(); ++begin) {
        for (std::size_t length = 0; begin + length <= whole.size(); ++length) {
            const auto made = url::try_parse(whole.substr(begin, length));
            if (made)
                ASSERT_EQ(parsed(made->href()), made->href());
        }
    }
}

} // namespace
