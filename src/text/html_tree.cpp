// SPDX-License-Identifier: MIT
#include "html_tree.hpp"

#include <simul/text/html.hpp>

#include <algorithm>

namespace simul::html {

namespace detail {

namespace {

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names)
{
    return std::ranges::find(names, name) != names.end();
}

bool has_no_end_tag(std::string_view name)
{
    return is_one_of(name, {"area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr", "img", "input",
                            "keygen", "link", "meta", "param", "source", "track", "wbr"});
}

/// What stands in these stands for itself.
bool is_raw(std::string_view name)
{
    return is_one_of(name, {"script", "style", "xmp", "iframe", "noembed", "noframes", "plaintext"});
}

void append_escaped(std::string& to, std::string_view text, bool in_quotes)
{
    for (std::size_t at = 0; at < text.size(); ++at) {
        switch (text[at]) {
        case '&':
            to += "&amp;";
            break;
        case '<':
            to += "&lt;";
            break;
        case '>':
            to += "&gt;";
            break;
        case '"':
            to += in_quotes ? "&quot;" : "\"";
            break;
        case '\xc2':
            if (text.substr(at).starts_with("\u00a0")) {
                to += "&nbsp;";
                ++at;
                break;
            }
            [[fallthrough]];
        default:
            to += text[at];
        }
    }
}

} // namespace

std::optional<std::string_view> tree::attribute_of(std::uint32_t element, std::string_view name) const
{
    const node& of = nodes[element];
    for (std::uint32_t i = of.attributes; i < of.attributes + of.attribute_count; ++i)
        if (at(attributes[i].name) == name)
            return at(attributes[i].value);
    return {};
}

std::uint32_t tree::find_name(std::string_view name) const
{
    const auto found = std::find(names.begin() + 1, names.end(), name);
    return found == names.end() ? 0 : static_cast<std::uint32_t>(found - names.begin());
}

std::uint32_t tree::next_element(std::uint32_t element) const
{
    const std::uint32_t end = nodes[nodes[element].parent].end;
    for (std::uint32_t at = nodes[element].end; at < end; at = nodes[at].end)
        if (is_element(at))
            return at;
    return 0;
}

bool tree::hides_text(std::uint32_t element) const
{
    return is_one_of(names[nodes[element].name], {"script", "style", "template"});
}

/// One node with all that is in it.
void tree::append_html(std::string& to, std::uint32_t index) const
{
    std::vector<std::uint32_t> open;
    const auto close_until = [&](std::uint32_t at) {
        while (!open.empty() && nodes[open.back()].end <= at) {
            to.append("</").append(names[nodes[open.back()].name]).append(">");
            open.pop_back();
        }
    };
    const std::uint32_t end = nodes[index].end;
    for (std::uint32_t i = index; i < end; ++i) {
        close_until(i);
        const node& each = nodes[i];
        const std::string_view outer = names[nodes[each.parent].name];
        if (each.kind == node_kind::comment) {
            to.append("<!--").append(at(each.text)).append("-->");
        } else if (each.kind == node_kind::text) {
            // A parser skips a newline at the beginning of these.
            if (i == each.parent + 1 && at(each.text).starts_with('\n') &&
                is_one_of(outer, {"pre", "textarea", "listing"}))
                to += '\n';
            if (is_raw(outer))
                to += at(each.text);
            else
                append_escaped(to, at(each.text), false);
        } else {
            const std::string& name = names[each.name];
            to.append("<").append(name);
            for (std::uint32_t j = each.attributes; j < each.attributes + each.attribute_count; ++j) {
                to.append(" ").append(at(attributes[j].name)).append("=\"");
                append_escaped(to, at(attributes[j].value), true);
                to += '"';
            }
            to += '>';
            if (!has_no_end_tag(name) || each.end > i + 1)
                open.push_back(i);
        }
    }
    close_until(end);
}

} // namespace detail

std::string escape(std::string_view text)
{
    std::string escaped;
    escaped.reserve(text.size());
    detail::append_escaped(escaped, text, true);
    return escaped;
}

} // namespace simul::html
