// SPDX-License-Identifier: MIT
#include <simul/base/error.hpp>
#include <simul/text/html.hpp>

#include <cstdlib>
#include <gtest/gtest.h>
#include <random>
#include <string>
#include <vector>

namespace {

namespace html = simul::html;

std::string paragraphs(std::size_t size)
{
    std::string text;
    while (text.size() < size)
        text += "<p>and so <b>on</b></p>\n";
    return text;
}

/// What is found, as far as one can see it.
std::string seen(const html::document& in, const std::string& selector)
{
    const auto found = in.find(selector);
    return found ? found->html() : "nothing";
}

TEST(HtmlUntil, ReadsAPartWhenThatIsEnough)
{
    const std::string page = "<title>T</title><h1 id=a>Ti<i>tle</i></h1>" + paragraphs(200'000);
    const html::document part = html::parse_until(page, {"h1", "title"});
    EXPECT_EQ(seen(part, "h1"), "<h1 id=\"a\">Ti<i>tle</i></h1>");
    EXPECT_EQ(part.title(), "T");
    EXPECT_LT(part.html().size(), 10'000u);
    EXPECT_TRUE(part.html().find("<!-- the rest was not read -->") != std::string::npos);
}

TEST(HtmlUntil, ReadsAllWhereItHasTo)
{
    const std::string rest = paragraphs(100'000);
    EXPECT_EQ(seen(html::parse_until(rest + "<h1>late</h1>", {"h1"}), "h1"), "<h1>late</h1>");
    EXPECT_EQ(seen(html::parse_until("<h1>never closed" + rest, {"h1"}), "h1"), seen(html::parse("<h1>never closed" + rest), "h1"));
    EXPECT_EQ(seen(html::parse_until(rest, {"h1"}), "h1"), "nothing");
    const std::string page = "<div><h1>a</h1></div>" + rest + "</div>";
    for (const char* selector : {"div > h1", "h1:last-child", "p:last-child", "h1, div h1", "body", "html", "head"}) {
        const html::document whole = html::parse_until(page, {selector});
        EXPECT_EQ(whole.html(), html::parse(page).html()) << selector;
    }
}

TEST(HtmlUntil, IsNotDeceivedByWhatLooksLikeAnElement)
{
    const std::string rest = paragraphs(100'000) + "</table><h1>real</h1>";
    for (const char* beginning : {"<!-- <h1>no</h1> ", "<script>'<h1>no</h1>'", "<textarea><h1>no</h1>", "<p title='<h1>no</h1>",
                                  "<template><h1>no", "<style><h1>no</h1>", "<table><tr><td><h1>no</h1>"}) {
        const std::string page = beginning + rest;
        EXPECT_EQ(seen(html::parse_until(page, {"h1"}), "h1"), seen(html::parse(page), "h1")) << beginning;
    }
}

TEST(HtmlUntil, KnowsTheCharsetOfTheWhole)
{
    const std::string page = "<h1>caf\xe9</h1>" + paragraphs(50'000);
    EXPECT_EQ(seen(html::parse_until(page, {"h1"}), "h1"), "<h1>café</h1>");
    const std::string late = "<h1>caf\xc3\xa9</h1>" + paragraphs(50'000) + "\xff"; // so it isn't UTF-8
    EXPECT_EQ(seen(html::parse_until(late, {"h1"}), "h1"), seen(html::parse(late), "h1"));
}

TEST(HtmlUntil, RefusesWhatParseRefuses)
{
    EXPECT_THROW(html::parse_until("<p>", {"h1", "[["}), simul::error);
    EXPECT_THROW(html::parse_until("12345", {"p"}, {.max_size = 4}), simul::error);
}

/// Whatever stands where: what is found is what is found in all of it.
TEST(HtmlUntil, FindsWhatTheWholeDocumentHas)
{
    const std::vector<std::string> pieces = {
        "<h1 class=a>one</h1>", "<h1>",       "</h1>",         "<table>",    "</table>",  "<tr><td>",    "</td>",     "<b>",
        "</b>",                 "<a href=x>", "</a>",          "<div id=d>", "</div>",    "<p class=a>", "text",      "<!--",
        "-->",                  "<script>",   "</script>",     "<select>",   "</select>", "<svg>",       "</svg>",    "<h2>",
        "</h2>",                "<title>t",   "</title>",      "<body c=1>", "</body>",   "<html d=1>",  "<frameset>", "<template>",
        "</template>",          "<i><div>",   "</i>",          "<form>",     "</form>",   "<button>",    "</button>", "<head>",
        "<title></title>",      "<h1></h1>",  "<noscript>x",   "</noscript>", "<li>",     "</body>", "<h1 class=b>two</h1>"};
    const std::vector<std::string> selectors = {"h1", "title", ".a", "#d", "p", "h1.a, h2", "[class]", "a", "b"};
    for (unsigned seed = 1, last = std::getenv("SIMUL_LONG") ? 10'000 : 100; seed <= last; ++seed) {
        std::mt19937 random(seed);
        const auto below = [&](std::size_t most) { return static_cast<std::size_t>(random() % most); };
        std::string page;
        for (int i = 0; i < 30; ++i) {
            page += pieces[below(pieces.size())];
            if (below(6) == 0)
                page += below(2) == 0 ? std::string(below(6000), ' ') : std::string(below(3000), 'x');
        }
        const html::document whole = html::parse(page);
        for (const std::string& each : selectors)
            ASSERT_EQ(seen(html::parse_until(page, {each}), each), seen(whole, each)) << "seed " << seed << ", " << each << "\n" << page;
    }
}

} // namespace
