// SPDX-License-Identifier: MIT
#include <simul/io/pipe.hpp>

#include "adopted_fd.hpp"
#include "performed.hpp"
#include "stream_core.hpp"

#include <simul/base/error.hpp>
#include <simul/run/loop.hpp>

#include <cerrno>
#include <fcntl.h>
#include <string>
#include <sys/socket.h>
#include <sys/stat.h>

namespace simul {

using detail::fd_transport;
using detail::stream_core;
using detail::transport_ptr;

namespace {

int socket_option(int fd, int name) noexcept
{
    int value = 0;
    socklen_t size = sizeof value;
    return ::getsockopt(fd, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

} // namespace

fd_transport::kind detail::recognise(int fd, files those, const std::string& operation)
{
    if (loop::current().backend_name() == "sim")
        throw error(std::errc::operation_not_supported,
                    operation + ": the system's descriptors can't be used in virtual time; make_pipe works there");
    struct stat status{};
    if (::fstat(fd, &status) < 0)
        throw error::from_errno(errno, operation);
    const auto refused = [&](const char* why) { return error(std::errc::invalid_argument, operation + " " + why); };
    switch (status.st_mode & S_IFMT) {
    case S_IFSOCK:
        if (socket_option(fd, SO_TYPE) != SOCK_STREAM)
            throw refused("is a socket of datagrams, not of a stream");
        if (socket_option(fd, SO_ACCEPTCONN) != 0)
            throw refused("is a socket that listens, and has no peer to talk with");
        return fd_transport::kind::socket;
    case S_IFIFO:
    case S_IFCHR:
        return fd_transport::kind::pipe;
    case S_IFREG:
        if (those == files::allowed)
            return fd_transport::kind::pipe;
        throw refused("is a file: open it with simul::fs::open");
    default:
        throw refused("is neither a socket nor a pipe nor a terminal");
    }
}

pipe_ends make_pipe()
{
    int fds[2] = {-1, -1};
    if (const int made = detail::backend_here("make_pipe").make_pipe(fds); made < 0)
        throw error::from_errno(-made, "make_pipe");
    transport_ptr reading(new fd_transport(fds[0], fd_transport::kind::pipe));
    transport_ptr writing(new fd_transport(fds[1], fd_transport::kind::pipe));
    return {stream_core::make(std::move(reading)), stream_core::make(std::move(writing))};
}

stream stream_from(int fd)
{
    const auto kind = detail::recognise(fd, detail::files::refused, "stream_from: descriptor " + std::to_string(fd));
    transport_ptr at(new fd_transport(fd, kind));
    ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    return stream_core::make(std::move(at));
}

} // namespace simul
