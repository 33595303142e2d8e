// SPDX-License-Identifier: MIT
//
// tcp: connections over the network, as streams.
//
//     simul::stream peer = co_await simul::tcp::connect("example.org", 80);
//
//     auto door = simul::tcp::listen("127.0.0.1:8080");
//     co_await door.serve(answer);
//
// A host with several addresses is tried at all of them, IPv6 and IPv4 in turn, each a quarter of a second after the one
// before unless that has failed by then; the first to answer wins (RFC 8305, "happy eyeballs").
#pragma once

#include <simul/base/time.hpp>
#include <simul/io/address.hpp>
#include <simul/io/listener.hpp>
#include <simul/io/stream.hpp>
#include <simul/task/task.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace simul::tcp {

struct connect_options {
    address from;                                      ///< of this machine; family `none`: the system chooses
    duration stagger = std::chrono::milliseconds(250); ///< until the next address is tried beside the one before
    bool no_delay = true;                              ///< small writes go out at once (TCP_NODELAY)
    duration keep_alive = duration::zero();            ///< asks an idle peer so often whether it is there; 0: never
};

/// *Throws:* `dns::lookup_error`; `error` that names each address with what was wrong there.
task<stream> connect(std::string host, std::uint16_t port, connect_options options = {});
/// *Throws:* `error`: "connect to 127.0.0.1:80: Connection refused".
task<stream> connect(address to, connect_options options = {});

struct listen_options {
    int backlog = 1024;      ///< connections that may wait to be accepted
    bool share_port = false; ///< several listeners at one port, also of other processes: the system deals (SO_REUSEPORT)
    bool ipv6_only = false;  ///< `[::]` takes IPv4 connections, too, unless this is set
};

/// At once: who connects from now on waits to be accepted. Port 0: any free one, see `listener::local`.
/// *Throws:* `error`: "listen at 127.0.0.1:80: Address already in use".
listener listen(const address& at, listen_options options = {});
/// As `address::parse` reads it: "127.0.0.1:8080", "[::1]:0", "*:8080" for all addresses of this machine.
listener listen(std::string_view at, listen_options options = {});

} // namespace simul::tcp
