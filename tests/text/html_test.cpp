// SPDX-License-Identifier: MIT
#include <simul/base/error.hpp>
#include <simul/text/charset.hpp>
#include <simul/text/html.hpp>

#include <gtest/gtest.h>

namespace {

namespace html = simul::html;
using namespace std::literals;

std::string problem(auto&& body)
{
    try {
        body();
    } catch (const simul::error& e) {
        return e.what();
    }
    return "none";
}

TEST(Html, FindsTheHeadingOfAPage)
{
    const html::document page =
        html::parse("<title> A \n page </title><h1 id=top class='a b'>Hello, <i>world</i>!</h1><p>x");
    const auto heading = page.find("h1");
    ASSERT_TRUE(heading);
    EXPECT_EQ(heading->text(), "Hello, world!");
    EXPECT_EQ(heading->tag(), "h1");
    EXPECT_EQ(heading->attr("id"), "top");
    EXPECT_EQ(heading->attr("nothing"), std::nullopt);
    EXPECT_TRUE(heading->has_class("b"));
    EXPECT_FALSE(heading->has_class("a b"));
    EXPECT_EQ(page.title(), "A page");
    EXPECT_EQ(page.find("h2"), std::nullopt);
    EXPECT_EQ(page.find("blink"), std::nullopt);
}

TEST(Html, UnderstandsWhatBrowsersUnderstand)
{
    const auto body = [](std::string_view text) { return html::parse(text).find("body")->inner_html(); };
    EXPECT_EQ(body("<h1>un<p>closed</h1>tail"), "<h1>un<p>closed</p></h1>tail");
    EXPECT_EQ(body("<b>1<p>2</b>3"), "<b>1</b><p><b>2</b>3</p>");
    EXPECT_EQ(body("<table><tr><td>1<b>2</table>3"), "<table><tbody><tr><td>1<b>2</b></td></tr></tbody></table>3");
    EXPECT_EQ(body("<table>a<td>b"), "a<table><tbody><tr><td>b</td></tr></tbody></table>");
    EXPECT_EQ(body("<ul><li>1<li>2</ul>"), "<ul><li>1</li><li>2</li></ul>");
    EXPECT_EQ(body("a<br>b</br>c"), "a<br>b<br>c");
    EXPECT_EQ(body("<DIV CLASS=x ID='y' hidden>1</DIV>"), "<div class=\"x\" id=\"y\" hidden=\"\">1</div>");
    EXPECT_EQ(body("&copy &nope; &amp;lt; &#x41;&#0; &notit;"), "© &amp;nope; &amp;lt; A\ufffd ¬it;");
    EXPECT_EQ(body("<p>1<!-- <b> -->2<script>if (a < b) '<p>'</script>"),
              "<p>1<!-- <b> -->2<script>if (a < b) '<p>'</script></p>");
    EXPECT_EQ(body("<svg><foreignobject><p>1"), "<svg><foreignObject><p>1</p></foreignObject></svg>");
    EXPECT_EQ(body("<pre>\n\na"), "<pre>\n\na</pre>");
    EXPECT_EQ(body("<p title='\"<&>\u00a0'>\u00a0"), "<p title=\"&quot;&lt;&amp;&gt;&nbsp;\">&nbsp;</p>");
    EXPECT_EQ(body("a</p><x-y z>"), "a<p></p><x-y z=\"\"></x-y>");
    EXPECT_EQ(html::parse("").html(), "<html><head></head><body></body></html>");
    EXPECT_EQ(html::parse("<!doctype html>a").html(), "<!DOCTYPE html><html><head></head><body>a</body></html>");
}

TEST(Html, GivesTextAsItStandsOrClean)
{
    const html::document page =
        html::parse("<div> a\n<p>b<br>c</p><!-- d --><script>e</script><style>f</style>\t g </div>");
    EXPECT_EQ(page.find("div")->text(), " a\nbc\t g ");
    EXPECT_EQ(page.find("div")->clean_text(), "a bc g");
    EXPECT_EQ(page.find("script")->text(), "e");
    EXPECT_EQ(page.text(), " a\nbc\t g ");
}

TEST(Html, WalksFromElementToElement)
{
    const html::document page = html::parse("<ul>\n<li>1</li>\n<!-- --><li>2</li>\n<li>3</li></ul>");
    const html::element list = *page.find("ul");
    const auto items = list.children();
    ASSERT_EQ(items.size(), 3u);
    EXPECT_EQ(items[0].next(), items[1]);
    EXPECT_EQ(items[2].next(), std::nullopt);
    EXPECT_EQ(items[2].previous(), items[1]);
    EXPECT_EQ(items[0].previous(), std::nullopt);
    EXPECT_EQ(items[1].parent(), list);
    EXPECT_EQ(page.root().parent(), std::nullopt);
    EXPECT_EQ(page.root().tag(), "html");
    EXPECT_EQ(items[1].html(), "<li>2</li>");
    EXPECT_EQ(items[1].inner_html(), "2");
    EXPECT_EQ(page.root().children().size(), 2u);
}

TEST(Html, ListsAttributes)
{
    const html::document page =
        html::parse("<a HREF='/x?a&amp;b' b b=2 xlink:href=1>1</a><svg xlink:href=3 viewbox=0>");
    using attributes = std::vector<std::pair<std::string_view, std::string_view>>;
    EXPECT_EQ(page.find("a")->attributes(), (attributes{{"href", "/x?a&b"}, {"b", ""}, {"xlink:href", "1"}}));
    EXPECT_EQ(page.find("svg")->attributes(), (attributes{{"xlink:href", "3"}, {"viewBox", "0"}}));
}

TEST(Html, SelectsByCss)
{
    const html::document page =
        html::parse(R"(<div id=a class="x y"><p class=x>1</p><p>2</p><b>3</b><p lang=en-GB title="one two">4</p></div>
        <div id=b><span><p class="y x-1">5</p></span><a href="http://e/f.pdf">6</a><a href="/g.html">7</a></div>)");
    const auto texts = [&](std::string_view selector) {
        std::string all;
        for (const html::element& each : page.select(selector))
            all += each.clean_text() + " ";
        return all;
    };
    EXPECT_EQ(texts("p"), "1 2 4 5 ");
    EXPECT_EQ(texts("P"), "1 2 4 5 ");
    EXPECT_EQ(texts("p.x"), "1 ");
    EXPECT_EQ(texts(".x"), "1234 1 ");
    EXPECT_EQ(texts("#b p"), "5 ");
    EXPECT_EQ(texts("#b > p"), "");
    EXPECT_EQ(texts("#a>p"), "1 2 4 ");
    EXPECT_EQ(texts("div *"), "1 2 3 4 5 5 6 7 ");
    EXPECT_EQ(texts("p + b"), "3 ");
    EXPECT_EQ(texts("p ~ p"), "2 4 ");
    EXPECT_EQ(texts("p+p"), "2 ");
    EXPECT_EQ(texts("b ~ p, a"), "4 6 7 ");
    EXPECT_EQ(texts("[href]"), "6 7 ");
    EXPECT_EQ(texts("a[href^=http]"), "6 ");
    EXPECT_EQ(texts("a[href$='.html']"), "7 ");
    EXPECT_EQ(texts("[href*=\"/\"]"), "6 7 ");
    EXPECT_EQ(texts("[title~=two]"), "4 ");
    EXPECT_EQ(texts("[title~='one two']"), "");
    EXPECT_EQ(texts("[lang|=en]"), "4 ");
    EXPECT_EQ(texts("[lang|=en-GB]"), "4 ");
    EXPECT_EQ(texts("[lang|=e]"), "");
    EXPECT_EQ(texts("[ lang = en-GB ]"), "4 ");
    EXPECT_EQ(texts("[href^='']"), "");
    EXPECT_EQ(texts("p:first-child"), "1 5 ");
    EXPECT_EQ(texts("#a > :last-child"), "4 ");
    EXPECT_EQ(texts("#a > :nth-child(2)"), "2 ");
    EXPECT_EQ(texts("#a > :nth-child(odd)"), "1 3 ");
    EXPECT_EQ(texts("#a > :nth-child(even)"), "2 4 ");
    EXPECT_EQ(texts("#a > :nth-child( -n + 2 )"), "1 2 ");
    EXPECT_EQ(texts("#a > :nth-child(n+3)"), "3 4 ");
    EXPECT_EQ(texts("#a > :nth-child(3n-2)"), "1 4 ");
    EXPECT_EQ(texts("#a > p:not(.x)"), "2 4 ");
    EXPECT_EQ(texts("#a > :not(p)"), "3 ");
    EXPECT_EQ(texts("#a > :not( :first-child )"), "2 3 4 ");
    EXPECT_EQ(texts("div span p.y.x-1"), "5 ");
    EXPECT_EQ(texts("body > div > span > p"), "5 ");
    EXPECT_EQ(page.select(":not(html) ~ html").size(), 0u);
    EXPECT_EQ(texts("nothing, b"), "3 ");
    EXPECT_EQ(page.find("#b")->select("div p").size(), 1u);
    EXPECT_TRUE(page.find("b")->matches("#a b"));
    EXPECT_FALSE(page.find("b")->matches("#b b"));
    EXPECT_EQ(page.find_all("a").size(), 2u);
}

TEST(Html, SelectsNamesThatNeedEscapes)
{
    const html::document page = html::parse("<p id='1a:b' class='sm:é'>1</p><svg><foreignobject></svg>");
    EXPECT_TRUE(page.find(R"(#\31 a\:b)"));
    EXPECT_TRUE(page.find(R"(.sm\3aé)"));
    EXPECT_TRUE(page.find(R"([id="1a\3a b"])"));
    EXPECT_TRUE(page.find("foreignObject"));
}

TEST(Html, SaysWhereASelectorIsWrong)
{
    const html::document page = html::parse("<p>");
    const auto wrong = [&](std::string_view selector) { return problem([&] { page.select(selector); }); };
    EXPECT_EQ(wrong(""), "selector \"\", character 1: expected more, got the end");
    EXPECT_EQ(wrong("p,"), "selector \"p,\", character 3: expected more, got the end");
    EXPECT_EQ(wrong("p >"), "selector \"p >\", character 4: expected more, got the end");
    EXPECT_EQ(wrong("> p"), "selector \"> p\", character 1: expected a tag, \"#\", \".\", \"[\" or \":\"");
    EXPECT_EQ(wrong("p..x"), "selector \"p..x\", character 3: expected a name");
    EXPECT_EQ(wrong("#1"), "selector \"#1\", character 2: expected a name");
    EXPECT_EQ(wrong("p{"), "selector \"p{\", character 2: this can't stand here");
    EXPECT_EQ(wrong("p[a"),
              "selector \"p[a\", character 4: expected \"]\", \"=\", \"~=\", \"|=\", \"^=\", \"$=\" or \"*=\"");
    EXPECT_EQ(wrong("p[a=b"), "selector \"p[a=b\", character 6: expected \"]\"");
    EXPECT_EQ(wrong("p[a='b]"), "selector \"p[a='b]\", character 5: a string has no end");
    EXPECT_EQ(
        wrong("p:hover"),
        "selector \"p:hover\", character 3: this is none of :first-child, :last-child, :nth-child(...) and :not(...)");
    EXPECT_EQ(wrong("p:nth-child(x)"),
              "selector \"p:nth-child(x)\", character 13: expected a formula such as 2n+1, odd or 3");
    for (const std::string_view formula : {"", "n2", "2n+", "+-2", "2n++1", "n+1n", "9999999999", "--n"})
        EXPECT_NE(wrong("p:nth-child(" + std::string(formula) + ")"), "none") << formula;
    EXPECT_EQ(wrong("p:not(:not(a))"),
              "selector \"p:not(:not(a))\", character 7: expected one tag, class, id, attribute or other pseudo-class");
    EXPECT_EQ(wrong("p:not(a b)"), "selector \"p:not(a b)\", character 9: expected \")\"");
    EXPECT_EQ(wrong("p\\"), "selector \"p\\\", character 3: nothing follows the backslash");
    std::string many = "p";
    for (int i = 0; i < 64; ++i)
        many += " p";
    EXPECT_NE(wrong(many).find("it has more than 64 parts"), std::string::npos);
}

TEST(Html, KnowsTheEncoding)
{
    const auto read = [](std::string_view text, std::string_view charset = {}) {
        const html::document page = html::parse(text, {.charset = charset});
        return std::string(page.charset()) + " " + page.find("body")->text();
    };
    EXPECT_EQ(read("caf\xc3\xa9"), "UTF-8 café");
    EXPECT_EQ(read("caf\xe9"), "windows-1252 café");
    EXPECT_EQ(read("caf\xe9", "utf-8"), "UTF-8 caf\ufffd");
    EXPECT_EQ(read("\xc3\xa9", "iso-8859-1"), "windows-1252 Ã©");
    EXPECT_EQ(read("\xc3\xa9", "no-such"), "UTF-8 é");
    EXPECT_EQ(read("\xef\xbb\xbf\xc3\xa9", "iso-8859-1"), "UTF-8 é");
    EXPECT_EQ(read("\xff\xfe\xe9\0"sv, "utf-8"), "UTF-16LE é");
    EXPECT_EQ(read("<meta charset=windows-1251>\xcf"), "windows-1251 П");
    EXPECT_EQ(read("<meta charset=windows-1251>\xc3\xa9", "utf-8"), "UTF-8 é");
    EXPECT_EQ(
        read("<!-- <meta charset=koi8-r> --><a b='<meta charset=koi8-r>'><META x CharSet = ' windows-1251 '/>\xcf"),
        "windows-1251 П");
    EXPECT_EQ(read("<meta http-equiv=Content-Type content='text/html; charset=koi8-r'>\xf0"), "KOI8-R П");
    EXPECT_EQ(read("<meta content='text/html; charset=\"koi8-r\"' http-equiv=Content-Type>\xf0"), "KOI8-R П");
    EXPECT_EQ(read("<meta content='text/html; charset=koi8-r'>\xf0"), "windows-1252 ð");
    EXPECT_EQ(read("<meta charset=utf-16>\xc3\xa9"), "UTF-8 é");
    EXPECT_EQ(read("<metacharset=koi8-r>\xf0"), "windows-1252 ð");
    EXPECT_EQ(read("<!doctype html><?php charset?></html meta><meta charset=koi8-r>\xf0"), "KOI8-R П");
    EXPECT_EQ(read(std::string(1024, ' ') + "<meta charset=koi8-r>\xf0"), "windows-1252 ð");
    EXPECT_EQ(read("<meta charset=x><meta charset"), "UTF-8 ");
}

TEST(Html, KeepsElementsValidWhenTheDocumentMoves)
{
    html::document page = html::parse("<p>1</p>");
    const html::element paragraph = *page.find("p");
    html::document moved = std::move(page);
    EXPECT_EQ(paragraph.text(), "1");
    EXPECT_EQ(moved.find("p"), paragraph);
}

TEST(Html, HasLimits)
{
    const auto repeated = [](std::string_view text, std::size_t times) {
        std::string all;
        for (std::size_t i = 0; i < times; ++i)
            (all += text) += std::to_string(i) + ">";
        return all;
    };
    const auto wrong = [](const std::string& text, const html::options& options = {}) {
        return problem([&] { html::parse(text, options).select("* *"); });
    };
    constexpr std::size_t many = 20'000;
    const std::string too_deep = "parse HTML: elements are nested deeper than options::max_depth";
    EXPECT_EQ(wrong(repeated("<div a=", many)), too_deep);
    EXPECT_EQ(wrong(repeated("<font a=", many)), too_deep);
    EXPECT_NE(wrong(repeated("<p><font a=", many)), "none"); // one limit or the other
    EXPECT_EQ(wrong(repeated("<svg a=", many)), too_deep);
    EXPECT_EQ(wrong(repeated("<ul><li a=", many)), too_deep);
    EXPECT_EQ(wrong("<table>" + repeated("x<b a=", many)), too_deep);
    EXPECT_EQ(wrong(repeated("<table><td a=", many)), too_deep);
    EXPECT_EQ(wrong("<div a=" + repeated(" b", 1500)), "none"); // ends of tags end it
    std::string attributes = "<div";
    for (int i = 0; i < 1100; ++i)
        attributes += " a" + std::to_string(i) + "=1";
    EXPECT_EQ(wrong(attributes + ">"), "parse HTML: there are more than 1024 attributes in a row");
    attributes = "<div";
    for (int i = 0; i < 20; ++i)
        attributes += " a" + std::to_string(i) + "=1";
    EXPECT_EQ(wrong(repeated(attributes + " b=", many / 4)), too_deep);
    EXPECT_EQ(wrong(repeated(attributes + "></div a=", many / 4)), "none");
    std::string formatted = "<p>";
    for (int i = 0; i < 900; ++i)
        formatted += "<font a=" + std::to_string(i) + ">";
    for (int i = 0; i < 20'000; ++i)
        formatted += "<p>x";
    EXPECT_EQ(wrong(formatted), "parse HTML: it becomes more than 128 times as large when it is parsed");
    EXPECT_EQ(wrong("12345", {.max_size = 4}), "parse HTML: it has 5 bytes, more than the 4 of options::max_size");
    EXPECT_EQ(wrong("<b><i><u>", {.max_depth = 5}), "none"); // html, body, b, i, u
    EXPECT_EQ(wrong("<b><i><u><s>x", {.max_depth = 5}), too_deep);

    // What is wide is no trouble.
    EXPECT_EQ(wrong(repeated("<p>x</p a=", 20'000)), "none");
    EXPECT_EQ(wrong(repeated("</p>x<p a=", 20'000)), "none");
}

TEST(Html, GivesUtf8WhateverIsReferredTo)
{
    const html::document page =
        html::parse("<p title='&#xd800;&#x4" + std::string(90, 'e') + "1;'>&#x4" + std::string(90, 'e') + "1;");
    EXPECT_TRUE(simul::is_utf8(page.text()));
    EXPECT_TRUE(simul::is_utf8(*page.find("p")->attr("title")));
}

TEST(Html, EscapesText)
{
    EXPECT_EQ(html::escape("a<b & \"c\">\u00a0"), "a&lt;b &amp; &quot;c&quot;&gt;&nbsp;");
}

TEST(Html, SurvivesEveryCut)
{
    constexpr std::string_view whole = "<!doctype html><meta charset='utf-8'><table><tr><td "
                                       "a=\"b&amp;\">x<b></table><svg><![CDATA[y]]></svg><script>z</script>é";
    for (std::size_t length = 0; length <= whole.size(); ++length) {
        const html::document page = html::parse(whole.substr(0, length));
        EXPECT_EQ(page.root().tag(), "html");
        html::parse(page.html());
    }
    constexpr std::string_view selector = "div.a > p#b[c~='d'] + e:nth-child(2n+1):not(.f) ~ \\67, h";
    const html::document page = html::parse("<p>");
    for (std::size_t length = 0; length <= selector.size(); ++length)
        problem([&] { page.select(selector.substr(0, length)); });
}

} // namespace
