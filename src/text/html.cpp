// SPDX-License-Identifier: MIT
#include "html_selector.hpp"
#include "html_tree.hpp"

#include <simul/text/html.hpp>

#include <algorithm>

namespace simul::html {

using namespace detail;

namespace {

/// Calls `fn` with all text inside `element`, piece by piece.
void for_each_text(const tree& of, std::uint32_t element, auto&& fn)
{
    for (std::uint32_t i = element + 1; i < of.nodes[element].end;) {
        const node& each = of.nodes[i];
        if (each.kind == node_kind::text)
            fn(of.at(each.text));
        i = each.kind == node_kind::element && of.hides_text(i) ? each.end : i + 1;
    }
}

std::string cleaned(std::string_view text)
{
    std::string clean;
    clean.reserve(text.size());
    for (std::size_t begin = 0; (begin = text.find_first_not_of(white_space, begin)) != std::string_view::npos;) {
        const std::size_t end = std::min(text.find_first_of(white_space, begin), text.size());
        if (!clean.empty())
            clean += ' ';
        clean += text.substr(begin, end - begin);
        begin = end;
    }
    return clean;
}

/// Calls `fn` with those inside `scope` that `selector` means, until it returns false.
void select_each(const tree& of, std::uint32_t scope, std::string_view text, auto&& fn)
{
    const selector wanted(text, of);
    for (std::uint32_t i = scope + 1; i < of.nodes[scope].end; ++i)
        if (of.is_element(i) && wanted.matches(i) && !fn(i))
            return;
}

} // namespace

document::document(std::unique_ptr<const tree> tree) noexcept : tree_(std::move(tree))
{
}
document::document(document&&) noexcept = default;
document& document::operator=(document&&) noexcept = default;
document::~document() = default;

element document::root() const noexcept
{
    return {tree_.get(), tree_->root};
}

std::optional<element> document::find(std::string_view selector) const
{
    return element(tree_.get(), 0).find(selector);
}

std::vector<element> document::select(std::string_view selector) const
{
    return element(tree_.get(), 0).select(selector);
}

std::string document::html() const
{
    std::string html = tree_->has_doctype ? "<!DOCTYPE html>" : "";
    for (std::uint32_t i = 1; i < tree_->nodes.size(); i = tree_->nodes[i].end)
        tree_->append_html(html, i);
    return html;
}

std::string document::title() const
{
    const auto found = find("title");
    return found ? found->clean_text() : std::string();
}

std::string_view document::charset() const noexcept
{
    return tree_->charset;
}

std::string_view element::tag() const noexcept
{
    return tree_->names[tree_->nodes[index_].name];
}

std::optional<std::string_view> element::attr(std::string_view name) const noexcept
{
    return tree_->attribute_of(index_, name);
}

std::vector<std::pair<std::string_view, std::string_view>> element::attributes() const
{
    const node& self = tree_->nodes[index_];
    std::vector<std::pair<std::string_view, std::string_view>> all;
    for (std::uint32_t i = self.attributes; i < self.attributes + self.attribute_count; ++i)
        all.emplace_back(tree_->at(tree_->attributes[i].name), tree_->at(tree_->attributes[i].value));
    return all;
}

bool element::has_class(std::string_view name) const noexcept
{
    return has_word(attr("class").value_or(""), name);
}

std::string element::text() const
{
    std::string all;
    for_each_text(*tree_, index_, [&](std::string_view piece) { all += piece; });
    return all;
}

std::string element::clean_text() const
{
    return cleaned(text());
}

std::string element::html() const
{
    std::string html;
    tree_->append_html(html, index_);
    return html;
}

std::string element::inner_html() const
{
    std::string html;
    for (std::uint32_t i = index_ + 1; i < tree_->nodes[index_].end; i = tree_->nodes[i].end)
        tree_->append_html(html, i);
    return html;
}

std::optional<element> element::parent() const noexcept
{
    const std::uint32_t index = tree_->nodes[index_].parent;
    return index == 0 ? std::nullopt : std::optional(element(tree_, index));
}

std::optional<element> element::next() const noexcept
{
    const std::uint32_t index = tree_->next_element(index_);
    return index == 0 ? std::nullopt : std::optional(element(tree_, index));
}

std::optional<element> element::previous() const noexcept
{
    const std::uint32_t index = tree_->nodes[index_].previous;
    return index == index_ ? std::nullopt : std::optional(element(tree_, index));
}

std::vector<element> element::children() const
{
    std::vector<element> all;
    for (std::uint32_t i = index_ + 1; i < tree_->nodes[index_].end; i = tree_->nodes[i].end)
        if (tree_->is_element(i))
            all.push_back({tree_, i});
    return all;
}

std::optional<element> element::find(std::string_view selector) const
{
    std::optional<element> found;
    select_each(*tree_, index_, selector, [&](std::uint32_t index) {
        found = element(tree_, index);
        return false;
    });
    return found;
}

std::vector<element> element::select(std::string_view selector) const
{
    std::vector<element> found;
    select_each(*tree_, index_, selector, [&](std::uint32_t index) {
        found.push_back({tree_, index});
        return true;
    });
    return found;
}

bool element::matches(std::string_view selector) const
{
    return detail::selector(selector, *tree_).matches(index_);
}

} // namespace simul::html
