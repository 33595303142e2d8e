// SPDX-License-Identifier: MIT
#include "run/backend/sim_sockets.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <poll.h>
#include <sys/un.h>
#include <utility>

namespace simul::detail {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t header_size = 40; ///< of a segment without bytes

/// Linux asks again after 1, 2, 4... s, six times.
constexpr duration patience = 127s;

/// What a Unix socket is found by.
std::string key_of_path(const std::string& name)
{
    std::string path = name.substr(std::min(name.size(), offsetof(sockaddr_un, sun_path)));
    if (!path.empty() && path.front() != '\0') // a path ends at its first zero, an abstract name does not
        path.resize(std::min(path.size(), path.find('\0')));
    return path;
}

int write_path(const std::string& name, sockaddr* address, socklen_t* size) noexcept
{
    const sa_family_t unnamed = AF_UNIX;
    const auto full = static_cast<socklen_t>(name.empty() ? sizeof unnamed : name.size());
    std::memcpy(address, name.empty() ? static_cast<const void*>(&unnamed) : name.data(), std::min(*size, full));
    *size = full;
    return 0;
}

} // namespace

template <class Fn> void sim_socket::tell_peer(std::size_t size, Fn arrived, sim_network::when_lost what)
{
    const auto arrive = [to = peer_, arrived] {
        if (const auto peer = to.lock())
            arrived(*peer);
    };
    if (is_immediate())
        arrive();
    else
        world_.network.send(out_, size, arrive, what);
}

void sim_socket::join(sim_socket& one, sim_socket& other)
{
    one.role_ = other.role_ = role::stream;
    one.peer_ = other.weak_from_this();
    other.peer_ = one.weak_from_this();
    one.peer_path_ = other.path_;
    other.peer_path_ = one.path_;
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
    switch (role_) {
    case role::listener:
        return accepted_.empty() ? 0 : POLLIN;
    case role::connecting:
        return 0;
    case role::fresh:
        return POLLOUT | POLLHUP;
    case role::stream:
        break;
    }
    int ready = 0;
    if (unread() > 0 || inbox_ended_)
        ready |= POLLIN;
    if (inbox_ended_)
        ready |= POLLRDHUP;
    if (inbox_ended_ && send_is_over())
        ready |= POLLHUP;
    if (send_is_over() || room() > 0)
        ready |= POLLOUT;
    return ready;
}

// ---- names

int sim_socket::bind(const sockaddr* address, socklen_t size)
{
    if (place_ || !path_.empty() || address->sa_family != domain_)
        return -EINVAL;
    if (domain_ == AF_UNIX) {
        std::string wanted(reinterpret_cast<const char*>(address), size);
        if (!world_.paths.try_emplace({machine_, key_of_path(wanted)}, weak_from_this()).second)
            return -EADDRINUSE;
        path_ = std::move(wanted);
        return 0;
    }
    auto wanted = read_place(address, size);
    if (!wanted)
        return -EINVAL;
    if (!world_.network.has_address(machine_, wanted->host))
        return -EADDRNOTAVAIL;
    if (const int problem = world_.streams.bind(machine_, *wanted, weak_from_this()); problem < 0)
        return problem;
    place_ = bound_ = wanted;
    return 0;
}

void sim_socket::unbind() noexcept
{
    if (bound_)
        world_.streams.release(machine_, *std::exchange(bound_, std::nullopt));
    const auto found = path_.empty() ? world_.paths.end() : world_.paths.find({machine_, key_of_path(path_)});
    if (found != world_.paths.end() && found->second.lock().get() == this)
        world_.paths.erase(found);
}

int sim_socket::name(sockaddr* address, socklen_t* size) const noexcept
{
    if (domain_ == AF_UNIX)
        return write_path(path_, address, size);
    return write_place(place_.value_or(sim_place{any_of_family(domain_)}), domain_, address, size);
}

