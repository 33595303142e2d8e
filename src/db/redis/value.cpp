// SPDX-License-Identifier: MIT
#include <simul/db/redis_value.hpp>

#include <charconv>
#include <system_error>

namespace simul::db {
namespace {

constexpr std::size_t longest_shown = 40;

template <class Number> bool parse_number(std::string_view text, Number& number) noexcept
{
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    return problem == std::errc() && end == text.data() + text.size();
}

std::string shortest(double number)
{
    char room[32];
    const auto written = std::to_chars(room, room + sizeof room, number);
    return {room, written.ptr};
}

} // namespace

const std::vector<redis_value>& redis_value::items() const noexcept
{
    static const std::vector<redis_value> none;
    const auto* const held = std::get_if<std::vector<redis_value>>(&held_);
    return held ? *held : none;
}

std::string redis_value::describe() const
{
    const auto shown = [&] {
        std::string all(text().substr(0, longest_shown));
        for (char& c : all)
            if (static_cast<unsigned char>(c) < ' ' || c == '\x7f')
                c = '?';
        return '"' + all + (text().size() > longest_shown ? "\"..." : "\"");
    };
    switch (kind_) {
    case kind::null:
        return "null";
    case kind::boolean:
        return std::get<bool>(held_) ? "true" : "false";
    case kind::integer:
        return "the integer " + std::to_string(std::get<std::int64_t>(held_));
    case kind::real:
        return "the number " + shortest(std::get<double>(held_));
    case kind::big_number:
        return "the number " + std::string(text().substr(0, longest_shown));
    case kind::status:
        return "the status " + shown();
    case kind::string:
        return "the string " + shown();
    case kind::error:
        return "the error " + shown();
    case kind::array:
    case kind::push:
        return "an array of " + std::to_string(items().size());
    case kind::set:
        return "a set of " + std::to_string(items().size());
    case kind::map:
        return "a map of " + std::to_string(items().size() / 2);
    }
    return {};
}

namespace detail {

void redis_reader::expected(std::string_view what, const redis_value& got) const
{
    std::string text = "redis";
    if (!operation.empty())
        text.append(" ").append(operation);
    throw error(std::errc::bad_message,
                text.append(": expected ").append(what).append(", got ").append(got.describe()));
}

void redis_reader::raise(redis_value&& error) const
{
    throw redis_error(operation.empty() ? "reply" : operation, std::get<std::string>(std::move(error.held_)));
}

bool redis_reader::read_bool(const redis_value& from) const
{
    if (const bool* const held = std::get_if<bool>(&from.held_))
        return *held;
    const auto* const number = std::get_if<std::int64_t>(&from.held_);
    if (!number || *number < 0 || *number > 1)
        expected("a boolean", from);
    return *number == 1;
}

std::int64_t redis_reader::read_integer(const redis_value& from) const
{
    std::int64_t number = 0;
    if (const auto* const held = std::get_if<std::int64_t>(&from.held_))
        return *held;
    if (!parse_number(from.text(), number))
        expected("an integer", from);
    return number;
}

std::uint64_t redis_reader::read_unsigned(const redis_value& from) const
{
    std::uint64_t number = 0;
    if (parse_number(from.text(), number)) // above the largest signed one, it is a string or a big number
        return number;
    const std::int64_t narrow = read_integer(from);
    if (narrow < 0)
        expected("an integer that fits", from);
    return static_cast<std::uint64_t>(narrow);
}

double redis_reader::read_real(const redis_value& from) const
{
    double number = 0;
    if (const auto* const held = std::get_if<double>(&from.held_))
        return *held;
    if (const auto* const held = std::get_if<std::int64_t>(&from.held_))
        return static_cast<double>(*held);
    if (!parse_number(from.text(), number))
        expected("a number", from);
    return number;
}

std::string redis_reader::read_string(redis_value&& from) const
{
    if (auto* const held = std::get_if<std::string>(&from.held_))
        return std::move(*held);
    if (const auto* const held = std::get_if<std::int64_t>(&from.held_))
        return std::to_string(*held);
    if (const auto* const held = std::get_if<double>(&from.held_))
        return shortest(*held);
    expected("a string", from);
}

std::vector<redis_value>& redis_reader::items_of(redis_value& from, std::string_view what) const
{
    auto* const held = std::get_if<std::vector<redis_value>>(&from.held_);
    if (!held)
        expected(what, from);
    return *held;
}

bool redis_reader::holds_pairs(const redis_value& from) noexcept
{
    return from.type() != kind::map && !from.items().empty() && from.items().front().type() == kind::array;
}

} // namespace detail
} // namespace simul::db
