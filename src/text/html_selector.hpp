// SPDX-License-Identifier: MIT
//
// CSS selectors: what they say, and whether an element is meant.
#pragma once

#include "html_tree.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace simul::html::detail {

/// Whether `word` is one of those in `words`, between white space.
bool has_word(std::string_view words, std::string_view word) noexcept;

class selector {
public:
    /// *Throws:* `error` that says where `text` is no selector.
    explicit selector(std::string_view text, const tree& of);

    bool matches(std::uint32_t element) const;
    /// And not on where it stands.
    bool depends_on_element_alone() const noexcept;

private:
    friend class selector_parser;

    enum class test : std::uint8_t { name, has, equals, word, dash, begins, ends, contains, nth, last, none };
    struct condition {
        test kind;
        std::string name;         ///< of an attribute
        std::string value;        ///< of an attribute
        std::uint32_t number = 0; ///< of a tag
        int step = 0, offset = 0; ///< nth
        bool negated = false;
    };
    struct compound {
        std::vector<condition> conditions;
        char combinator = 0; ///< between the one to the left and this: ' ', '>', '+', '~'; 0 for the first
    };
    using complex = std::vector<compound>;

    /// Why there is no match, so that nothing is tried that can't help.
    enum class outcome : std::uint8_t { matches, fails, no_sibling_helps, nothing_helps };

    bool matches(const condition& condition, std::uint32_t element) const;
    bool matches(const compound& compound, std::uint32_t element) const;
    outcome match(const complex& complex, std::size_t last, std::uint32_t element) const;

    const tree* tree_;
    std::vector<complex> alternatives_;
};

} // namespace simul::html::detail