int sim_socket::peer_name(sockaddr* address, socklen_t* size) const noexcept
{
    if (role_ != role::stream)
        return -ENOTCONN;
    if (domain_ == AF_UNIX)
        return write_path(peer_path_, address, size);
    return write_place(peer_place_.value_or(sim_place{any_of_family(domain_)}), domain_, address, size);
}

// ---- listening and connecting

int sim_socket::listen(int backlog)
{
    if (role_ == role::stream || role_ == role::connecting)
        return -EINVAL;
    if (!bound_ && path_.empty())
        return -EDESTADDRREQ;
    role_ = role::listener;
    backlog_ = static_cast<std::size_t>(std::max(backlog, 1));
    return 0;
}

std::int32_t sim_socket::connect(const operation& op)
{
    if (role_ == role::listener)
        return -EINVAL;
    if (role_ == role::stream)
        return std::exchange(is_news_, false) ? 0 : -EISCONN;
    if (role_ == role::fresh && problem_ == 0) {
        if (op.address->sa_family != domain_)
            return -EAFNOSUPPORT;
        if (domain_ == AF_UNIX)
            return connect_by_path(op);
        if (const std::int32_t problem = ask_for_connection(op); problem < 0)
            return problem;
    }
    if (role_ == role::stream)
        is_news_ = false;
    else if (problem_ == 0)
        return -EAGAIN;
    return -std::exchange(problem_, 0);
}

std::int32_t sim_socket::connect_by_path(const operation& op)
{
    const std::string wanted(reinterpret_cast<const char*>(op.address), op.address_length);
    const auto found = world_.paths.find({machine_, key_of_path(wanted)});
    if (found == world_.paths.end())
        return -ENOENT;
    const std::shared_ptr<sim_socket> listener = found->second.lock();
    if (!listener || listener->role_ != role::listener)
        return -ECONNREFUSED;
    if (listener->accepted_.size() >= listener->backlog_) {
        listener->knocking_.push_back(weak_from_this());
        return -EAGAIN;
    }
    auto other = std::make_shared<sim_socket>(world_, AF_UNIX, machine_);
    other->path_ = listener->path_;
    join(*this, *other);
    listener->accepted_.push_back(std::move(other));
    world_.touch(listener);
    return 0;
}

std::int32_t sim_socket::ask_for_connection(const operation& op)
{
    const auto target = read_place(op.address, op.address_length);
    if (!target)
        return -EINVAL;
    sim_network& network = world_.network;
    const auto source = network.source_for(machine_, target->host);
    if (!source)
        return -ENETUNREACH;
    if (!place_) {
        sim_place ours{*source};
        if (const int problem = world_.streams.bind(machine_, ours, weak_from_this()); problem < 0)
            return problem;
        place_ = bound_ = ours;
    } else if (is_any(place_->host)) {
        place_->host = *source;
    }
    peer_place_ = target;
    const int there = network.find(machine_, target->host);
    out_ = std::make_shared<sim_flow>(machine_, there);
    in_ = std::make_shared<sim_flow>(there, machine_);
    role_ = role::connecting;

    const auto self = weak_from_this();
    if (is_immediate()) {
        request_arrived();
        if (role_ == role::connecting)
            role_ = role::fresh; // there was no room: who makes some lets us try again
        return 0;
    }
    patience_ = network.call_after(patience, [self] {
        if (const auto socket = self.lock())
            socket->give_up_connecting(ETIMEDOUT);
    });
    network.send(out_, header_size, [self] {
        if (const auto socket = self.lock())
            socket->request_arrived();
    });
    return 0;
}

