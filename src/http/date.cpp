// SPDX-License-Identifier: MIT
#include "field_syntax.hpp"
#include "month_names.hpp"

#include <simul/http/date.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace simul::http {

using namespace detail;
using namespace std::chrono;

namespace {

constexpr std::array<std::string_view, 7> day_names = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                       "Thursday", "Friday", "Saturday"};
constexpr std::size_t short_name = 3;

void append_number(std::string& to, unsigned number, unsigned digits)
{
    const std::size_t begin = to.size();
    to.resize(begin + digits);
    for (; digits > 0; number /= 10)
        to[begin + --digits] = static_cast<char>('0' + number % 10);
}

/// What is left of a date, taken apart from the left. What doesn't fit makes it bad for good.
class date_reader {
public:
    explicit date_reader(std::string_view text) : rest_(text) {}

    bool starts_with(std::string_view text) const { return rest_.starts_with(text); }
    void skip(std::string_view text)
    {
        good_ = good_ && rest_.starts_with(text);
        rest_.remove_prefix(std::min(text.size(), rest_.size()));
    }
    int number(std::size_t digits)
    {
        int value = 0;
        for (const char c : rest_.substr(0, digits)) {
            good_ = good_ && is_digit(c);
            value = value * 10 + (c - '0');
        }
        good_ = good_ && rest_.size() >= digits;
        rest_.remove_prefix(std::min(digits, rest_.size()));
        return value;
    }
    /// The one of `names` with which it goes on, or whose first letters it has.
    template <std::size_t Count> std::size_t name(const std::array<std::string_view, Count>& names, std::size_t letters)
    {
        for (std::size_t i = 0; i < Count; ++i) {
            const std::string_view begin = names[i].substr(0, letters);
            if (rest_.starts_with(begin)) {
                rest_.remove_prefix(begin.size());
                return i;
            }
        }
        good_ = false;
        return 0;
    }
    seconds time_of_day()
    {
        const int hour = number(2);
        skip(":");
        const int minute = number(2);
        skip(":");
        const int second = number(2);
        good_ = good_ && hour < 24 && minute < 60 && second <= 60; // there are leap seconds
        return hours(hour) + minutes(minute) + seconds(second);
    }
    month month_name() { return month(static_cast<unsigned>(name(month_names, short_name)) + 1); }

    std::optional<sys_seconds> finish(int year, month of_year, int day_of_month, seconds time)
    {
        const year_month_day date(std::chrono::year(year), of_year, day(static_cast<unsigned>(day_of_month)));
        if (!good_ || !rest_.empty() || !date.ok())
            return {};
        return sys_days(date) + time;
    }

private:
    std::string_view rest_;
    bool good_ = true;
};

/// "Sun, 06 Nov 1994 08:49:37 GMT"
std::optional<sys_seconds> parse_fixed(date_reader in)
{
    in.name(day_names, short_name);
    in.skip(", ");
    const int day = in.number(2);
    in.skip(" ");
    const month of_year = in.month_name();
    in.skip(" ");
    const int year = in.number(4);
    in.skip(" ");
    const seconds time = in.time_of_day();
    in.skip(" GMT");
    return in.finish(year, of_year, day, time);
}

/// "Sunday, 06-Nov-94 08:49:37 GMT"
std::optional<sys_seconds> parse_rfc850(date_reader in)
{
    in.name(day_names, std::string_view::npos);
    in.skip(", ");
    const int day = in.number(2);
    in.skip("-");
    const month of_year = in.month_name();
    in.skip("-");
    const int year = in.number(2);
    in.skip(" ");
    const seconds time = in.time_of_day();
    in.skip(" GMT");
    return in.finish(year < 70 ? year + 2000 : year + 1900, of_year, day, time);
}

/// "Sun Nov  6 08:49:37 1994"
std::optional<sys_seconds> parse_asctime(date_reader in)
{
    in.name(day_names, short_name);
    in.skip(" ");
    const month of_year = in.month_name();
    in.skip(" ");
    const bool one_digit = in.starts_with(" ");
    if (one_digit)
        in.skip(" ");
    const int day = in.number(one_digit ? 1 : 2);
    in.skip(" ");
    const seconds time = in.time_of_day();
    in.skip(" ");
    const int year = in.number(4);
    return in.finish(year, of_year, day, time);
}

} // namespace

std::string to_date(sys_seconds time)
{
    constexpr sys_seconds earliest = sys_days(year(0) / 1 / 1);
    constexpr sys_seconds latest = sys_days(year(10000) / 1 / 1) - seconds(1);
    time = std::clamp(time, earliest, latest);
    const auto midnight = floor<days>(time);
    const year_month_day date(midnight);
    const hh_mm_ss of_day(time - midnight);

    std::string text;
    text.reserve(29);
    text.append(day_names[weekday(midnight).c_encoding()].substr(0, short_name)).append(", ");
    append_number(text, static_cast<unsigned>(date.day()), 2);
    text.append(" ").append(month_names[static_cast<unsigned>(date.month()) - 1]).append(" ");
    append_number(text, static_cast<unsigned>(static_cast<int>(date.year())), 4);
    text += ' ';
    append_number(text, static_cast<unsigned>(of_day.hours().count()), 2);
    text += ':';
    append_number(text, static_cast<unsigned>(of_day.minutes().count()), 2);
    text += ':';
    append_number(text, static_cast<unsigned>(of_day.seconds().count()), 2);
    return text += " GMT";
}

std::optional<sys_seconds> parse_date(std::string_view text) noexcept
{
    const date_reader in(text);
    if (const auto fixed = parse_fixed(in))
        return fixed;
    if (const auto rfc850 = parse_rfc850(in))
        return rfc850;
    return parse_asctime(in);
}

std::optional<seconds> parse_retry_after(std::string_view text, sys_seconds now) noexcept
{
    if (!text.empty() && std::ranges::all_of(text, is_digit)) {
        constexpr std::uint32_t most = std::numeric_limits<std::int32_t>::max(); // 68 years
        std::uint32_t wait = 0;
        const bool fits = std::from_chars(text.data(), text.data() + text.size(), wait).ec == std::errc();
        return seconds(fits ? std::min(wait, most) : most);
    }
    const auto until = parse_date(text);
    if (!until)
        return {};
    return std::max(*until - now, seconds(0));
}

} // namespace simul::http
