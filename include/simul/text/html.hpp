// SPDX-License-Identifier: MIT
//
// HTML as browsers understand it, whatever is wrong with it.
//
//     simul::html::document page = simul::html::parse(body, {.charset = "utf-8"});
//     if (auto heading = page.find("h1"))
//         fmt::print("{}\n", heading->clean_text());
//     for (simul::html::element link : page.select("ul.results > li a[href^=http]"))
//         fmt::print("{}\n", link.attr("href").value_or(""));
//
// Elements are two words, to be copied at will. They are valid for as long as their document is, which may be moved meanwhile.
// A document can't be changed, so it may be read by many threads. It takes about as much memory as the text.
#pragma once

#include <simul/base/bytes.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace simul::html {

namespace detail {
struct tree;
}

struct options {
    std::string_view charset = {};   ///< what the HTTP header says, if it does
    std::size_t max_size = 16 << 20; ///< bytes
    unsigned max_depth = 1024;       ///< of nested elements
};

class element {
public:
    /// "h1": in lower case, but for some of SVG's.
    std::string_view tag() const noexcept;
    /// The value of an attribute, "" for one without; empty when it isn't there. Names are in lower case.
    std::optional<std::string_view> attr(std::string_view name) const noexcept;
    /// All of them, in their order.
    std::vector<std::pair<std::string_view, std::string_view>> attributes() const;
    /// Whether `name` is one of the words of the attribute "class".
    bool has_class(std::string_view name) const noexcept;

    /// All text inside, as it stands. Comments are none, and scripts, styles and templates only of what is one itself.
    std::string text() const;
    /// The same with one space for any white space, and none at the ends.
    std::string clean_text() const;
    /// The element as HTML.
    std::string html() const;
    /// What is in it, as HTML.
    std::string inner_html() const;

    std::optional<element> parent() const noexcept;
    std::optional<element> next() const noexcept;     ///< The next sibling that is an element.
    std::optional<element> previous() const noexcept; ///< The one before.
    std::vector<element> children() const;

    /// The first element inside, in the order of the document, that `selector` means: "h1", "#main a.external". *Throws:* `error`
    /// when that is no selector.
    std::optional<element> find(std::string_view selector) const;
    /// All of them.
    std::vector<element> select(std::string_view selector) const;
    std::vector<element> find_all(std::string_view selector) const { return select(selector); }
    /// Whether `selector` means this element.
    bool matches(std::string_view selector) const;

    friend bool operator==(const element&, const element&) = default;

private:
    friend class document;
    element(const detail::tree* of, std::uint32_t index) noexcept : tree_(of), index_(index) {}

    const detail::tree* tree_;
    std::uint32_t index_;
};

class document {
public:
    document(document&&) noexcept;
    document& operator=(document&&) noexcept;
    ~document();

    /// The element "html": there always is one.
    element root() const noexcept;
    std::optional<element> find(std::string_view selector) const;
    std::vector<element> select(std::string_view selector) const;
    std::vector<element> find_all(std::string_view selector) const { return select(selector); }
    std::string text() const { return root().text(); }
    std::string html() const;
    /// The clean text of the first "title"; empty when there is none.
    std::string title() const;
    /// In which encoding it came: "UTF-8", "windows-1252".
    std::string_view charset() const noexcept;

private:
    friend document parse_until(bytes_view, const std::vector<std::string>&, const options&);
    explicit document(std::unique_ptr<const detail::tree> tree) noexcept;

    std::unique_ptr<const detail::tree> tree_;
};

/// The document that `text` is: any text is one. Its encoding is told by a byte order mark, else by `options::charset`, else by a
/// `<meta>` in its first 1024 bytes; else it is UTF-8, if it can be that, or windows-1252. *Throws:* `error` when a limit is passed.
document parse(bytes_view text, const options& options = {});

/// The same as far as it has to be read until `find` of each of `selectors` finds what it would in all of it; of the rest there is a
/// comment. Saves most of the time where what is wanted stands near the beginning, such as the title of an article. A selector that
/// depends on more than the element itself ("div > h1", "p:last-child"), or matches nothing, has all of it read. *Throws:* `error`,
/// also when one of them is no selector.
document parse_until(bytes_view text, const std::vector<std::string>& selectors, const options& options = {});

/// `text` so that it means itself between tags and in quotes: "&lt;" for "<".
std::string escape(std::string_view text);

} // namespace simul::html
