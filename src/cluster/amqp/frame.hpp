// SPDX-License-Identifier: MIT
//
// How methods and messages are written: in frames.
//
//     | type | channel | size    | payload ...    | 0xCE |
//     | 1    | 2       | 4 bytes | of that size   | 1    |
//
// A method is a frame. A message is a method, a header, and a body in as many frames as it takes, for no frame is
// larger than both sides have agreed on. What can't be written leaves no half of it behind.
#pragma once

#include "method.hpp"
#include "properties.hpp"
#include "wire.hpp"

#include <simul/base/bytes.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace simul::cluster::amqp {

enum class frame_type : std::uint8_t { method = 1, header = 2, body = 3, heartbeat = 8 };

inline constexpr std::size_t frame_head = 7;
inline constexpr std::size_t frame_overhead = frame_head + 1; ///< beside the payload
inline constexpr char frame_end = '\xce';
/// Both sides take frames of this size, whatever was agreed on.
inline constexpr std::uint32_t least_frame_max = 4096;

/// With which a client begins.
inline constexpr std::string_view protocol_header{"AMQP\0\0\x09\x01", 8};

/// Takes back what was written since, unless that was all.
class all_or_nothing {
public:
    explicit all_or_nothing(bytes& to) noexcept : to_(to), begin_(to.size()) {}
    all_or_nothing(const all_or_nothing&) = delete;
    all_or_nothing& operator=(const all_or_nothing&) = delete;
    ~all_or_nothing()
    {
        if (!all_)
            to_.resize(begin_);
    }
    void is_all() noexcept { all_ = true; }

private:
    bytes& to_;
    std::size_t begin_;
    bool all_ = false;
};

/// Where the payload begins.
std::size_t begin_frame(bytes& to, frame_type type, std::uint16_t channel);
/// *Throws:* `limit_exceeded` when the payload can't be in one frame.
void end_frame(bytes& to, std::size_t payload, std::uint32_t frame_max);

/// *Throws:* `error` for what can't be written; so does the next.
template <class Method>
void write_method(bytes& to, std::uint16_t channel, const Method& method, std::uint32_t frame_max = least_frame_max)
{
    all_or_nothing frames(to);
    const std::size_t payload = begin_frame(to, frame_type::method, channel);
    writer out(to);
    out(Method::id);
    Method::pass(method, out);
    end_frame(to, payload, frame_max);
    frames.is_all();
}

/// What follows a method that has a content.
void write_content(bytes& to, std::uint16_t channel, const properties& of, bytes_view body, std::uint32_t frame_max);

void write_heartbeat(bytes& to);

} // namespace simul::cluster::amqp
