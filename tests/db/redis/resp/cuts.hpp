// SPDX-License-Identifier: MIT
//
// What a RESP parser makes of an input, as text; and that it makes no difference how the input is cut.
#pragma once

#include "../../../cuts.hpp"

#include "db/redis/resp/parser.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace simul::db::resp {

inline std::string text_of(const redis_value& value)
{
    using kind = redis_value::kind;
    const auto all = [&](std::string_view name) {
        std::string text(name);
        text += '(';
        for (const redis_value& each : value.items())
            text += (text.back() == '(' ? "" : " ") + text_of(each);
        return text + ')';
    };
    switch (value.type()) {
    case kind::null:
        return "null";
    case kind::boolean:
        return value.as<bool>() ? "true" : "false";
    case kind::integer:
        return std::to_string(value.as<std::int64_t>());
    case kind::real:
        return fmt::format("{}", value.as<double>());
    case kind::big_number:
        return "big " + std::string(value.text());
    case kind::status:
        return "status " + std::string(value.text());
    case kind::string:
        return '"' + std::string(value.text()) + '"';
    case kind::error:
        return "error " + std::string(value.text());
    case kind::array:
        return all("array");
    case kind::set:
        return all("set");
    case kind::map:
        return all("map");
    case kind::push:
        return all("push");
    }
    return "?";
}

/// The latest event.
inline std::string text_of(parser& from, event what)
{
    return what == event::failed ? std::string("failed: ") + from.why() : text_of(from.value());
}

using transcriber = cuts::transcriber<parser, limits>;

inline std::string transcript(std::string_view input, const limits& within = {})
{
    return cuts::transcript<transcriber>(input, within);
}

inline void expect_same_when_cut(std::string_view input, const std::string& expected, const limits& within = {})
{
    cuts::expect_same<transcriber>(input, expected, within, parser::longest_line + 1);
}

} // namespace simul::db::resp
