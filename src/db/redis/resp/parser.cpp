// SPDX-License-Identifier: MIT
#include "parser.hpp"

#include <simul/base/assert.hpp>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

namespace simul::db::resp {
namespace {

/// Room for so many items is made before they have come.
constexpr std::size_t most_reserved = 1024;
/// What is before the text of a verbatim string: "txt:".
constexpr std::size_t format_size = 4;

template <class Number> bool read_number(std::string_view text, Number& number) noexcept
{
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    return problem == std::errc() && end == text.data() + text.size();
}

bool is_big_number(std::string_view text) noexcept
{
    if (text.starts_with('-') || text.starts_with('+'))
        text.remove_prefix(1);
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

} // namespace

bool parser::fail(const char* why) noexcept
{
    why_ = why;
    return false;
}

found parser::next(bytes_view input)
{
    if (std::exchange(whole_, false)) {
        value_ = redis_value();
        bytes_left_ = limits_.bytes;
        values_left_ = std::max<std::size_t>(limits_.values, 1) - 1;
    }
    bytes_view rest = input;
    while (!why_ && !whole_)
        if (!(in_string_ ? take_string(rest) : take_line(rest)))
            break;
    const std::size_t used = input.size() - rest.size();
    return {why_ ? event::failed : whole_ ? event::value : event::starved, used};
}

bool parser::take_line(bytes_view& input)
{
    if (input.empty())
        return false;
    constexpr std::string_view types = "$+:*-_#,(%~>|!=";
    const char type = input.front();
    if (types.find(type) == std::string_view::npos)
        return fail("something that is not Redis's protocol");

    // Not a byte beyond the limit is looked at, so it makes no difference how much has arrived.
    const bytes_view within = input.substr(0, longest_line + 1);
    SIMUL_ASSERT(scanned_ <= within.size()); // the unused input came again
    const std::size_t end = within.find('\r', scanned_);
    if (end >= within.size() - 1) { // none, or without its LF
        scanned_ = std::min(end, within.size());
        return within.size() > longest_line && fail("a line that is too long");
    }
    scanned_ = 0;
    if (input[end + 1] != '\n')
        return fail("a line that ends in CR without LF");
    input.remove_prefix(end + 2);
    return read_line(type, within.substr(1, end - 1));
}

bool parser::read_line(char type, std::string_view line)
{
    switch (type) {
    case '+':
    case '-':
        if (line.find('\n') != std::string_view::npos)
            return fail("a line that ends in LF without CR");
        return complete(redis_value(type == '+' ? kind::status : kind::error, std::string(line)));
    case ':': {
        std::int64_t number = 0;
        if (!read_number(line.starts_with('+') ? line.substr(1) : line, number))
            return fail("an integer that is none");
        return complete(redis_value(number));
    }
    case '$':
        if (line == "-1")
            return complete(redis_value());
        [[fallthrough]];
    case '!':
    case '=':
        string_type_ = type;
        return begin_string(line);
    case '*':
        if (line == "-1")
            return complete(redis_value());
        return begin_aggregate(kind::array, line);
    case '~':
        return begin_aggregate(kind::set, line);
    case '%':
        return begin_aggregate(kind::map, line);
    case '|':
        return begin_aggregate(attribute, line);
    case '>':
        if (!open_.empty())
            return fail("a push inside another value");
        return begin_aggregate(kind::push, line);
    case '_':
        if (!line.empty())
            return fail("a null that is something");
        return complete(redis_value());
    case '#':
        if (line != "t" && line != "f")
            return fail("a boolean that is none");
        return complete(redis_value(line == "t"));
    case ',': {
        double number = 0;
        if (!read_number(line, number))
            return fail("a number that is none");
        return complete(redis_value(number));
    }
    default: // '('
        if (!is_big_number(line))
            return fail("a big number that is none");
        return complete(redis_value(kind::big_number, std::string(line)));
    }
}

bool parser::read_length(std::string_view text, std::size_t& length) noexcept
{
    if (text == "?")
        return fail("a streamed value, which is not supported");
    return read_number(text, length) || fail("a length that is no number");
}

bool parser::begin_string(std::string_view length)
{
    if (!read_length(length, string_left_))
        return false;
    if (string_left_ > bytes_left_)
        return fail("a reply of too many bytes");
    bytes_left_ -= string_left_;
    return in_string_ = true;
}

bool parser::take_string(bytes_view& input)
{
    const bytes_view piece = input.substr(0, string_left_);
    string_.append(piece);
    string_left_ -= piece.size();
    input.remove_prefix(piece.size());
    if (string_left_ > 0 || input.size() < 2)
        return false;
    if (!input.starts_with("\r\n"))
        return fail("a string that is longer than it says");
    input.remove_prefix(2);
    in_string_ = false;
    if (string_type_ == '=') {
        if (string_.size() < format_size || string_[format_size - 1] != ':')
            return fail("a string that doesn't say its format");
        string_.erase(0, format_size);
    }
    return complete(redis_value(string_type_ == '!' ? kind::error : kind::string, std::exchange(string_, {})));
}

bool parser::begin_aggregate(kind type, std::string_view size)
{
    std::size_t items = 0;
    if (!read_length(size, items))
        return false;
    const std::size_t values_each = type == kind::map || type == attribute ? 2 : 1;
    if (items > values_left_ / values_each)
        return fail("a reply of too many values");
    items *= values_each;
    values_left_ -= items;
    if (items == 0)
        return type == attribute || complete(redis_value(type, std::vector<redis_value>()));
    if (open_.size() >= limits_.depth)
        return fail("a reply that is nested too deeply");
    open_.push_back({type, items, {}});
    open_.back().items.reserve(std::min(items, most_reserved));
    return true;
}

bool parser::complete(redis_value made)
{
    while (!open_.empty()) {
        aggregate& in = open_.back();
        in.items.push_back(std::move(made));
        if (--in.missing > 0)
            return true;
        const kind type = in.type;
        std::vector<redis_value> items = std::move(in.items);
        open_.pop_back();
        if (type == attribute)
            return true; // of the value that comes now
        made = redis_value(type, std::move(items));
    }
    value_ = std::move(made);
    return whole_ = true;
}

} // namespace simul::db::resp
