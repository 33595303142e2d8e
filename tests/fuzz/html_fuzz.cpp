// SPDX-License-Identifier: MIT
//
// The input's first line is a selector, the rest is a page.
#include "fuzz.hpp"

#include <simul/base/error.hpp>
#include <simul/text/charset.hpp>
#include <simul/text/html.hpp>

namespace html = simul::html;

void fuzz(std::string_view input)
{
    const auto [selector, text] = split(input, '\n');
    try {
        const html::document page = html::parse(text, {.max_size = 1 << 20, .max_depth = 200});
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
    } catch (const simul::error&) {
    }
}
