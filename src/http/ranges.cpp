// SPDX-License-Identifier: MIT
#include "ranges.hpp"

#include "field_syntax.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

namespace simul::http::detail {

namespace {

/// Digits; what is too large is as large as can be.
std::optional<std::uint64_t> parse_position(std::string_view text) noexcept
{
    if (text.empty() || !std::ranges::all_of(text, is_digit))
        return {};
    std::uint64_t value = 0;
    const bool fits = std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc();
    return fits ? value : std::numeric_limits<std::uint64_t>::max();
}

/// One of `size` bytes that aren't none; of size 0 when there is nothing of it; none when `text` is no range.
std::optional<byte_range> parse_range(std::string_view text, std::uint64_t size) noexcept
{
    const std::size_t dash = text.find('-');
    if (dash == std::string_view::npos)
        return {};
    const std::string_view before = trimmed(text.substr(0, dash)), behind = trimmed(text.substr(dash + 1));
    const auto first = parse_position(before), last = parse_position(behind);
    if (before.empty() && last)
        return byte_range{size - std::min(*last, size), std::min(*last, size)};
    if (!first || (!last && !behind.empty()) || (last && *last < *first))
        return {};
    if (*first >= size)
        return byte_range{};
    return byte_range{*first, std::min(last.value_or(size), size - 1) - *first + 1};
}

} // namespace

std::optional<std::vector<byte_range>> ranges_of(std::string_view field, std::uint64_t size)
{
    constexpr std::string_view unit = "bytes=";
    if (size == 0 || !same_ignoring_case(field.substr(0, unit.size()), unit))
        return {};
    std::vector<byte_range> ranges;
    std::size_t seen = 0;
    std::uint64_t left = size;
    bool good = true;
    for_each_member(field.substr(unit.size()), [&](std::string_view each) {
        if (!good)
            return;
        const auto range = parse_range(each, size);
        good = range && range->size <= left && ++seen <= most_ranges;
        if (good && range->size > 0) {
            left -= range->size;
            ranges.push_back(*range);
        }
    });
    if (!good || seen == 0)
        return {};
    return ranges;
}

std::string content_range(const byte_range& part, std::uint64_t size)
{
    return "bytes " + std::to_string(part.first) + '-' + std::to_string(part.first + part.size - 1) + '/' +
           std::to_string(size);
}

std::string unsatisfied_range(std::uint64_t size)
{
    return "bytes */" + std::to_string(size);
}

byteranges::byteranges(std::string boundary, std::string type, std::vector<byte_range> ranges, std::uint64_t size)
    : boundary_(std::move(boundary)), type_(std::move(type)), ranges_(std::move(ranges)), size_(size)
{
}

std::uint64_t byteranges::content_length() const
{
    std::uint64_t length = end().size();
    for (std::size_t i = 0; i < ranges_.size(); ++i)
        length += head(i).size() + ranges_[i].size;
    return length;
}

std::string byteranges::head(std::size_t range) const
{
    std::string text = range == 0 ? "--" : "\r\n--";
    text.append(boundary_).append("\r\n");
    if (!type_.empty())
        text.append("Content-Type: ").append(type_).append("\r\n");
    return text.append("Content-Range: ").append(content_range(ranges_[range], size_)).append("\r\n\r\n");
}

} // namespace simul::http::detail
