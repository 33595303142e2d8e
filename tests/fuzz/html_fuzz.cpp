// SPDX-License-Identifier: MIT
//
// The input's first line is a selector, the rest is a page.
#include "fuzz.hpp"

#include <simul/base/error.hpp>
#include <simul/text/charset.hpp>
#include <simul/text/html.hpp>

#include <string>

namespace html = simul::html;

namespace {

constexpr html::options limits = {.max_size = 1 << 20, .max_depth = 200};

/// A long page is read as far as it takes to find the same.
void read_a_part(std::string_view text, const std::string& selector)
{
    const std::string page = std::string(text).append("<p>").append(9000, 'x').append(text);
    const html::document whole = html::parse(page, limits), part = html::parse_until(page, {selector}, limits);
    const auto expected = whole.find(selector), found = part.find(selector);
    require(expected.has_value() == found.has_value() && (!found || found->html() == expected->html()),
            "a part is enough");
}

} // namespace

void fuzz(std::string_view input)
{
    const auto [selector, text] = split(input, '\n');
    try {
        const html::document page = html::parse(text, limits);
        const auto all = page.select("*");
        require(!all.empty() && all[0] == page.root(), "there is a root");
        require(simul::is_utf8(page.html()) && simul::is_utf8(page.text()), "all is UTF-8");
        page.title();

        std::size_t children = 1;
        for (const html::element& each : all) {
            const auto inner = each.children();
            children += inner.size();
            for (std::size_t i = 0; i < inner.size(); ++i) {
                require(inner[i].parent() == each, "children know their parent");
                require(inner[i].next() == (i + 1 < inner.size() ? std::optional(inner[i + 1]) : std::nullopt),
                        "and what comes next");
                require(inner[i].previous() == (i > 0 ? std::optional(inner[i - 1]) : std::nullopt),
                        "and what was before");
            }
            require(page.text().size() >= each.clean_text().size() || !each.text().empty(),
                    "text is a part of all text");
        }
        require(children == all.size(), "each is a child once");

        try {
            const auto selected = page.select(selector);
            const auto first = page.find(selector);
            require(selected.empty() ? !first : first == selected[0], "the first is the first");
            for (const html::element& each : selected)
                require(each.matches(selector), "what was selected matches");
        } catch (const simul::error& e) {
            require(std::string_view(e.what()).starts_with("selector"), "only selectors are refused here");
        }
        html::parse(page.html());
        read_a_part(text, std::string(selector));
    } catch (const simul::error&) {
    }
}
