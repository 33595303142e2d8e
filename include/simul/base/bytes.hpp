// SPDX-License-Identifier: MIT
//
// Bytes: what streams, files and messages carry. A std::string: it compares, prints and grows, and a literal is one.
//
//     co_await peer.write("PING\r\n");
//     simul::bytes answer = co_await peer.read_until("\r\n");
//     co_await simul::fs::write("samples.raw", simul::bytes_of(samples)); // a vector<float>
#pragma once

#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace simul {

/// Owned.
using bytes = std::string;
/// Borrowed: somebody else keeps them alive.
using bytes_view = std::string_view;

/// The memory of what lies in one piece and is no more than its bytes: a vector of numbers, an array of bytes, a span.
template <std::ranges::contiguous_range Range>
    requires std::ranges::sized_range<Range> && std::is_trivially_copyable_v<std::ranges::range_value_t<Range>>
bytes_view bytes_of(const Range& range) noexcept
{
    // Any object may be looked at as characters.
    return {reinterpret_cast<const char*>(std::ranges::data(range)),
            std::ranges::size(range) * sizeof(std::ranges::range_value_t<Range>)};
}

/// The same to write into: `co_await peer.read_exactly(simul::room_of(header))`.
template <std::ranges::contiguous_range Range>
    requires std::ranges::sized_range<Range> && std::is_trivially_copyable_v<std::ranges::range_value_t<Range>>
std::span<char> room_of(Range& range) noexcept
{
    return {reinterpret_cast<char*>(std::ranges::data(range)),
            std::ranges::size(range) * sizeof(std::ranges::range_value_t<Range>)};
}

} // namespace simul
