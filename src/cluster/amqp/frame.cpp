// SPDX-License-Identifier: MIT
#include "frame.hpp"

#include <simul/base/error.hpp>

#include <algorithm>
#include <string>

namespace simul::cluster::amqp {
namespace {

/// A body of this size and more is copied once, into memory that fits.
constexpr std::size_t large = 4096;

void write_body_frame(bytes& to, std::uint16_t channel, bytes_view piece)
{
    writer out(to);
    out(static_cast<std::uint8_t>(frame_type::body), channel, long_string{piece});
    to += frame_end;
}

} // namespace

std::size_t begin_frame(bytes& to, frame_type type, std::uint16_t channel)
{
    writer out(to);
    out(static_cast<std::uint8_t>(type), channel, std::uint32_t{0});
    return to.size();
}

void end_frame(bytes& to, std::size_t payload, std::uint32_t frame_max)
{
    const std::size_t size = to.size() - payload;
    if (size > frame_max - frame_overhead)
        throw limit_exceeded("amqp: " + std::to_string(size) + " bytes of names and headers, and the broker takes " +
                             std::to_string(frame_max - frame_overhead));
    overwrite_size(to, payload - sizeof(std::uint32_t), size);
    to += frame_end;
}

void write_content(bytes& to, std::uint16_t channel, const properties& of, bytes_view body, std::uint32_t frame_max)
{
    const std::size_t most = frame_max - frame_overhead;
    const std::size_t payload = begin_frame(to, frame_type::header, channel);
    write(to, body.size(), of);
    end_frame(to, payload, frame_max);
    if (body.size() >= large)
        to.reserve(to.size() + body.size() + (body.size() / most + 1) * frame_overhead);
    for (; !body.empty(); body.remove_prefix(std::min(most, body.size())))
        write_body_frame(to, channel, body.substr(0, most));
}

void write_heartbeat(bytes& to)
{
    end_frame(to, begin_frame(to, frame_type::heartbeat, 0), least_frame_max);
}

} // namespace simul::cluster::amqp
