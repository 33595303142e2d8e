// SPDX-License-Identifier: MIT
#include "event_parser.hpp"

#include <simul/base/error.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <utility>

namespace simul::http::detail {

namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
constexpr std::int64_t longest_retry = 24 * 3600 * 1000; // ms: who says more means never

} // namespace

void event_parser::give(bytes_view piece)
{
    text_.erase(0, std::exchange(used_, 0));
    text_ += piece;
}

std::optional<server_event> event_parser::next()
{
    while (auto line = take_line()) {
        if (!std::exchange(begun_, true) && line->starts_with(byte_order_mark))
            line->remove_prefix(byte_order_mark.size());
        if (!line->empty())
            take_field(*line);
        else if (auto whole = take_event())
            return whole;
    }
    return std::nullopt;
}

/// Lines end with "\n", "\r" or "\r\n".
std::optional<std::string_view> event_parser::take_line()
{
    std::string_view rest = std::string_view(text_).substr(used_);
    if (after_cr_ && !rest.empty()) {
        after_cr_ = false;
        if (rest.front() == '\n') {
            rest.remove_prefix(1);
            ++used_;
        }
    }
    const std::size_t end = rest.find_first_of("\r\n");
    check(std::min(end, rest.size()));
    if (end == std::string_view::npos)
        return std::nullopt;
    after_cr_ = rest[end] == '\r';
    used_ += end + 1;
    return rest.substr(0, end);
}

void event_parser::check(std::size_t line) const
{
    if (line > limit_ || event_.data.size() > limit_ - line)
        throw limit_exceeded(where_ + ": an event of more than " + std::to_string(limit_) + " bytes");
}

/// "data: 7"; what has no colon is a name without a value, and what begins with one a comment.
void event_parser::take_field(std::string_view line)
{
    const std::size_t colon = std::min(line.find(':'), line.size());
    const std::string_view name = line.substr(0, colon);
    std::string_view value = line.substr(std::min(colon + 1, line.size()));
    if (value.starts_with(' '))
        value.remove_prefix(1);
    if (name == "data") {
        if (std::exchange(has_data_, true))
            event_.data += '\n';
        event_.data += value;
    } else if (name == "event") {
        event_.name = value;
    } else if (name == "id" && value.find('\0') == std::string_view::npos) {
        event_.id = value;
    } else if (name == "retry") {
        std::int64_t wait = 0;
        const auto [end, failure] = std::from_chars(value.data(), value.data() + value.size(), wait);
        if (failure == std::errc() && end == value.data() + value.size() && wait >= 0)
            event_.retry = std::chrono::milliseconds(std::min(wait, longest_retry));
    }
}

/// None, if it has no data.
std::optional<server_event> event_parser::take_event()
{
    if (!std::exchange(has_data_, false)) {
        event_.name.clear();
        return std::nullopt;
    }
    server_event whole = {.data = std::exchange(event_.data, {}),
                          .name = std::exchange(event_.name, {}),
                          .id = event_.id,
                          .retry = std::exchange(event_.retry, {})};
    return whole;
}

} // namespace simul::http::detail
