// SPDX-License-Identifier: MIT
#include "run/backend/system.hpp"

#include "run/backend/file_operations.hpp"
#include "run/backend/helper_pool.hpp"

#include <simul/base/error.hpp>

#include <algorithm>
#include <climits>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
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

bool is_fifo_that_never_waits(int fd) noexcept
{
    struct stat status{};
    return ::fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode) && !is_blocking(fd);
}

std::size_t transfer_size(const operation& op) noexcept
{
    return std::min(op.size, longest_transfer);
}

std::int32_t attempt_read(operation& op, bool ready) noexcept
{
    const iovec where{.iov_base = op.data, .iov_len = transfer_size(op)};
    const int result = uninterrupted([&] { return ::preadv2(op.fd, &where, 1, op.offset, RWF_NOWAIT); });
    if (result != -EOPNOTSUPP)
        return result;
    // No RWF_NOWAIT here (a terminal, a FIFO, a pipe before Linux 6.5): a plain read does not wait after POLLIN. A FIFO
    // without a writer is at its end, which poll doesn't tell.
    return (ready && is_ready(op.fd, POLLIN)) || is_fifo_that_never_waits(op.fd) ? perform(op) : -EAGAIN;
}

/// While it exists, a write of this thread to a pipe that nobody reads from raises no signal.
class no_signal_from_pipes {
public:
    explicit no_signal_from_pipes(bool wanted) noexcept : active_(wanted)
    {
        if (!active_)
            return;
        sigset_t pending;
        sigpending(&pending);
        was_pending_ = sigismember(&pending, SIGPIPE) == 1;
        sigset_t blocked = only_sigpipe();
        pthread_sigmask(SIG_BLOCK, &blocked, &before_);
    }
    no_signal_from_pipes(const no_signal_from_pipes&) = delete;
    ~no_signal_from_pipes()
    {
        if (!active_)
            return;
        const int saved = errno;
        const sigset_t raised = only_sigpipe();
        const timespec at_once{};
        if (!was_pending_)
            sigtimedwait(&raised, nullptr, &at_once);
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
        errno = saved;
    }

private:
    static sigset_t only_sigpipe() noexcept
    {
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, SIGPIPE);
        return set;
    }

    bool active_;
    bool was_pending_ = false;
    sigset_t before_{};
};

std::int32_t attempt_write(operation& op, bool ready) noexcept
{
    const no_signal_from_pipes quiet((op.flags & no_sigpipe) != 0);
    const iovec what{.iov_base = op.data, .iov_len = transfer_size(op)};
    const int result = uninterrupted([&] { return ::pwritev2(op.fd, &what, 1, op.offset, RWF_NOWAIT); });
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
        return uninterrupted([&] {
            return op.offset < 0 ? ::read(op.fd, op.data, transfer_size(op))
                                 : ::pread(op.fd, op.data, transfer_size(op), op.offset);
        });
    case operation_kind::write:
        return uninterrupted([&] {
            return op.offset < 0 ? ::write(op.fd, op.data, transfer_size(op))
                                 : ::pwrite(op.fd, op.data, transfer_size(op), op.offset);
        });
    case operation_kind::connect:
        return errno_or(::connect(op.fd, op.address, op.address_length));
    default:
        return perform_on_file(op);
    }
}

static std::int32_t attempt_once(operation& op, bool ready) noexcept
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
    case operation_kind::send_message:
        return errno_or(::sendmsg(op.fd, static_cast<const msghdr*>(op.data), op.flags | MSG_DONTWAIT | MSG_NOSIGNAL));
    case operation_kind::receive_message:
        return errno_or(::recvmsg(op.fd, static_cast<msghdr*>(op.data), op.flags | MSG_DONTWAIT));
    default:
        return -EOPNOTSUPP;
    }
}

std::int32_t attempt(operation& op, bool ready) noexcept
{
    std::int32_t result = attempt_once(op, ready);
    while (result == -EINTR)
        result = attempt_once(op, ready);
    return result;
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
    // The other error, EAGAIN, means that the counter is full, and then a wake is pending already.
    while (::write(wake_fd_.get(), &one, sizeof one) < 0 && errno == EINTR) {
    }
    errno = saved;
}

system_backend::~system_backend() = default;

void system_backend::give_to_helpers(operation& op) noexcept
{
    if (!helpers_)
        helpers_ = std::make_unique<helper_pool>(*this);
    op.state = at_helper;
    if (!helpers_->give(op)) {
        left_helpers(op);
        finished_.add(op, -EAGAIN);
    }
}

void system_backend::cancel_at_helpers(operation& op) noexcept
{
    if (helpers_->take_back(op)) {
        left_helpers(op);
        finished_.add(op, -ECANCELED);
    } else {
        op.state = asked_to_end;
    }
}

void system_backend::collect_from_helpers() noexcept
{
    if (!helpers_ || !helpers_->any_done())
        return;
    operation_list done = helpers_->collect();
    while (operation* op = done.pop_front()) {
        left_helpers(*op);
        const bool interrupted = op->kind == operation_kind::connect && op->state == asked_to_end && op->result < 0;
        finished_.add(*op, interrupted ? -ECANCELED : op->result);
    }
}

void system_backend::end_helpers() noexcept
{
    if (!helpers_)
        return;
    operation_list not_begun = helpers_->cancel_all();
    collect_from_helpers();
    while (operation* op = not_begun.pop_front())
        finished_.add(*op, -ECANCELED);
    helpers_.reset();
}

void system_backend::abandon_helpers() noexcept
{
    // Its threads are not in this process, and its mutex may be held for ever.
    [[maybe_unused]] const helper_pool* abandoned = helpers_.release();
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

int system_backend::look_at_file(int fd, struct statx& status) noexcept
{
    return uninterrupted(
        [&] { return ::statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_BASIC_STATS, &status); });
}

void system_backend::close_now(int fd) noexcept
{
    ::close(fd);
}

} // namespace simul::detail
