// SPDX-License-Identifier: MIT
//
// AMQP 0-9-1 from bytes to methods and messages, without a connection. It is given what has arrived, in any cut:
//
//     decoder from(limits);
//     for (;;) {
//         const auto [what, used] = from.next(peer.buffered());
//         if (what == decoder::event::method) ...from.channel(), from.method(), from.arguments()
//         if (what == decoder::event::message) ...from.channel(), from.message()
//         if (what == decoder::event::failed) ...from.reply_code(), from.why()
//         peer.consume(used);                                  // here, for arguments are views of the input
//         if (what == decoder::event::starved && !co_await peer.fetch()) ...the end
//     }
//
// What breaks the framing ends the connection. What is wrong inside a message doesn't, for then whoever puts one such
// message into a queue could keep its readers from ever getting another: it comes without what can't be had, and says
// so (`unreadable`). A body that is too large is read and dropped.
//
// Time is linear in the input whatever its cut, as frames are taken whole and bounded in size. Who announces much and
// sends little costs nothing.
#pragma once

#include "frame.hpp"
#include "method.hpp"
#include "properties.hpp"
#include "wire.hpp"

#include <simul/base/bytes.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace simul::cluster::amqp {

/// Why a connection is ended, as the peer is told.
enum class reply : std::uint16_t {
    success = 200,
    frame_error = 501,
    syntax_error = 502,
    command_invalid = 503,
    channel_error = 504,
    unexpected_frame = 505,
    not_implemented = 540,
};

struct limits {
    std::uint32_t frame_max = 131'072;
    std::size_t body = std::size_t{128} << 20; ///< of a message
    table_limits tables = {};
};

/// A message, with the method that brought it.
struct message {
    std::uint32_t method = 0; ///< basic_deliver::id or basic_return::id; basic_publish::id of what clients send
    std::string consumer_tag; ///< of a delivery, as the next two
    std::uint64_t delivery_tag = 0;
    bool redelivered = false;
    std::uint16_t reply_code = 0; ///< of a return, as the next
    std::string reply_text;
    std::string exchange;
    std::string routing_key;
    amqp::properties properties;
    bytes body;
    const char* unreadable = nullptr; ///< what is wrong with it, if something is
};

/// The fields of a method; false when these are others.
template <class Method> bool read_method(bytes_view arguments, Method& into)
{
    reader in(arguments);
    Method::pass(into, in);
    return !in.why() && in.rest().empty();
}

class decoder {
public:
    enum class event : std::uint8_t {
        starved, ///< needs more: what isn't used must come again, with more behind it
        method,
        message,
        heartbeat,
        failed,
    };
    struct found {
        event what;
        std::size_t used; ///< of the input; it need not come again
    };

    explicit decoder(const limits& within = {}) noexcept : limits_(within) {}

    /// Goes on to the next event. `input` begins where the last call's used part ended.
    found next(bytes_view input);

    std::uint16_t channel() const noexcept { return channel_; }
    /// From `event::method` on, until `next`.
    std::uint32_t method() const noexcept { return method_; }
    bytes_view arguments() const noexcept { return arguments_; }
    /// From `event::message` on, until `next`. It may be moved from.
    amqp::message& message() noexcept { return message_; }

    /// What is wrong: "a frame that doesn't end where it says".
    const char* why() const noexcept { return why_; }
    reply reply_code() const noexcept { return reply_; }

    void agree_on(std::uint32_t frame_max) noexcept { limits_.frame_max = frame_max; }

private:
    /// A message of which not everything has come.
    struct assembly {
        std::uint16_t channel;
        bool has_header = false;
        bool drops_body = false;
        std::uint64_t body_left = 0;
        amqp::message made = {};
    };

    /// Takes a frame off the input. False: starved, or failed.
    bool take_frame(bytes_view& input, frame_type& type, bytes_view& payload);
    /// False: it makes no event, or a failure.
    bool handle(frame_type type, bytes_view payload);
    bool handle_method(bytes_view payload);
    bool handle_header(bytes_view payload);
    bool handle_body(bytes_view payload);
    amqp::message* begin_message();
    bool begin_delivery();
    bool begin_return();
    bool begin_publication();
    bool complete_if_whole(assembly& of);
    assembly* under_way() noexcept;
    bool fail(reply code, const char* why) noexcept;

    limits limits_;
    std::vector<assembly> assemblies_; // one for most, for brokers don't mix the frames of messages
    event what_ = event::starved;
    std::uint16_t channel_ = 0;
    std::uint32_t method_ = 0;
    bytes_view arguments_;
    amqp::message message_;
    const char* why_ = nullptr;
    reply reply_ = reply::success;
};

} // namespace simul::cluster::amqp
