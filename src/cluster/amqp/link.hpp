// SPDX-License-Identifier: MIT
//
// One connection to a broker, logged in: frames go out as bytes, methods and messages come in. What belongs to which
// channel is known above.
#pragma once

#include "decoder.hpp"
#include "errors.hpp"
#include "method.hpp"
#include "settings.hpp"

#include <simul/base/bytes.hpp>
#include <simul/io/stream.hpp>
#include <simul/task/task.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace simul::cluster::amqp {

class link {
public:
    /// Connects and logs in, within `connect_timeout`. *Throws:* `refused` when the broker doesn't want us;
    /// `timeout_error`.
    static task<link> open(shared_settings to);

    /// What has come already, until `starved`. *Throws:* `protocol_error`.
    decoder::event next();
    /// From `next` until the next one.
    decoder& got() noexcept { return decoder_; }
    /// Waits for more to come. *Throws:* what broke the connection, or that it ended.
    task<> fetch();

    /// As `stream::write`, which waits while too much is on its way.
    task<> write(bytes_view frames);
    /// As `write`; waits until it is on its way, if the broker still reads.
    task<> write_at_last(bytes frames);
    stream& peer() noexcept { return peer_; }

    // What was agreed on.
    std::uint16_t channel_max() const noexcept { return channel_max_; }
    std::uint32_t frame_max() const noexcept { return frame_max_; }
    std::chrono::seconds heartbeat() const noexcept { return heartbeat_; } ///< 0: none

private:
    explicit link(shared_settings to);

    task<> reach();
    task<> log_in();
    task<connection_tune> answer_start();
    /// The next method, which is to be this one. *Throws:* `refused` when it says no.
    task<> expect(std::uint32_t method);
    template <class Method> Method read() const;
    table client_properties() const;

    shared_settings to_;
    stream peer_;
    decoder decoder_;
    std::size_t used_ = 0; ///< of what the stream holds, by the latest `next`
    std::uint16_t channel_max_ = 0;
    std::uint32_t frame_max_ = 0;
    std::chrono::seconds heartbeat_{};
};

/// What the broker says when it closes: "403 ACCESS_REFUSED - Login was refused ...".
template <class Close> std::string reason_of(const Close& said)
{
    return std::to_string(said.reply_code) + ' ' + std::string(said.reply_text);
}

} // namespace simul::cluster::amqp
