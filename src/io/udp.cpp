// SPDX-License-Identifier: MIT
#include "performed.hpp"
#include "run/loop_parts.hpp"
#include "socket_name.hpp"

#include <simul/base/error.hpp>
#include <simul/io/dns.hpp>
#include <simul/io/udp.hpp>

#include <algorithm>
#include <memory>
#include <netinet/in.h>
#include <optional>
#include <sys/socket.h>
#include <vector>

namespace simul {
namespace {

constexpr std::size_t largest_datagram = 65535;

} // namespace

/// Kept by the handle and by all who wait at it; the last one closes the descriptor.
struct datagram_socket::state final : detail::loop_resource {
    explicit state(int made) : loop_resource(loop::current()), io(*home()->internals().io), fd(made) {}
    ~state() { close_descriptor(); }

    /// Ends what waits here.
    void close() noexcept
    {
        closed = true;
        for (detail::operation* each : in_flight)
            io.cancel(*each);
    }
    void loop_closes() noexcept override
    {
        closed = true;
        close_descriptor();
    }
    void close_descriptor() noexcept
    {
        if (fd >= 0)
            io.close_now(std::exchange(fd, -1));
    }

    detail::backend& io;
    int fd;
    bool closed = false;
    address peer;
    std::vector<detail::operation*> in_flight;
    std::unique_ptr<char[]> room; ///< for the next `receive`; null while one has it
};

namespace {

using state = datagram_socket::state;

/// While it exists, closing the socket ends the operation.
class ends_with_socket {
public:
    ends_with_socket(state& of, detail::operation& op) : of_(of), op_(op) { of_.in_flight.push_back(&op_); }
    ~ends_with_socket() { std::erase(of_.in_flight, &op_); }
    ends_with_socket(const ends_with_socket&) = delete;

private:
    state& of_;
    detail::operation& op_;
};

void check(int result, const std::string& what)
{
    if (result < 0)
        throw error::from_errno(-result, what);
}

/// A message with one part, and all that it points to: stays where it is made.
class message {
public:
    message(char* data, std::size_t size) noexcept : part_{.iov_base = data, .iov_len = size}
    {
        header_.msg_iov = &part_;
        header_.msg_iovlen = 1;
    }
    message(const message&) = delete;

    void to(const address& target) noexcept
    {
        header_.msg_name = const_cast<sockaddr*>(target.data()); // never written to
        header_.msg_namelen = target.size();
    }
    void from_anywhere() noexcept
    {
        header_.msg_name = &peer_;
        header_.msg_namelen = sizeof peer_;
    }
    address from() const
    {
        return address::from_native(reinterpret_cast<const sockaddr*>(&peer_), header_.msg_namelen);
    }

