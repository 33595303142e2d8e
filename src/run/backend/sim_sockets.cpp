// SPDX-License-Identifier: MIT
#include "run/backend/sim_sockets.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cstring>
#include <netinet/in.h>
#include <poll.h>
#include <sys/un.h>

namespace simul::detail {
namespace {

std::string as_bytes(const void* data, std::size_t size)
{
    return {static_cast<const char*>(data), size};
}

template <class Address> Address as_address(const std::string& bytes) noexcept
{
    Address address{};
    std::memcpy(&address, bytes.data(), std::min(sizeof address, bytes.size()));
    return address;
}

int family_of(const std::string& name) noexcept
{
    return as_address<sockaddr>(name).sa_family;
}

/// sin_port and sin6_port are at the same place.
std::uint16_t port_of(const std::string& name) noexcept
{
    return ntohs(as_address<sockaddr_in>(name).sin_port);
}

void set_port(std::string& name, std::uint16_t port) noexcept
{
    const std::uint16_t in_network_order = htons(port);
    std::memcpy(name.data() + offsetof(sockaddr_in, sin_port), &in_network_order, sizeof in_network_order);
}

/// Equal for names that mean the same place. `any`: as if bound to all of the machine's addresses.
std::string address_key(const std::string& name, bool any = false)
{
    const std::string port = std::to_string(port_of(name));
    switch (family_of(name)) {
    case AF_INET: {
        const in_addr address = any ? in_addr{} : as_address<sockaddr_in>(name).sin_addr;
        return "4/" + port + "/" + as_bytes(&address, sizeof address);
    }
    case AF_INET6: {
        const in6_addr address = any ? in6addr_any : as_address<sockaddr_in6>(name).sin6_addr;
        return "6/" + port + "/" + as_bytes(&address, sizeof address);
    }
    default: {
        std::string path = name.substr(offsetof(sockaddr_un, sun_path));
        if (!path.empty() && path.front() != '\0') // a path ends at its first zero, an abstract name does not
            path.resize(std::min(path.size(), path.find('\0')));
        return "u/" + path;
    }
    }
}

int copy_out(const std::string& name, int domain, sockaddr* address, socklen_t* size) noexcept
{
    const auto family = static_cast<sa_family_t>(domain);
    const std::string bytes = name.empty() ? as_bytes(&family, sizeof family) : name;
    std::memcpy(address, bytes.data(), std::min<std::size_t>(*size, bytes.size()));
    *size = static_cast<socklen_t>(bytes.size());
    return 0;
}

} // namespace

void sim_socket::join(sim_socket& one, sim_socket& other)
{
    one.role_ = other.role_ = role::stream;
    one.peer_ = other.weak_from_this();
    other.peer_ = one.weak_from_this();
    one.peer_name_ = other.name_;
    other.peer_name_ = one.name_;
}

std::int32_t sim_socket::attempt(operation& op)
{
    switch (op.kind) {
    case operation_kind::accept:
        return accept(op);
    case operation_kind::connect:
        return connect(op);
    case operation_kind::read:
        return op.offset >= 0 ? -ESPIPE : receive(op);
    case operation_kind::write:
        return op.offset >= 0 ? -ESPIPE : send(op);
    case operation_kind::receive:
        return receive(op);
    case operation_kind::send:
        return send(op);
    default:
        return -EOPNOTSUPP;
    }
}

int sim_socket::readiness() const noexcept
{
    if (role_ == role::listener)
        return accepted_.empty() ? 0 : POLLIN;
    if (role_ == role::fresh)
        return POLLOUT | POLLHUP;
    int ready = 0;
    if (inbox_read_ < inbox_.size() || inbox_ended_)
        ready |= POLLIN;
    if (inbox_ended_)
        ready |= POLLRDHUP;
    if (inbox_ended_ && send_is_over())
        ready |= POLLHUP;
    const std::shared_ptr<sim_socket> peer = peer_.lock();
    if (send_is_over() || peer->inbox_.size() - peer->inbox_read_ < buffer_capacity)
        ready |= POLLOUT;
    return ready;
}

void sim_socket::close() noexcept
{
    if (!name_.empty()) {
        const auto found = world_.bound.find(address_key(name_));
        if (found != world_.bound.end() && found->second.lock().get() == this)
            world_.bound.erase(found);
    }
    for (const auto& never_fetched : std::exchange(accepted_, {})) {
        never_fetched->reset_ = true;
        never_fetched->inbox_ = "?"; // so that its peer is reset, as by a listener that goes away
        never_fetched->inbox_read_ = 0;
        never_fetched->close();
    }
    for (const auto& waiting_connector : std::exchange(knocking_, {}))
        if (auto connector = waiting_connector.lock())
            world_.touch(std::move(connector));
    if (const std::shared_ptr<sim_socket> peer = peer_.lock()) {
        peer->inbox_ended_ = true;
        peer->reset_ = inbox_read_ < inbox_.size();
        peer->peer_.reset();
        world_.touch(peer);
    }
    peer_.reset();
}

int sim_socket::bind(const sockaddr* address, socklen_t size)
{
    if (!name_.empty() || address->sa_family != domain_)
        return -EINVAL;
    std::string wanted = as_bytes(address, size);
    if (domain_ != AF_UNIX && port_of(wanted) == 0) {
        name_ = std::move(wanted);
        return bind_to_free_port();
    }
    if (world_.bound.contains(address_key(wanted)) ||
        (domain_ != AF_UNIX && world_.bound.contains(address_key(wanted, true))))
        return -EADDRINUSE;
    name_ = std::move(wanted);
    world_.bound[address_key(name_)] = weak_from_this();
    return 0;
}

int sim_socket::bind_to_free_port()
{
    for (int tried = 0; tried < 16384; ++tried) {
        world_.last_port = world_.last_port == 65535 ? 49152 : static_cast<std::uint16_t>(world_.last_port + 1);
        set_port(name_, world_.last_port);
        if (world_.bound.contains(address_key(name_)) || world_.bound.contains(address_key(name_, true)))
            continue;
        world_.bound[address_key(name_)] = weak_from_this();
        return 0;
    }
    name_.clear();
    return -EADDRINUSE;
}

int sim_socket::listen(int backlog)
{
    if (role_ == role::stream)
        return -EINVAL;
    if (name_.empty())
        return -EDESTADDRREQ;
    role_ = role::listener;
    backlog_ = static_cast<std::size_t>(std::max(backlog, 1));
    return 0;
}

std::int32_t sim_socket::connect(const operation& op)
{
    if (role_ != role::fresh)
        return role_ == role::stream ? -EISCONN : -EINVAL;
    if (op.address->sa_family != domain_)
        return -EAFNOSUPPORT;
    const std::string wanted = as_bytes(op.address, op.address_length);
    auto found = world_.bound.find(address_key(wanted));
    if (found == world_.bound.end() && domain_ != AF_UNIX)
        found = world_.bound.find(address_key(wanted, true));
    if (found == world_.bound.end())
        return domain_ == AF_UNIX ? -ENOENT : -ECONNREFUSED;
    const std::shared_ptr<sim_socket> listener = found->second.lock();
    if (!listener || listener->role_ != role::listener)
        return -ECONNREFUSED;
    if (listener->accepted_.size() >= listener->backlog_) {
        listener->knocking_.push_back(weak_from_this());
        return -EAGAIN;
    }
    if (name_.empty() && domain_ != AF_UNIX) {
        name_ = wanted; // the network is one machine: we are where the listener is
        if (const int problem = bind_to_free_port(); problem < 0)
            return problem;
    }
    auto other = std::make_shared<sim_socket>(world_, domain_);
    other->name_ = domain_ == AF_UNIX ? listener->name_ : wanted;
    join(*this, *other);
    listener->accepted_.push_back(std::move(other));
    world_.touch(listener);
    return 0;
}

std::int32_t sim_socket::accept(operation& op)
{
    if (role_ != role::listener)
        return -EINVAL;
    if (accepted_.empty())
        return -EAGAIN;
    const std::shared_ptr<sim_socket> socket = std::move(accepted_.front());
    accepted_.pop_front();
    if (op.address)
        copy_out(socket->peer_name_, domain_, op.address, op.address_size);
    for (const auto& waiting_connector : std::exchange(knocking_, {}))
        if (auto connector = waiting_connector.lock())
            world_.touch(std::move(connector));
    return world_.insert(socket);
}

std::int32_t sim_socket::receive(operation& op)
{
    if (role_ != role::stream)
        return -ENOTCONN;
    if (inbox_read_ == inbox_.size()) {
        if (std::exchange(reset_, false))
            return -ECONNRESET;
        return inbox_ended_ || op.size == 0 ? 0 : -EAGAIN;
    }
    const std::size_t count = inbox_.copy(static_cast<char*>(op.data), op.size, inbox_read_);
    if (op.kind == operation_kind::receive && (op.flags & MSG_PEEK))
        return static_cast<std::int32_t>(count);
    inbox_read_ += count;
    if (inbox_read_ == inbox_.size() || inbox_read_ >= buffer_capacity) {
        inbox_.erase(0, inbox_read_);
        inbox_read_ = 0;
    }
    if (auto peer = peer_.lock())
        world_.touch(std::move(peer)); // it has room again
    return static_cast<std::int32_t>(count);
}

bool sim_socket::send_is_over() const noexcept
{
    return sending_over_ || peer_.expired();
}

std::int32_t sim_socket::send(operation& op)
{
    if (role_ != role::stream)
        return -ENOTCONN;
    if (send_is_over())
        return -EPIPE;
    std::shared_ptr<sim_socket> peer = peer_.lock();
    if (peer->inbox_ended_) // it reads no more
        return -EPIPE;
    const std::size_t room = buffer_capacity - (peer->inbox_.size() - peer->inbox_read_);
    if (room == 0 && op.size > 0)
        return -EAGAIN;
    const std::size_t count = std::min(room, op.size);
    peer->inbox_.append(static_cast<const char*>(op.data), count);
    world_.touch(std::move(peer));
    return static_cast<std::int32_t>(count);
}

int sim_socket::shutdown(int how)
{
    if (role_ != role::stream)
        return -ENOTCONN;
    const std::shared_ptr<sim_socket> peer = peer_.lock();
    if (how != SHUT_RD) {
        sending_over_ = true;
        if (peer)
            peer->inbox_ended_ = true;
    }
    if (how != SHUT_WR)
        inbox_ended_ = true;
    world_.touch(shared_from_this());
    if (peer)
        world_.touch(peer);
    return 0;
}

int sim_socket::name(sockaddr* address, socklen_t* size) const noexcept
{
    return copy_out(name_, domain_, address, size);
}

int sim_socket::peer_name(sockaddr* address, socklen_t* size) const noexcept
{
    return role_ == role::stream ? copy_out(peer_name_, domain_, address, size) : -ENOTCONN;
}

} // namespace simul::detail
