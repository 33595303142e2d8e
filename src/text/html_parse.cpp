// SPDX-License-Identifier: MIT
//
// From text to document: all of it, or as much as is needed.
#include "html_charset.hpp"
#include "html_selector.hpp"
#include "html_tree.hpp"

#include <simul/text/html.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

namespace simul::html {

using namespace detail;

namespace {

// What `parse_until` puts behind the part that it has read. Where the parser makes a comment of it, no tag, script or other comment was cut
// in two; and what it isn't inside of was closed before.
constexpr std::string_view end_mark = " the rest was not read ";

constexpr std::size_t first_part = 4 * 1024;
constexpr std::size_t part_growth = 8;

/// 0 when it isn't there, or stands behind a </body>, which closes nothing.
std::uint32_t find_end_mark(const tree& of)
{
    for (auto i = static_cast<std::uint32_t>(of.nodes.size()); --i > 0;)
        if (of.nodes[i].kind == node_kind::comment && of.at(of.nodes[i].text) == end_mark)
            return of.nodes[i].parent == of.root || of.nodes[i].parent == 0 ? 0 : i;
    return 0;
}

bool is_in_table(const tree& of, std::uint32_t element)
{
    const std::uint32_t table = of.find_name("table");
    for (; table != 0 && element != 0; element = of.nodes[element].parent)
        if (of.nodes[element].name == table)
            return true;
    return false;
}

bool has_text(const tree& of, std::uint32_t element)
{
    for (std::uint32_t i = element + 1; i < of.nodes[element].end; ++i)
        if (of.nodes[i].kind == node_kind::text &&
            of.at(of.nodes[i].text).find_first_not_of(white_space) != std::string_view::npos)
            return true;
    return false;
}

/// Whether nothing that follows can change what `wanted` finds first. What follows may go before what is in a table, or into the head;
/// and a <frameset> takes the place of all before it, as long as there was no text.
bool is_settled(const tree& of, const selector& wanted, std::uint32_t mark)
{
    for (std::uint32_t i = 1; i < mark; ++i)
        if (of.is_element(i) && wanted.matches(i))
            return of.nodes[i].end <= mark && of.names[of.nodes[i].name] != "head" && !is_in_table(of, i) && has_text(of, i);
    return false;
}

/// Reads a part of the text. False when that isn't enough.
bool build_part(tree& into, std::string_view part, const std::vector<std::string>& selectors, unsigned max_depth)
{
    build(into, std::string(part).append("<!--").append(end_mark).append("-->"), max_depth);
    const std::uint32_t mark = find_end_mark(into);
    return mark != 0 && std::ranges::all_of(selectors, [&](const std::string& each) {
               return is_settled(into, selector(each, into), mark);
           });
}

} // namespace

document parse(bytes_view text, const options& options)
{
    return parse_until(text, {}, options);
}

document parse_until(bytes_view text, const std::vector<std::string>& selectors, const options& options)
{
    decoded read;
    decode(text, options, read);
    const bool worth_trying = !selectors.empty() && std::ranges::all_of(
        selectors, [](const std::string& each) { return selector(each, tree()).depends_on_element_alone(); });
    for (std::size_t size = first_part; worth_trying && size * 2 < read.text.size(); size *= part_growth) {
        auto made = std::make_unique<tree>();
        made->charset = read.charset;
        const std::size_t end = read.text.rfind('>', size) + 1; // 0 when there is none
        if (end > 0 && build_part(*made, read.text.substr(0, end), selectors, options.max_depth))
            return document(std::move(made));
    }
    auto made = std::make_unique<tree>();
    made->charset = read.charset;
    build(*made, read.text, options.max_depth);
    return document(std::move(made));
}

} // namespace simul::html
