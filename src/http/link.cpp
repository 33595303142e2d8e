// SPDX-License-Identifier: MIT
#include "link.hpp"

#include "field_parameters.hpp"
#include "field_syntax.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

namespace simul::http::detail {

namespace {

/// Takes the parameters of a link off `rest`: up to a comma that isn't quoted.
std::string_view take_parameters(std::string_view& rest)
{
    bool quoted = false;
    std::size_t end = 0;
    for (; end < rest.size() && (quoted || rest[end] != ','); ++end) {
        if (rest[end] == '"')
            quoted = !quoted;
        else if (quoted && rest[end] == '\\')
            ++end;
    }
    const std::string_view taken = rest.substr(0, end);
    rest.remove_prefix(taken.size());
    return taken;
}

bool has_word(std::string_view words, std::string_view wanted) noexcept
{
    while (!words.empty()) {
        const std::size_t end = std::min(words.find(' '), words.size());
        if (same_ignoring_case(words.substr(0, end), wanted))
            return true;
        words.remove_prefix(std::min(end + 1, words.size()));
    }
    return false;
}

/// Of several `rel` the first counts.
bool has_relation(std::string_view parameters, std::string_view relation)
{
    std::optional<std::string> relations;
    for_each_parameter(parameters, backslash::escapes, [&](std::string_view name, std::string value) {
        if (!relations && same_ignoring_case(name, "rel"))
            relations = std::move(value);
    });
    return relations && has_word(*relations, relation);
}

} // namespace

std::optional<std::string_view> link_target(std::string_view field, std::string_view relation)
{
    for (;;) {
        const std::size_t open = field.find('<');
        const std::size_t close = field.find('>', open);
        if (open == std::string_view::npos || close == std::string_view::npos)
            return std::nullopt;
        const std::string_view target = field.substr(open + 1, close - open - 1);
        field.remove_prefix(close + 1);
        if (has_relation(take_parameters(field), relation))
            return target;
    }
}

} // namespace simul::http::detail
