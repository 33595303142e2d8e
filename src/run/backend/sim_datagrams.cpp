// SPDX-License-Identifier: MIT
#include "run/backend/sim_datagrams.hpp"

#include <poll.h>
#include <span>
#include <utility>

namespace simul::detail {
namespace {

constexpr std::size_t header_size = 28; ///< of IPv4's and UDP's

} // namespace

std::int32_t sim_datagram_socket::attempt(operation& op)
{
    iovec part{.iov_base = op.data, .iov_len = op.size};
    msghdr whole = {};
    whole.msg_iov = &part;
    whole.msg_iovlen = 1;
    switch (op.kind) {
    case operation_kind::connect:
        return connect(op);
    case operation_kind::send:
        return send(whole);
    case operation_kind::receive:
        return receive(whole, op.flags);
    case operation_kind::send_message:
        return send(*static_cast<const msghdr*>(op.data));
    case operation_kind::receive_message:
        return receive(*static_cast<msghdr*>(op.data), op.flags);
    default:
        return -EOPNOTSUPP;
    }
}

int sim_datagram_socket::readiness() const noexcept
{
    return POLLOUT | (!inbox_.empty() || problem_ != 0 ? POLLIN : 0) | (problem_ != 0 ? POLLERR : 0);
}

void sim_datagram_socket::close() noexcept
{
    if (name_)
        world_.datagrams.release(machine_, *name_);
}

int sim_datagram_socket::bind(const sockaddr* address, socklen_t size)
{
    const auto wanted = read_place(address, size);
    if (name_ || !wanted || address->sa_family != domain_)
        return -EINVAL;
    return bind_to(*wanted);
}

int sim_datagram_socket::bind_to(sim_place wanted)
{
    if (!world_.network.has_address(machine_, wanted.host))
        return -EADDRNOTAVAIL;
    const int problem = world_.datagrams.bind(machine_, wanted, weak_from_this());
    if (problem == 0)
        name_ = wanted;
    return problem;
}

int sim_datagram_socket::listen(int)
{
    return -EOPNOTSUPP;
}

std::int32_t sim_datagram_socket::connect(const operation& op)
{
    if (op.address->sa_family == AF_UNSPEC) {
        peer_.reset();
        return 0;
    }
    const auto target = read_place(op.address, op.address_length);
    if (!target || (domain_ == AF_INET && !is_ipv4(target->host)))
        return -EAFNOSUPPORT;
    const auto source = world_.network.source_for(machine_, target->host);
    if (!source)
        return -ENETUNREACH;
    if (!name_) {
        sim_place ours{*source};
        if (const int problem = world_.datagrams.bind(machine_, ours, weak_from_this()); problem < 0)
            return problem;
        name_ = ours;
    }
    peer_ = target;
    return 0;
}

std::int32_t sim_datagram_socket::send(const msghdr& what)
{
    if (problem_ != 0)
        return -std::exchange(problem_, 0);
    const auto target =
        what.msg_name ? read_place(static_cast<const sockaddr*>(what.msg_name), what.msg_namelen) : peer_;
    if (!target)
        return what.msg_name ? -EINVAL : -EDESTADDRREQ;
    if (domain_ == AF_INET && !is_ipv4(target->host))
        return -EAFNOSUPPORT;
    if (target->port == 0)
        return -EINVAL;

    std::string bytes;
    for (const iovec& part : std::span(what.msg_iov, what.msg_iovlen))
        bytes.append(static_cast<const char*>(part.iov_base), part.iov_len);
    if (bytes.size() > largest)
        return -EMSGSIZE;
    sim_network& network = world_.network;
    const auto source = network.source_for(machine_, target->host);
    if (!source)
        return -ENETUNREACH;
    if (!name_)
        if (const int problem = bind_to({any_of_family(domain_)}); problem < 0)
            return problem;

    const auto size = static_cast<std::int32_t>(bytes.size());
    const sim_place from{is_any(name_->host) ? *source : name_->host, name_->port};
    const int there = network.find(machine_, target->host);
    network.send_datagram(
        machine_, there, bytes.size() + header_size,
        [self = weak_from_this(), &world = world_, here = machine_, there, from, to = *target, bytes] {
            if (const auto receiver = world.datagrams.find(there, to))
                return receiver->arrive(from, bytes);
            world.network.send_datagram(there, here, header_size, [self, to] {
                if (const auto sender = self.lock())
                    sender->nobody_is_at(to);
            });
        });
    return size;
}

void sim_datagram_socket::nobody_is_at(const sim_place& target)
{
    if (peer_ != target)
        return;
    problem_ = ECONNREFUSED;
    world_.touch(shared_from_this());
}

void sim_datagram_socket::arrive(const sim_place& from, std::string bytes)
{
    const bool wanted = !peer_ || *peer_ == from;
    if (!wanted || queued_ + bytes.size() > buffer_capacity)
        return;
    queued_ += bytes.size();
    inbox_.push_back({from, std::move(bytes)});
    world_.touch(shared_from_this());
}

std::int32_t sim_datagram_socket::receive(msghdr& where, int flags)
{
    if (problem_ != 0)
        return -std::exchange(problem_, 0);
    if (inbox_.empty())
        return -EAGAIN;

    const datagram& first = inbox_.front();
    std::size_t copied = 0;
    for (const iovec& part : std::span(where.msg_iov, where.msg_iovlen))
        copied += first.bytes.copy(static_cast<char*>(part.iov_base), part.iov_len, copied);
    if (where.msg_name)
        write_place(first.from, domain_, where.msg_name, &where.msg_namelen);
    where.msg_flags = copied < first.bytes.size() ? MSG_TRUNC : 0;
    where.msg_controllen = 0;
    const std::size_t told = flags & MSG_TRUNC ? first.bytes.size() : copied;
    if ((flags & MSG_PEEK) == 0) {
        queued_ -= first.bytes.size();
        inbox_.pop_front();
    }
    return static_cast<std::int32_t>(told);
}

int sim_datagram_socket::shutdown(int)
{
    return peer_ ? 0 : -ENOTCONN;
}

int sim_datagram_socket::name(sockaddr* address, socklen_t* size) const noexcept
{
    return write_place(name_.value_or(sim_place{any_of_family(domain_)}), domain_, address, size);
}

int sim_datagram_socket::peer_name(sockaddr* address, socklen_t* size) const noexcept
{
    return peer_ ? write_place(*peer_, domain_, address, size) : -ENOTCONN;
}

void sim_datagram_socket::fail() noexcept
{
    close();
    name_.reset();
    inbox_.clear();
    queued_ = 0;
    problem_ = ENETDOWN;
    world_.touch(shared_from_this());
}

} // namespace simul::detail
