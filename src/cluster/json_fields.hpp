// SPDX-License-Identifier: MIT
//
// Members of JSON objects that may be missing: how they are written where there is nothing to say, and read whatever others wrote.
#pragma once

#include "wall_clock.hpp"

#include <simul/text/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace simul::cluster::detail {

inline json::value or_null(std::string_view text)
{
    return text.empty() ? json::value() : json::value(text);
}
inline json::value or_null(const json::array& list)
{
    return list.empty() ? json::value() : json::value(list);
}
inline json::value or_null(const std::optional<wall_time>& time)
{
    return time ? json::value(write_utc(*time)) : json::value();
}
template <class T> json::value or_null(const std::optional<T>& number)
{
    return number ? json::value(*number) : json::value();
}

/// Null also where it is of another type. `From`: json::object, or json::value of any kind.
template <class From> const std::string* text_in(const From& from, std::string_view name)
{
    const json::value* const found = from.find(name);
    return found && found->kind() == json::kind::string ? &found->string() : nullptr;
}
template <class From> std::string text_or(const From& from, std::string_view name, std::string_view otherwise = {})
{
    const std::string* const found = text_in(from, name);
    return found ? *found : std::string(otherwise);
}
template <class From> std::optional<std::int64_t> number_in(const From& from, std::string_view name)
{
    const json::value* const found = from.find(name);
    return found && found->kind() == json::kind::integer ? std::optional(found->as<std::int64_t>()) : std::nullopt;
}

} // namespace simul::cluster::detail
