// SPDX-License-Identifier: MIT
//
// Parts of a representation, asked for and sent (RFC 9110, 14).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace simul::http::detail {

struct byte_range {
    std::uint64_t first = 0, size = 0;

    friend bool operator==(const byte_range&, const byte_range&) = default;
};

inline constexpr std::size_t most_ranges = 10;

/// Those that a Range asks for of `size` bytes, in its order. Empty: there is nothing of what it asks for, which is a
/// 416. None: all is sent, as if there were no such field. That is the answer to one that nobody understands, to more
/// than `most_ranges`, to those that make more than the whole, and where the whole is empty.
std::optional<std::vector<byte_range>> ranges_of(std::string_view field, std::uint64_t size);

/// Of a 206: "bytes 0-4/10".
std::string content_range(const byte_range& part, std::uint64_t size);
/// Of a 416: "bytes */10".
std::string unsatisfied_range(std::uint64_t size);

/// Several ranges in one body, of type "multipart/byteranges; boundary=...": `head(i)`, the bytes of range i, and so
/// on, `end()`.
class byteranges {
public:
    /// `type` is that of the whole. The boundary has to be one that nobody can guess.
    byteranges(std::string boundary, std::string type, std::vector<byte_range> ranges, std::uint64_t size);

    std::string content_type() const { return "multipart/byteranges; boundary=" + boundary_; }
    /// Of all of it.
    std::uint64_t content_length() const;
    const std::vector<byte_range>& ranges() const noexcept { return ranges_; }
    std::string head(std::size_t range) const;
    std::string end() const { return "\r\n--" + boundary_ + "--\r\n"; }

private:
    std::string boundary_, type_;
    std::vector<byte_range> ranges_;
    std::uint64_t size_;
};

} // namespace simul::http::detail
