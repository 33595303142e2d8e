// SPDX-License-Identifier: MIT
//
// What is below a stream: something that bytes go into and come out of. Nothing here suspends; who has to wait does so at
// the descriptor at the bottom.
//
//     stream ── fd_transport                          TCP, Unix sockets, pipes
//     stream ── tls_transport ── fd_transport         the engine between them works on bytes alone
#pragma once

#include <simul/base/bytes.hpp>
#include <simul/base/time.hpp>
#include <simul/io/address.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace simul::detail {

class fd_transport;

class transport {
public:
    transport(const transport&) = delete;
    transport& operator=(const transport&) = delete;

    /// Moves what has arrived, as much as fits. 0: the end; none: nothing is there yet, wait for input at the bottom.
    /// *Throws:* what broke the connection, once everything that arrived before was read.
    virtual std::optional<std::size_t> try_read(std::span<char> room) = 0;

    /// Queues a copy; it goes out with whatever else this turn of the loop writes. *Throws:* what broke the connection.
    virtual void write(bytes_view data) = 0;
    /// Nothing more will be written: the peer sees the end when it has read what was queued.
    virtual void end_output() = 0;
    /// Says goodbye, where the protocol has such a thing, before the descriptor is closed.
    virtual void say_goodbye() {}
    /// How long `close` waits for the peer's goodbye; zero where there is none.
    virtual duration goodbye_timeout() const noexcept { return duration::zero(); }

    virtual fd_transport& bottom() noexcept = 0;

    /// For errors: "127.0.0.1:80".
    virtual std::string peer_text() const = 0;

    /// Its stream is gone: drops what is queued, and deletes itself when nobody writes to its memory any more.
    virtual void abandon() noexcept = 0;

protected:
    transport() = default;
    ~transport() = default;
};

struct abandon_transport {
    void operator()(transport* gone) const noexcept { gone->abandon(); }
};
using transport_ptr = std::unique_ptr<transport, abandon_transport>;

} // namespace simul::detail
