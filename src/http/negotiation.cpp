// SPDX-License-Identifier: MIT
#include "negotiation.hpp"

#include "field_parameters.hpp"
#include "field_syntax.hpp"

#include <simul/http/media_type.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace simul::http {
namespace detail {

namespace {

constexpr int most_wanted = 1000;

/// "0.5" is 500; what is no quality isn't wanted.
int parse_quality(std::string_view text) noexcept
{
    const bool one = text.starts_with('1');
    if (!one && !text.starts_with('0'))
        return 0;
    text.remove_prefix(1);
    if (!text.empty() && text[0] != '.')
        return 0;
    int quality = 0;
    for (std::size_t i = 1; i <= 3; ++i) {
        const char digit = i < text.size() ? text[i] : '0';
        if (!is_digit(digit))
            return 0;
        quality = quality * 10 + (digit - '0');
    }
    return one ? most_wanted : quality;
}

/// One member of such a field.
struct preference {
    std::string_view name;
    simul::parameters parameters = {}; ///< but for the quality
    int quality = most_wanted;
};

preference parse_preference(std::string_view member)
{
    preference made = {.name = trimmed(take_until(member, ";"))};
    for_each_parameter(member, backslash::escapes, [&](std::string_view name, std::string value) {
        if (same_ignoring_case(name, "q"))
            made.quality = parse_quality(value);
        else
            made.parameters.emplace_back(lower(name), std::move(value));
    });
    return made;
}

/// How well `wanted` fits: 0 when it doesn't.
int fit(const preference& wanted, const media_type& offered)
{
    const std::string_view name = wanted.name;
    if (name == "*/*")
        return 1;
    if (name.ends_with("/*"))
        return same_ignoring_case(name.substr(0, name.size() - 2), offered.type()) ? 2 : 0;
    const auto is_offered = [&](const auto& each) { return offered.parameter(each.first) == each.second; };
    if (!same_ignoring_case(name, offered.essence) || !std::ranges::all_of(wanted.parameters, is_offered))
        return 0;
    return 3 + static_cast<int>(std::min<std::size_t>(wanted.parameters.size(), 100));
}

} // namespace

content_coding choose_coding(std::optional<std::string_view> accept_encoding, std::span<const content_coding> offered)
{
    if (!accept_encoding)
        return content_coding::identity;
    std::vector<int> qualities(offered.size(), -1); // not named
    int identity = -1, others = 0;
    for_each_member(*accept_encoding, [&](std::string_view member) {
        const preference wanted = parse_preference(member);
        if (wanted.name == "*")
            others = wanted.quality;
        if (same_ignoring_case(wanted.name, "identity"))
            identity = wanted.quality;
        for (std::size_t i = 0; i < offered.size(); ++i)
            if (same_ignoring_case(wanted.name, to_string(offered[i])))
                qualities[i] = wanted.quality;
    });

    content_coding best = content_coding::identity;
    int best_quality = std::max(identity, 0); // what names it wants it as much as it says
    for (std::size_t i = 0; i < offered.size(); ++i) {
        const int quality = qualities[i] < 0 ? others : qualities[i];
        if (quality > best_quality || (quality == best_quality && quality > 0 && best == content_coding::identity)) {
            best = offered[i];
            best_quality = quality;
        }
    }
    return best;
}

bool is_compressible(std::string_view content_type)
{
    constexpr std::string_view others[] = {"application/javascript", "application/json", "application/wasm",
                                           "application/xml"};
    const std::string essence = lower(trimmed(content_type.substr(0, content_type.find(';'))));
    return essence.starts_with("text/") || essence.ends_with("+json") || essence.ends_with("+xml") ||
           std::ranges::find(others, essence) != std::end(others);
}

} // namespace detail

std::optional<std::string_view> preferred_type(std::optional<std::string_view> accept,
                                               std::initializer_list<std::string_view> offered)
{
    struct candidate {
        std::string_view name;
        media_type type;
        int fit = 0, quality = 0;
    };
    std::vector<candidate> candidates;
    for (const std::string_view each : offered)
        candidates.push_back({each, media_type::try_parse(each).value_or(media_type())});
    const std::string_view list = detail::trimmed(accept.value_or(""));
    detail::for_each_member(list.empty() ? "*/*" : list, [&](std::string_view member) {
        const detail::preference wanted = detail::parse_preference(member);
        for (candidate& each : candidates) {
            if (const int how_well = detail::fit(wanted, each.type); how_well > each.fit) {
                each.fit = how_well;
                each.quality = wanted.quality;
            }
        }
    });
    const auto best = std::ranges::max_element(candidates, {}, &candidate::quality); // the first of equal ones
    if (best == candidates.end() || best->quality == 0)
        return {};
    return best->name;
}

} // namespace simul::http
