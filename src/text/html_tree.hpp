// SPDX-License-Identifier: MIT
//
// A parsed document: nodes in the order of the text, so that what is inside of one is what comes next. Nothing here recurses,
// and nothing knows the parser.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace simul::html::detail {

/// By the HTML standard.
inline constexpr std::string_view white_space = " \t\n\f\r";

enum class node_kind : std::uint8_t { element, text, comment };

struct slice {
    std::uint32_t begin = 0, size = 0; // in `tree::characters`
};

struct attribute {
    slice name, value;
};

struct node {
    std::uint32_t parent = 0;
    std::uint32_t end = 0;      ///< where its descendants end
    std::uint32_t ordinal = 0;  ///< an element's among its siblings, from 1
    std::uint32_t previous = 0; ///< element before it; itself if there is none
    std::uint32_t name = 0;     ///< an element's, in `tree::names`
    std::uint32_t attributes = 0, attribute_count = 0;
    slice text; ///< of texts and comments
    node_kind kind = node_kind::element;
};

struct tree {
    std::vector<node> nodes; ///< [0] is the document, which is an element without a name
    std::vector<attribute> attributes;
    std::vector<std::string> names = {""};
    std::string characters;
    std::string_view charset;
    std::uint32_t root = 0; ///< "html"
    bool has_doctype = false;

    std::string_view at(slice part) const { return std::string_view(characters).substr(part.begin, part.size); }
    std::optional<std::string_view> attribute_of(std::uint32_t element, std::string_view name) const;
    /// 0 when no element has it.
    std::uint32_t find_name(std::string_view name) const;
    std::uint32_t next_element(std::uint32_t element) const; ///< 0 when there is none

    bool is_element(std::uint32_t index) const { return nodes[index].kind == node_kind::element; }
    bool hides_text(std::uint32_t element) const;
    void append_html(std::string& to, std::uint32_t index) const;
};

/// Fills `into` from UTF-8. *Throws:* `error` when the limits are passed.
void build(tree& into, std::string_view text, unsigned max_depth);

} // namespace simul::html::detail
