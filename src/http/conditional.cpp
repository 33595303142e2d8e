// SPDX-License-Identifier: MIT
#include "conditional.hpp"

#include "field_syntax.hpp"

#include <simul/http/date.hpp>

#include <algorithm>
#include <vector>

namespace simul::http::detail {

namespace {

/// Takes a tag off the front of `rest`.
std::optional<entity_tag> take_tag(std::string_view& rest) noexcept
{
    entity_tag tag = {{}, rest.starts_with("W/")};
    const std::size_t open = tag.weak ? 2 : 0;
    if (!rest.substr(open).starts_with('"'))
        return {};
    const std::size_t close = rest.find('"', open + 1);
    if (close == std::string_view::npos)
        return {};
    tag.opaque = rest.substr(open + 1, close - open - 1);
    const auto is_visible = [](char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7f; };
    if (!std::ranges::all_of(tag.opaque, is_visible))
        return {};
    rest.remove_prefix(close + 1);
    return tag;
}

/// Whether one of a list of tags is the `same`. A list that is none has none from where it goes wrong.
template <class Same> bool contains_tag(std::string_view list, const entity_tag& wanted, Same same)
{
    for (;;) {
        const std::size_t next = list.find_first_not_of(" \t,");
        if (next == std::string_view::npos)
            return false;
        list.remove_prefix(next);
        const auto tag = take_tag(list);
        if (!tag)
            return false;
        if (same(*tag, wanted))
            return true;
    }
}

/// Of If-Match and If-None-Match.
template <class Same> bool matches(const headers& fields, std::string_view name, const validators& against, Same same)
{
    const std::vector<std::string_view> lists = fields.get_all(name);
    return std::ranges::any_of(lists, [&](std::string_view list) {
        if (list == "*")
            return against.exists;
        return against.exists && against.tag && contains_tag(list, *against.tag, same);
    });
}

/// Of a field that is there once.
std::optional<std::chrono::sys_seconds> date_in(const headers& fields, std::string_view name)
{
    const std::vector<std::string_view> all = fields.get_all(name);
    return all.size() == 1 ? parse_date(all[0]) : std::nullopt;
}

} // namespace

std::optional<entity_tag> parse_entity_tag(std::string_view text) noexcept
{
    const auto tag = take_tag(text);
    return text.empty() ? tag : std::nullopt;
}

std::string to_string(const entity_tag& of)
{
    return std::string(of.weak ? "W/\"" : "\"").append(of.opaque).append("\"");
}

bool same_strongly(const entity_tag& a, const entity_tag& b) noexcept
{
    return !a.weak && !b.weak && a.opaque == b.opaque;
}

bool same_weakly(const entity_tag& a, const entity_tag& b) noexcept
{
    return a.opaque == b.opaque;
}

precondition check_preconditions(method of, const headers& fields, const validators& against)
{
    if (fields.contains("If-Match")) {
        if (!matches(fields, "If-Match", against, same_strongly))
            return precondition::failed;
    } else if (const auto since = date_in(fields, "If-Unmodified-Since"); since && against.modified) {
        if (*against.modified > *since)
            return precondition::failed;
    }

    const bool reads = of == method::get || of == method::head;
    if (fields.contains("If-None-Match")) {
        if (matches(fields, "If-None-Match", against, same_weakly))
            return reads ? precondition::not_modified : precondition::failed;
    } else if (const auto since = date_in(fields, "If-Modified-Since"); reads && since && against.modified) {
        if (*against.modified <= *since)
            return precondition::not_modified;
    }
    return precondition::holds;
}

bool if_range_holds(const headers& fields, const validators& against)
{
    const auto wanted = fields.get("If-Range");
    if (!wanted)
        return true;
    if (const auto tag = parse_entity_tag(*wanted))
        return against.tag && same_strongly(*tag, *against.tag);
    const auto date = parse_date(*wanted);
    return date && against.modified && *date == *against.modified;
}

} // namespace simul::http::detail
