// SPDX-License-Identifier: MIT
#include "wall_clock.hpp"

#include <simul/base/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>

namespace simul::cluster::detail {

using namespace std::chrono;

namespace {

/// What is left of a time, taken apart from the left.
class time_reader {
public:
    explicit time_reader(std::string_view text) : text_(text), rest_(text) {}

    bool at_end() const noexcept { return rest_.empty(); }
    bool take(char c) noexcept
    {
        if (!rest_.starts_with(c))
            return false;
        rest_.remove_prefix(1);
        return true;
    }
    void skip(char c)
    {
        if (!take(c))
            refuse();
    }
    int number(std::size_t digits)
    {
        const std::string_view part = rest_.substr(0, digits);
        int value = 0;
        const auto [end, wrong] = std::from_chars(part.data(), part.data() + part.size(), value);
        if (part.size() != digits || part[0] == '-' || wrong != std::errc() || end != part.data() + digits)
            refuse();
        rest_.remove_prefix(digits);
        return value;
    }
    /// As many digits as there are; those beyond microseconds count nothing.
    microseconds fraction()
    {
        std::size_t digits = 0;
        microseconds::rep value = 0;
        for (; !rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9'; rest_.remove_prefix(1), ++digits)
            if (digits < 6)
                value = value * 10 + (rest_[0] - '0');
        if (digits == 0)
            refuse();
        for (; digits < 6; ++digits)
            value *= 10;
        return microseconds(value);
    }
    [[noreturn]] void refuse() const
    {
        throw error(std::errc::invalid_argument,
                    "no time: \"" + std::string(text_) + "\": it looks like 2026-11-21T01:57:46.956262+00:00");
    }

private:
    std::string_view text_, rest_;
};

minutes read_offset(time_reader& in)
{
    if (in.at_end() || in.take('Z'))
        return {};
    const int sign = in.take('-') ? -1 : (in.skip('+'), 1);
    const int hour = in.number(2);
    in.take(':');
    return sign * (hours(hour) + minutes(in.number(2)));
}

} // namespace

std::string write_time(wall_time time)
{
    const auto whole = floor<microseconds>(time);
    const auto date = floor<days>(whole);
    const year_month_day day(date);
    const hh_mm_ss clock(whole - date);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}", static_cast<int>(day.year()),
                       static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()), clock.hours().count(),
                       clock.minutes().count(), clock.seconds().count(), clock.subseconds().count());
}

std::string write_utc(wall_time time)
{
    return write_time(time) + "+00:00";
}

double seconds_of(wall_time time)
{
    return std::chrono::duration<double>(time.time_since_epoch()).count();
}

wall_time seconds_from_now(double seconds)
{
    constexpr double most = 1e9; // and no overflow
    return system_clock::now() + duration_cast<system_clock::duration>(std::chrono::duration<double>(
                                     std::clamp(std::isnan(seconds) ? 0 : seconds, -most, most)));
}

wall_time read_time(std::string_view text)
{
    time_reader in(text);
    const year y(in.number(4));
    in.skip('-');
    const month m(static_cast<unsigned>(in.number(2)));
    in.skip('-');
    const year_month_day date(y, m, day(static_cast<unsigned>(in.number(2))));
    if (!in.take(' '))
        in.skip('T');
    const int hour = in.number(2);
    in.skip(':');
    const int minute = in.number(2);
    int second = 0;
    microseconds fraction{};
    if (in.take(':')) {
        second = in.number(2);
        if (in.take('.'))
            fraction = in.fraction();
    }
    const minutes offset = read_offset(in);
    if (!in.at_end() || !date.ok() || hour > 23 || minute > 59 || second > 59)
        in.refuse();
    return sys_days(date) + hours(hour) + minutes(minute) + seconds(second) + fraction - offset;
}

} // namespace simul::cluster::detail
