// SPDX-License-Identifier: MIT
//
// udp: datagrams. Each arrives whole or not at all, perhaps twice, in any order.
//
//     auto socket = simul::udp::bind(simul::address::parse("127.0.0.1:9000"));
//     for (;;) {
//         simul::datagram got = co_await socket.receive();
//         co_await socket.send_to(got.data, got.from);
//     }
//
//     auto server = co_await simul::udp::connect("time.example", 123);    // talks with one peer only
//     co_await server.send(request);
//     simul::datagram answer = co_await simul::timeout(2s, server.receive());
#pragma once

#include <simul/base/bytes.hpp>
#include <simul/io/address.hpp>
#include <simul/task/task.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

namespace simul {

struct datagram {
    bytes data;
    address from;
};

/// What `receive_into` has put into its room.
struct received_datagram {
    std::size_t size = 0;   ///< bytes in the room
    std::size_t length = 0; ///< of the datagram: what the room had no place for is gone
    address from;

    bool truncated() const noexcept { return size < length; }
};

/// *Cancel:* a `receive` that is cancelled has taken nothing, a `send` has sent nothing. *Lifetime:* what is sent and
/// where is received to stay alive until it is done; the socket itself may be closed or destroyed meanwhile.
/// *Threads:* its loop's.
///
/// *Throws:* `error` with the system's code. What the network has to say about an earlier datagram of a connected
/// socket, such as `connection_refused`, comes with a later call, which then does nothing else; the socket stays
/// usable.
class datagram_socket {
public:
    datagram_socket() noexcept = default;
    datagram_socket(datagram_socket&&) noexcept = default;
    datagram_socket& operator=(datagram_socket&& other) noexcept
    {
        std::swap(state_, other.state_);
        return *this;
    }
    ~datagram_socket();

    /// The next datagram. Who waits when it is closed gets `closed_error`.
    task<datagram> receive();
    /// The same without an allocation.
    task<received_datagram> receive_into(std::span<char> room);

    task<> send_to(bytes_view data, address target);
    /// To the peer of a connected one.
    task<> send(bytes_view data);

    /// Where it is, with the port that it was given.
    address local() const;
    /// Whom it is connected to; `none` when it isn't.
    const address& peer() const;

    /// From now on it receives what is sent to this multicast group too. `interface` is a number, 0 leaves it to the
    /// system.
    void join(const address& group, std::uint32_t interface = 0);
    void leave(const address& group, std::uint32_t interface = 0);

    bool is_open() const noexcept;
    /// Twice does no harm.
    void close() noexcept;

    struct state;
    explicit datagram_socket(std::shared_ptr<state> made) noexcept : state_(std::move(made)) {}

private:
    state& open_state(const char* operation) const;

    std::shared_ptr<state> state_;
};

namespace udp {

struct options {
    bool broadcast = false;     ///< may send to broadcast addresses
    bool reuse_address = false; ///< several may bind to one multicast port
    bool reuse_port = false;    ///< several may bind to one port: the system spreads senders over them
    int hops = 0;               ///< how far a datagram goes (TTL); 0: the system's default
    int multicast_hops = 1;     ///< the same for multicast: no further than this network
    bool multicast_loop = true; ///< what is sent to a group is received here too
    int receive_buffer = 0;     ///< bytes that the system keeps; 0: its default. What doesn't fit is lost
    int send_buffer = 0;
};

/// To receive there, and to send from there. Port 0: a free one. `address::any` takes IPv4 too.
datagram_socket bind(const address& local, const options& how = {});

/// From anywhere, to `peer` only: gives `send`, and hears when nobody is there.
task<datagram_socket> connect(address peer, options how = {});
/// The host's first address.
task<datagram_socket> connect(std::string host, std::uint16_t port, options how = {});

} // namespace udp
} // namespace simul
