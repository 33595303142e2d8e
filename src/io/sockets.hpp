// SPDX-License-Identifier: MIT
//
// Making sockets: what TCP and Unix sockets have in common.
#pragma once

#include "run/backend/backend.hpp"

#include <simul/io/address.hpp>
#include <simul/io/listener.hpp>
#include <simul/io/stream.hpp>
#include <simul/task/task.hpp>

#include <string>
#include <utility>

namespace simul::detail {

/// Owns a socket until something else does.
class socket_fd {
public:
    socket_fd(backend& io, int fd) noexcept : io_(&io), fd_(fd) {}
    socket_fd(socket_fd&& other) noexcept : io_(other.io_), fd_(other.release()) {}
    socket_fd& operator=(socket_fd&& other) noexcept
    {
        std::swap(io_, other.io_);
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~socket_fd()
    {
        if (fd_ >= 0)
            io_->close_now(fd_);
    }

    backend& io() const noexcept { return *io_; }
    int get() const noexcept { return fd_; }
    int release() noexcept { return std::exchange(fd_, -1); }

private:
    backend* io_;
    int fd_;
};

enum class no_delay : unsigned char { off, on };

/// *Throws:* `error` naming `operation` ("connect to 127.0.0.1:80").
socket_fd make_stream_socket(const address& for_whom, const std::string& operation);
void set_option(const socket_fd& of, int level, int name, int value, const std::string& operation);
void bind_to(const socket_fd& socket, const address& local, const std::string& operation);

/// *Throws:* `error` when it can't be reached.
task<socket_fd> connect_socket(address to, address from);

/// `path`: a Unix socket's, to be removed in the end.
simul::listener listen_with(socket_fd bound, int backlog, std::string path, const std::string& operation);

/// A stream over a connected socket, which it owns. `peer`: for errors; empty: ask the socket.
stream connected_socket(int fd, no_delay delay, std::string peer);

} // namespace simul::detail
