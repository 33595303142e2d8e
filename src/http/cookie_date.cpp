// SPDX-License-Identifier: MIT
#include "cookie_date.hpp"

#include "field_syntax.hpp"
#include "month_names.hpp"

#include <algorithm>
#include <cstddef>

namespace simul::http::detail {

using namespace std::chrono;

namespace {

constexpr bool is_delimiter(char c) noexcept
{
    const auto byte = static_cast<unsigned char>(c);
    return byte == 0x09 || (byte >= 0x20 && byte <= 0x2f) || (byte >= 0x3b && byte <= 0x40) ||
           (byte >= 0x5b && byte <= 0x60) || (byte >= 0x7b && byte <= 0x7e);
}

/// Takes a number of `least` to `most` digits off `rest`, behind which no digit stands.
std::optional<int> take_number(std::string_view& rest, std::size_t least, std::size_t most) noexcept
{
    int value = 0;
    std::size_t digits = 0;
    for (; digits < rest.size() && is_digit(rest[digits]); ++digits) {
        if (digits == most)
            return {};
        value = value * 10 + (rest[digits] - '0');
    }
    if (digits < least)
        return {};
    rest.remove_prefix(digits);
    return value;
}

struct found_parts {
    std::optional<seconds> time;
    std::optional<int> day, year;
    std::optional<unsigned> month;
};

std::optional<seconds> parse_time(std::string_view token) noexcept
{
    int fields[3] = {};
    for (int& each : fields) {
        if (&each != fields) {
            if (!token.starts_with(':'))
                return {};
            token.remove_prefix(1);
        }
        const auto number = take_number(token, 1, 2);
        if (!number)
            return {};
        each = *number;
    }
    // 25:00:00 is a time, and so this no date; "8:49" is none, and may be followed by one.
    const bool exists = fields[0] < 24 && fields[1] < 60 && fields[2] < 60;
    return exists ? hours(fields[0]) + minutes(fields[1]) + seconds(fields[2]) : seconds(-1);
}

std::optional<int> parse_number(std::string_view token, std::size_t least, std::size_t most) noexcept
{
    return take_number(token, least, most);
}

std::optional<unsigned> parse_month(std::string_view token) noexcept
{
    for (unsigned i = 0; i < month_names.size(); ++i)
        if (same_ignoring_case(token.substr(0, 3), month_names[i]))
            return i + 1;
    return {};
}

void note_token(std::string_view token, found_parts& parts) noexcept
{
    const auto note = [](auto& into, auto found) {
        const bool is_news = !into && found;
        if (is_news)
            into = found;
        return is_news;
    };
    if (!note(parts.time, parse_time(token)) && !note(parts.day, parse_number(token, 1, 2)) &&
        !note(parts.month, parse_month(token)))
        note(parts.year, parse_number(token, 2, 4));
}

} // namespace

std::optional<sys_seconds> parse_cookie_date(std::string_view text) noexcept
{
    found_parts parts;
    while (!text.empty()) {
        const auto* const end = std::ranges::find_if(text, is_delimiter);
        const auto size = static_cast<std::size_t>(end - text.begin());
        if (size > 0)
            note_token(text.substr(0, size), parts);
        text.remove_prefix(std::min(size + 1, text.size()));
    }
    if (!parts.time || parts.time->count() < 0 || !parts.day || !parts.month || !parts.year)
        return {};
    const int year = *parts.year + (*parts.year < 70 ? 2000 : *parts.year < 100 ? 1900 : 0);
    const year_month_day date(std::chrono::year(year), month(*parts.month), day(static_cast<unsigned>(*parts.day)));
    if (year < 1601 || !date.ok())
        return {};
    return sys_days(date) + *parts.time;
}

} // namespace simul::http::detail
