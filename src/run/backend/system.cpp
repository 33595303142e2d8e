// SPDX-License-Identifier: MIT
#include "run/backend/system.hpp"

#include <simul/base/error.hpp>

#include <algorithm>
#include <climits>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <unistd.h>

namespace simul::detail {
namespace {

template <class Result> int errno_or(Result result) noexcept
{
    return result < 0 ? -errno : static_cast<int>(result);
}

bool is_ready(int fd, short events) noexcept
{
    pollfd one{.fd = fd, .events = events, .revents = 0};
    return ::poll(&one, 1, 0) > 0;
}

std::size_t transfer_size(const operation& op) noexcept
{
    return std::min(op.size, longest_transfer);
}

std::int32_t attempt_read(operation& op, bool ready) noexcept
{
    const iovec where{.iov_base = op.data, .iov_len = transfer_size(op)};
    const int result = errno_or(::preadv2(op.fd, &where, 1, op.offset, RWF_NOWAIT));
    if (result != -EOPNOTSUPP)
        return result;
    // No RWF_NOWAIT here (a terminal, a pipe before Linux 6.5): a plain read does not wait after POLLIN.
    return ready && is_ready(op.fd, POLLIN) ? perform(op) : -EAGAIN;
}

std::int32_t attempt_write(operation& op, bool ready) noexcept
{
    const iovec what{.iov_base = op.data, .iov_len = transfer_size(op)};
    const int result = errno_or(::pwritev2(op.fd, &what, 1, op.offset, RWF_NOWAIT));
    if (result != -EOPNOTSUPP)
        return result;
    if (!ready)
        return -EAGAIN;
    if (op.offset >= 0)
        return perform(op); // -ESPIPE: what can be polled has no places
    const int sent = errno_or(::send(op.fd, op.data, transfer_size(op), MSG_DONTWAIT | MSG_NOSIGNAL));
    if (sent != -ENOTSOCK)
        return sent;
    if (!is_ready(op.fd, POLLOUT))
        return -EAGAIN;
    // POLLOUT promises a pipe's reader room for PIPE_BUF bytes; a blocking write of more would wait.
    return errno_or(::write(op.fd, op.data, std::min<std::size_t>(op.size, PIPE_BUF)));
}

std::int32_t attempt_accept(operation& op) noexcept
{
    // accept4 has no flag for "don't wait", so a blocking listener is asked first. Should another process take the
    // connection in between, this accept waits for the next one: who shares a listener makes it O_NONBLOCK.
    if (is_blocking(op.fd) && !is_ready(op.fd, POLLIN))
        return -EAGAIN;
    return errno_or(::accept4(op.fd, op.address, op.address_size, op.flags | SOCK_CLOEXEC));
}

} // namespace

unique_fd::~unique_fd()
{
    if (fd_ >= 0)
        ::close(fd_);
}

bool is_blocking(int fd) noexcept
{
    const int flags = ::fcntl(fd, F_GETFL);
    return flags >= 0 && (flags & O_NONBLOCK) == 0;
}

std::int32_t perform(operation& op) noexcept
{
    switch (op.kind) {
    case operation_kind::read:
        return errno_or(op.offset < 0 ? ::read(op.fd, op.data, transfer_size(op))
                                      : ::pread(op.fd, op.data, transfer_size(op), op.offset));
    case operation_kind::write:
        return errno_or(op.offset < 0 ? ::write(op.fd, op.data, transfer_size(op))
                                      : ::pwrite(op.fd, op.data, transfer_size(op), op.offset));
    case operation_kind::open:
        return errno_or(::open(op.path, op.flags | O_CLOEXEC, op.mode));
    case operation_kind::close: {
        const int result = errno_or(::close(op.fd));
        return result == -EINTR ? 0 : result; // closed all the same, on Linux
    }
    case operation_kind::connect:
        return errno_or(::connect(op.fd, op.address, op.address_length));
    default:
        return -EOPNOTSUPP;
    }
}

std::int32_t attempt(operation& op, bool ready) noexcept
{
    switch (op.kind) {
    case operation_kind::read:
        return attempt_read(op, ready);
    case operation_kind::write:
        return attempt_write(op, ready);
    case operation_kind::accept:
        return attempt_accept(op);
    case operation_kind::send:
        return errno_or(::send(op.fd, op.data, transfer_size(op), op.flags | MSG_DONTWAIT | MSG_NOSIGNAL));
    case operation_kind::receive:
        return errno_or(::recv(op.fd, op.data, transfer_size(op), op.flags | MSG_DONTWAIT));
    default:
        return -EOPNOTSUPP;
    }
}

system_backend::system_backend(int socket_flags)
    : wake_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), socket_flags_(socket_flags)
{
    if (wake_fd_.get() < 0)
        throw error::from_errno(errno, "event loop: eventfd");
}

void system_backend::wake() noexcept
{
    if (!waker_.wake())
        return;
    const int saved = errno; // we may be in a signal handler
    const std::uint64_t one = 1;
    // The one error, EAGAIN, means that the counter is full, and then a wake is pending already.
    [[maybe_unused]] const ssize_t written = ::write(wake_fd_.get(), &one, sizeof one);
    errno = saved;
}

void system_backend::deliver_all() noexcept
{
    inert_ = true;
    while (!finished_.empty())
        finished_.deliver(in_flight_);
}

int system_backend::make_socket(int domain, int type, int protocol) noexcept
{
    return errno_or(::socket(domain, type | SOCK_CLOEXEC | socket_flags_, protocol));
}

int system_backend::bind_socket(int fd, const sockaddr* address, socklen_t size) noexcept
{
    return errno_or(::bind(fd, address, size));
}

int system_backend::listen_socket(int fd, int backlog) noexcept
{
    return errno_or(::listen(fd, backlog));
}

int system_backend::socket_name(int fd, sockaddr* address, socklen_t* size) noexcept
{
    return errno_or(::getsockname(fd, address, size));
}

int system_backend::peer_name(int fd, sockaddr* address, socklen_t* size) noexcept
{
    return errno_or(::getpeername(fd, address, size));
}

int system_backend::set_socket_option(int fd, int level, int name, const void* value, socklen_t size) noexcept
{
    return errno_or(::setsockopt(fd, level, name, value, size));
}

int system_backend::shutdown_socket(int fd, int how) noexcept
{
    return errno_or(::shutdown(fd, how));
}

int system_backend::socket_pair(int domain, int type, int protocol, int fds[2]) noexcept
{
    return errno_or(::socketpair(domain, type | SOCK_CLOEXEC, protocol, fds));
}

int system_backend::make_pipe(int fds[2]) noexcept
{
    return errno_or(::pipe2(fds, O_CLOEXEC));
}

void system_backend::close_now(int fd) noexcept
{
    ::close(fd);
}

} // namespace simul::detail