    detail::operation operation(detail::operation_kind kind, int fd, int flags = 0) noexcept
    {
        detail::operation wanted;
        wanted.kind = kind;
        wanted.fd = fd;
        wanted.flags = flags;
        wanted.data = &header_;
        return wanted;
    }

private:
    sockaddr_storage peer_ = {};
    iovec part_;
    msghdr header_ = {};
};

std::string named(const char* operation, const address& peer)
{
    return std::string(operation) + (peer.family() == address_family::none ? "" : " " + peer.text());
}

/// *Throws:* `closed_error` when the socket is closed first.
task<std::int32_t> wait_for(state& at, detail::performed& started, const char* what)
{
    if (at.closed)
        throw closed_error(std::string(what) + ": the socket is closed");
    const ends_with_socket scope(at, started);
    const std::int32_t result = co_await started;
    if (result == -ECANCELED && at.closed)
        throw closed_error(std::string(what) + ": the socket was closed");
    co_return result;
}

task<received_datagram> receive_message(std::shared_ptr<state> at, char* room, std::size_t size)
{
    message got(room, size);
    got.from_anywhere();
    detail::performed next(got.operation(detail::operation_kind::receive_message, at->fd, MSG_TRUNC));
    const std::int32_t length = co_await wait_for(*at, next, "receive");
    check(length, named("receive from", at->peer));
    const auto whole = static_cast<std::size_t>(length);
    co_return received_datagram{.size = std::min(whole, size), .length = whole, .from = got.from()};
}

task<datagram> receive_copy(std::shared_ptr<state> at)
{
    // The room is kept for the next one; who waits beside has one of his own.
    std::unique_ptr<char[]> room = std::move(at->room);
    if (!room)
        room = std::make_unique_for_overwrite<char[]>(largest_datagram);
    const received_datagram got = co_await receive_message(at, room.get(), largest_datagram);
    datagram copy{bytes(room.get(), got.size), got.from};
    at->room = std::move(room);
    co_return copy;
}

task<> send_message(std::shared_ptr<state> at, bytes_view data, std::optional<address> target)
{
    message sent(const_cast<char*>(data.data()), data.size()); // never written to
    if (target)
        sent.to(*target);
    detail::performed next(sent.operation(detail::operation_kind::send_message, at->fd));
    const std::int32_t result = co_await wait_for(*at, next, "send");
    check(result, named("send to", target ? *target : at->peer));
}

/// A socket's option, to be set before it is used.
void set(detail::backend& io, int fd, int level, int name, int value, const char* what)
{
    check(io.set_socket_option(fd, level, name, &value, sizeof value), std::string("udp: ") + what);
}

void apply(detail::backend& io, int fd, bool ipv6, const udp::options& how)
{
    const int level = ipv6 ? IPPROTO_IPV6 : IPPROTO_IP;
    if (ipv6)
        set(io, fd, IPPROTO_IPV6, IPV6_V6ONLY, 0, "IPv4 beside IPv6");
    if (how.broadcast)
        set(io, fd, SOL_SOCKET, SO_BROADCAST, 1, "broadcast");
    if (how.reuse_address)
        set(io, fd, SOL_SOCKET, SO_REUSEADDR, 1, "reuse_address");
    if (how.reuse_port)
        set(io, fd, SOL_SOCKET, SO_REUSEPORT, 1, "reuse_port");
    if (how.hops != 0)
        set(io, fd, level, ipv6 ? IPV6_UNICAST_HOPS : IP_TTL, how.hops, "hops");
    if (how.multicast_hops != 1)
        set(io, fd, level, ipv6 ? IPV6_MULTICAST_HOPS : IP_MULTICAST_TTL, how.multicast_hops, "multicast_hops");
    if (!how.multicast_loop)
        set(io, fd, level, ipv6 ? IPV6_MULTICAST_LOOP : IP_MULTICAST_LOOP, 0, "multicast_loop");
    if (how.receive_buffer != 0)
        set(io, fd, SOL_SOCKET, SO_RCVBUF, how.receive_buffer, "receive_buffer");
    if (how.send_buffer != 0)
        set(io, fd, SOL_SOCKET, SO_SNDBUF, how.send_buffer, "send_buffer");
}

std::shared_ptr<state> make_socket(detail::backend& io, const address& of, const udp::options& how,
                                   const std::string& what)
{
    if (!of.is_ip())
        throw error(std::errc::address_family_not_supported, what + ": it is no IP address");
    const bool ipv6 = of.family() == address_family::ipv6;
    const int fd = io.make_socket(ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);
    check(fd, what);
    auto made = std::make_shared<state>(fd);
    apply(io, fd, ipv6, how);
    return made;
}

/// Joins a group or leaves it.
void change_membership(detail::backend& io, int fd, const address& group, std::uint32_t interface, bool joins)
{
    const std::string what = (joins ? "join " : "leave ") + group.text();
    if (group.family() == address_family::ipv4) {
        ip_mreqn request = {};
        request.imr_multiaddr = reinterpret_cast<const sockaddr_in*>(group.data())->sin_addr;
        request.imr_ifindex = static_cast<int>(interface);
        check(io.set_socket_option(fd, IPPROTO_IP, joins ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP, &request,
                                   sizeof request),
              what);
    } else if (group.family() == address_family::ipv6) {
        ipv6_mreq request = {};
        request.ipv6mr_multiaddr = reinterpret_cast<const sockaddr_in6*>(group.data())->sin6_addr;
        request.ipv6mr_interface = interface;
        check(io.set_socket_option(fd, IPPROTO_IPV6, joins ? IPV6_ADD_MEMBERSHIP : IPV6_DROP_MEMBERSHIP, &request,
                                   sizeof request),
              what);
    } else {
        throw error(std::errc::invalid_argument, what + ": it is no IP address");
    }
}

} // namespace

datagram_socket::~datagram_socket()
{
    close();
}

datagram_socket::state& datagram_socket::open_state(const char* operation) const
{
    if (!is_open())
        throw closed_error(std::string(operation) + ": the socket is closed");
    if (executor::current() != state_->home())
        throw invalid_state(std::string(operation) + ": this socket belongs to another loop");
    return *state_;
}

task<datagram> datagram_socket::receive()
{
    open_state("receive");
    return receive_copy(state_);
}

task<received_datagram> datagram_socket::receive_into(std::span<char> room)
{
    open_state("receive");
    return receive_message(state_, room.data(), room.size());
}

task<> datagram_socket::send_to(bytes_view data, address target)
{
    open_state("send");
    return send_message(state_, data, target);
}

task<> datagram_socket::send(bytes_view data)
{
    if (open_state("send").peer.family() == address_family::none)
        throw invalid_state("send: the socket is not connected: say whom to send_to");
    return send_message(state_, data, std::nullopt);
}

address datagram_socket::local() const
{
    const state& at = open_state("local");
    return detail::socket_name(at.io, at.fd);
}

const address& datagram_socket::peer() const
{
    return open_state("peer").peer;
}

void datagram_socket::join(const address& group, std::uint32_t interface)
{
    const state& at = open_state("join");
    change_membership(at.io, at.fd, group, interface, true);
}

void datagram_socket::leave(const address& group, std::uint32_t interface)
{
    const state& at = open_state("leave");
    change_membership(at.io, at.fd, group, interface, false);
}

bool datagram_socket::is_open() const noexcept
{
    return state_ && !state_->closed;
}

void datagram_socket::close() noexcept
{
    if (const auto closed = std::exchange(state_, nullptr))
        closed->close();
}

datagram_socket udp::bind(const address& local, const options& how)
{
    const std::string what = "bind udp " + local.text();
    detail::backend& io = detail::backend_here("udp::bind");
    std::shared_ptr<state> made;
    address where = local;
    try {
        made = make_socket(io, where, how, what);
    } catch (const error& refused) {
        const bool no_ipv6 = refused.code() == std::errc::address_family_not_supported;
        if (!no_ipv6 || local != address::any(local.port()))
            throw;
        where = address::ip("0.0.0.0", local.port());
        made = make_socket(io, where, how, what);
    }
    check(io.bind_socket(made->fd, where.data(), where.size()), what);
    return datagram_socket(std::move(made));
}

task<datagram_socket> udp::connect(address peer, options how)
{
    const std::string what = "connect udp " + peer.text();
    const auto made = make_socket(detail::backend_here("udp::connect"), peer, how, what);
    detail::operation wanted;
    wanted.kind = detail::operation_kind::connect;
    wanted.fd = made->fd;
    wanted.address = const_cast<sockaddr*>(peer.data()); // never written to
    wanted.address_length = peer.size();
    check(co_await detail::performed(wanted), what);
    made->peer = peer;
    co_return datagram_socket(made);
}

task<datagram_socket> udp::connect(std::string host, std::uint16_t port, options how)
{
    const auto found = co_await dns::resolve(std::move(host), port);
    co_return co_await connect(found.front(), how);
}

} // namespace simul
