// SPDX-License-Identifier: MIT
#include "extract.hpp"

#include "../command_line.hpp"

#include <simul/base/error.hpp>
#include <simul/http/media_type.hpp>
#include <simul/text/html.hpp>

#include <algorithm>
#include <cctype>
#include <optional>

namespace fetch {

namespace {

bool is_name(std::string_view text)
{
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
    });
}

/// Takes "::text" or "::attr(x)" off the end; what follows "::" stays when it is neither, for the selector's own error.
void take_suffix(std::string_view& css, std::string& attribute)
{
    constexpr std::string_view text = "::text";
    constexpr std::string_view attr = "::attr(";
    if (css.ends_with(text)) {
        css.remove_suffix(text.size());
    } else if (const std::size_t at = css.rfind(attr); at != std::string_view::npos && css.ends_with(')')) {
        attribute = css.substr(at + attr.size(), css.size() - at - attr.size() - 1);
        css = css.substr(0, at);
    }
}

/// "NaMe" of HTML is "name".
std::string lower(std::string_view text)
{
    std::string small(text);
    std::ranges::transform(small, small.begin(), [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
    return small;
}

std::optional<std::string> value_of(const simul::html::element& found, const selection& wanted)
{
    if (wanted.attribute.empty())
        return found.clean_text();
    if (const auto value = found.attr(wanted.attribute))
        return std::string(*value);
    return std::nullopt;
}

} // namespace

selection parse_selection(std::string_view text, bool all)
{
    selection parsed{.name = std::string(text), .css = {}, .attribute = {}, .all = all};
    std::string_view css = text;
    if (const std::size_t equals = css.find('='); equals != std::string_view::npos && is_name(css.substr(0, equals))) {
        parsed.name = css.substr(0, equals);
        css = css.substr(equals + 1);
    }
    take_suffix(css, parsed.attribute);
    parsed.attribute = lower(parsed.attribute);
    parsed.css = css;
    try {
        simul::html::parse("").find(parsed.css);
    } catch (const simul::error& mistake) {
        throw cli::usage_error(mistake.what());
    }
    return parsed;
}

std::vector<std::vector<std::string>> extract(const simul::bytes& page, const std::string& content_type,
                                              const std::vector<selection>& wanted)
{
    std::string charset;
    if (const auto type = simul::http::media_type::try_parse(content_type))
        charset = type->parameter("charset").value_or("");
    std::vector<std::string> firsts;
    for (const selection& each : wanted)
        firsts.push_back(each.css);
    if (std::ranges::any_of(wanted, &selection::all))
        firsts.clear(); // then all of the page is read
    const simul::html::document document =
        simul::html::parse_until(page, firsts, {.charset = charset, .max_size = page.size() + 1});
    std::vector<std::vector<std::string>> fields;
    for (const selection& each : wanted) {
        std::vector<std::string>& values = fields.emplace_back();
        if (each.all) {
            for (const simul::html::element& found : document.select(each.css))
                if (auto value = value_of(found, each))
                    values.push_back(std::move(*value));
        } else if (const auto found = document.find(each.css)) {
            if (auto value = value_of(*found, each))
                values.push_back(std::move(*value));
        }
    }
    return fields;
}

} // namespace fetch
