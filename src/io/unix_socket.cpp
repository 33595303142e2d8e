// SPDX-License-Identifier: MIT
#include <simul/io/unix_socket.hpp>

#include "accepting.hpp"
#include "performed.hpp"
#include "sockets.hpp"

#include <simul/base/error.hpp>
#include <simul/run/loop.hpp>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace simul::unix_ {
namespace {

/// Whether a socket lies there and nobody listens at it. Doesn't wait: a full queue means that somebody does.
bool is_left_over(const address& at)
{
    struct stat status{};
    if (::lstat(at.path().c_str(), &status) < 0 || !S_ISSOCK(status.st_mode))
        return false;
    const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe < 0)
        return false;
    const bool refused = ::connect(probe, at.data(), at.size()) < 0 && errno == ECONNREFUSED;
    ::close(probe);
    return refused;
}

} // namespace

task<stream> connect(std::string path)
{
    const address to = address::unix_path(path);
    detail::socket_fd socket = co_await detail::connect_socket(to, {});
    co_return detail::connected_socket(socket.release(), detail::no_delay::off, to.text());
}

listener listen(const std::string& path, listen_options options)
{
    const address at = address::unix_path(path);
    const std::string operation = "listen at " + at.text();
    detail::socket_fd socket = detail::make_stream_socket(at, operation);
    const bool in_files = path.front() != '@' && loop::current().backend_name() != "sim";
    if (in_files && is_left_over(at))
        ::unlink(path.c_str());
    detail::bind_to(socket, at, operation);
    if (in_files && options.mode != 0 && ::chmod(path.c_str(), options.mode) < 0)
        throw error::from_errno(errno, operation + ": permissions");
    return detail::listen_with(std::move(socket), options.backlog, path, operation);
}

std::pair<stream, stream> pair()
{
    int fds[2];
    if (const int problem = detail::backend_here("unix_::pair").socket_pair(AF_UNIX, SOCK_STREAM, 0, fds); problem < 0)
        throw error::from_errno(-problem, "unix_::pair");
    stream one = detail::connected_socket(fds[0], detail::no_delay::off, "the other end of a pair");
    return {std::move(one), detail::connected_socket(fds[1], detail::no_delay::off, "the other end of a pair")};
}

} // namespace simul::unix_