/// At the other machine.
void sim_socket::request_arrived()
{
    const auto self = weak_from_this();
    const std::shared_ptr<sim_socket> listener = world_.streams.find(out_->to(), *peer_place_);
    if (!listener || listener->role_ != role::listener)
        return world_.network.send(in_, header_size, [self, asked = in_] {
            if (const auto socket = self.lock(); socket && socket->in_ == asked)
                socket->give_up_connecting(ECONNREFUSED);
        });
    if (listener->accepted_.size() >= listener->backlog_) {
        listener->knocking_.push_back(self);
        return;
    }
    const auto other = std::make_shared<sim_socket>(world_, listener->domain_, listener->machine_);
    other->role_ = role::stream;
    other->place_ = peer_place_;
    other->peer_place_ = place_;
    other->peer_ = self;
    other->out_ = in_;
    other->in_ = out_;
    listener->half_open_.push_back(other);
    world_.network.send(in_, header_size, [self, listens = std::weak_ptr(listener), half = std::weak_ptr(other)] {
        const auto socket = self.lock();
        const auto made = half.lock();
        if (socket && made && socket->role_ == role::connecting && socket->in_ == made->out_)
            socket->answer_arrived(made, listens);
        else if (const auto there = listens.lock())
            std::erase(there->half_open_, made);
    });
}

void sim_socket::answer_arrived(const std::shared_ptr<sim_socket>& other, const std::weak_ptr<sim_socket>& listener)
{
    role_ = role::stream;
    peer_ = other;
    is_news_ = true;
    stop_waiting_for_answer();
    world_.touch(shared_from_this());
    world_.network.send(out_, header_size, [listener, half = std::weak_ptr(other)] {
        const auto there = listener.lock();
        if (const auto opened = half.lock(); there && std::erase(there->half_open_, opened) > 0) {
            there->accepted_.push_back(opened);
            there->world_.touch(there);
        }
    });
}

void sim_socket::give_up_connecting(int problem)
{
    if (role_ != role::connecting)
        return;
    stop_waiting_for_answer();
    world_.network.cut(*out_);
    role_ = role::fresh;
    problem_ = problem;
    world_.touch(shared_from_this());
}

void sim_socket::stop_waiting_for_answer() noexcept
{
    if (patience_)
        world_.network.forget(*std::exchange(patience_, std::nullopt));
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
        socket->peer_name(op.address, op.address_size);
    answer_knocking();
    return world_.insert(socket);
}

/// There is room for one, or nobody any more.
void sim_socket::answer_knocking()
{
    for (const auto& each : std::exchange(knocking_, {}))
        if (const auto socket = each.lock(); socket && socket->role_ == role::connecting)
            socket->request_arrived();
        else if (socket)
            world_.touch(socket);
}

// ---- a stream's bytes

std::size_t sim_socket::room() const noexcept
{
    const std::size_t capacity = buffer_capacity + (is_immediate() ? 0 : send_buffer_capacity);
    return capacity - std::min(capacity, on_its_way_);
}

std::int32_t sim_socket::send(operation& op)
{
    if (role_ != role::stream)
        return -ENOTCONN;
    if (std::exchange(tell_writer_, false))
        return -ECONNRESET;
    if (send_is_over())
        return -EPIPE;
    const std::shared_ptr<sim_socket> peer_here = is_immediate() ? peer_.lock() : nullptr;
    if (peer_here && peer_here->inbox_ended_) // it reads no more
        return -EPIPE;
    const std::size_t count = std::min(room(), op.size);
    if (count == 0 && op.size > 0)
        return -EAGAIN;

    on_its_way_ += count;
    const std::string_view bytes(static_cast<const char*>(op.data), count);
    if (peer_here)
        peer_here->bytes_arrived(bytes);
    else
        for (std::size_t from = 0; from < count; from += sim_network::segment_size)
            send_segment(std::string(bytes.substr(from, sim_network::segment_size)));
    return static_cast<std::int32_t>(count);
}

void sim_socket::send_segment(std::string bytes)
{
    const std::size_t size = bytes.size();
    world_.network.send(out_, size, [self = weak_from_this(), to = peer_, bytes = std::move(bytes)] {
        if (const auto peer = to.lock(); peer && !peer->is_reset_)
            peer->bytes_arrived(bytes);
        else if (const auto sender = self.lock())
            sender->world_.network.send(
                sender->in_, header_size,
                [self] {
                    if (const auto reset = self.lock())
                        reset->reset_arrived();
                },
                sim_network::when_lost::forget);
    });
}

