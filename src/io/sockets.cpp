// SPDX-License-Identifier: MIT
#include "sockets.hpp"

#include "accepting.hpp"
#include "fd_transport.hpp"
#include "performed.hpp"
#include "stream_core.hpp"

#include <simul/base/error.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace simul::detail {

socket_fd make_stream_socket(const address& for_whom, const std::string& operation)
{
    backend& io = backend_here(operation.c_str());
    const int fd = io.make_socket(for_whom.data()->sa_family, SOCK_STREAM, 0);
    if (fd < 0)
        throw error::from_errno(-fd, operation);
    return {io, fd};
}

void set_option(const socket_fd& of, int level, int name, int value, const std::string& operation)
{
    if (const int problem = of.io().set_socket_option(of.get(), level, name, &value, sizeof value); problem < 0)
        throw error::from_errno(-problem, operation);
}

void bind_to(const socket_fd& socket, const address& local, const std::string& operation)
{
    if (const int problem = socket.io().bind_socket(socket.get(), local.data(), local.size()); problem < 0)
        throw error::from_errno(-problem, operation);
}

task<socket_fd> connect_socket(address to, address from)
{
    const std::string what = "connect to " + to.text();
    socket_fd socket = make_stream_socket(to, what);
    if (from.family() != address_family::none)
        bind_to(socket, from, what + " from " + from.text());
    operation wanted;
    wanted.kind = operation_kind::connect;
    wanted.fd = socket.get();
    wanted.address = const_cast<sockaddr*>(to.data()); // it is only read
    wanted.address_length = to.size();
    if (const std::int32_t problem = co_await performed(wanted); problem < 0)
        throw error::from_errno(-problem, what);
    co_return socket;
}

simul::listener listen_with(socket_fd bound, int backlog, std::string path, const std::string& operation)
{
    if (const int problem = bound.io().listen_socket(bound.get(), backlog); problem < 0)
        throw error::from_errno(-problem, operation);
    return simul::listener(accepting_ptr(new accepting(bound.release(), std::move(path))));
}

stream connected_socket(int fd, no_delay delay, std::string peer)
{
    auto* const below = new fd_transport(fd, fd_transport::kind::socket, std::move(peer));
    stream made = stream_core::make(transport_ptr(below));
    if (delay == no_delay::on) { // an error would mean that the peer is gone already, which the first read will tell
        const int on = 1;
        backend_here("connect").set_socket_option(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    return made;
}

} // namespace simul::detail