void sim_socket::bytes_arrived(std::string_view bytes)
{
    if (inbox_ended_) // nobody will read them
        return tell_peer(0, [count = bytes.size()](sim_socket& peer) { peer.taken_arrived(count); });
    inbox_ += bytes;
    world_.touch(shared_from_this());
}

std::int32_t sim_socket::receive(operation& op)
{
    if (role_ != role::stream)
        return -ENOTCONN;
    if (unread() == 0) {
        if (std::exchange(tell_reader_, false))
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
    tell_peer(0, [count](sim_socket& peer) { peer.taken_arrived(count); });
    return static_cast<std::int32_t>(count);
}

void sim_socket::taken_arrived(std::size_t count)
{
    on_its_way_ -= count;
    world_.touch(shared_from_this());
}

// ---- a stream's end

int sim_socket::shutdown(int how)
{
    if (role_ == role::listener && how != SHUT_WR) { // it listens no more, from this moment on
        leave(how_to_leave::with_reset);
        world_.touch(shared_from_this());
        return 0;
    }
    if (role_ != role::stream)
        return -ENOTCONN;
    if (how != SHUT_WR)
        inbox_ended_ = true;
    if (how != SHUT_RD && !std::exchange(sending_over_, true))
        tell_peer(header_size, [](sim_socket& peer) { peer.end_arrived(); });
    world_.touch(shared_from_this());
    if (auto peer = peer_.lock(); peer && is_immediate())
        world_.touch(std::move(peer));
    return 0;
}

void sim_socket::end_arrived()
{
    inbox_ended_ = true;
    world_.touch(shared_from_this());
}

void sim_socket::reset_arrived()
{
    if (out_)
        world_.network.cut(*out_);
    break_off();
}

void sim_socket::break_off()
{
    if (role_ != role::stream || is_reset_)
        return;
    is_reset_ = true;
    tell_reader_ = !inbox_ended_ || domain_ == AF_UNIX;
    tell_writer_ = domain_ != AF_UNIX;
    inbox_ended_ = true;
    peer_.reset();
    world_.touch(shared_from_this());
}

/// `how`: an end; a reset where something is unread.
void sim_socket::leave(how_to_leave how) noexcept
{
    const bool is_connected = role_ == role::stream && !is_reset_;
    if (role_ != role::stream)
        role_ = role::fresh;
    unbind();
    for (auto* const list : {&accepted_, &half_open_})
        for (const auto& never_fetched : std::exchange(*list, {}))
            never_fetched->leave(how_to_leave::with_reset);
    answer_knocking();
    stop_waiting_for_answer();
    if (!is_connected)
        return;
    if (how == how_to_leave::with_reset || unread() > 0)
        tell_peer(header_size, [](sim_socket& peer) { peer.reset_arrived(); }, sim_network::when_lost::forget);
    else
        tell_peer(header_size, [is_at_once = is_immediate()](sim_socket& peer) {
            peer.end_arrived();
            if (is_at_once)
                peer.peer_left_ = true; // it needn't send to find out
        });
}

void sim_socket::close() noexcept
{
    leave(how_to_leave::with_end);
}

void sim_socket::fail() noexcept
{
    leave(how_to_leave::with_reset);
    inbox_.clear();
    inbox_read_ = 0;
    if (role_ != role::stream) {
        place_.reset();
        path_.clear();
    }
    break_off();
    world_.touch(shared_from_this());
}

void sim_socket::reset_between(int one, int other) noexcept
{
    if (!out_)
        return;
    const std::pair ends(out_->from(), out_->to());
    if (ends != std::pair(one, other) && ends != std::pair(other, one))
        return;
    give_up_connecting(ECONNRESET);
    if (const auto peer = peer_.lock())
        peer->reset_arrived();
    reset_arrived();
}

} // namespace simul::detail
