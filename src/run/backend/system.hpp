// SPDX-License-Identifier: MIT
//
// What uring and epoll share: the machine's clock and sockets, a wake by eventfd, and operations done as plain
// system calls.
#pragma once

#include "run/backend/backend.hpp"
#include "run/backend/operation_list.hpp"
#include "run/backend/waker.hpp"

#include <cerrno>
#include <utility>

namespace simul::detail {

class helper_pool;

/// Owns a descriptor.
class unique_fd {
public:
    unique_fd() = default;
    explicit unique_fd(int fd) noexcept : fd_(fd) {}
    unique_fd(unique_fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    unique_fd& operator=(unique_fd&& other) noexcept
    {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~unique_fd();

    int get() const noexcept { return fd_; }
    int release() noexcept { return std::exchange(fd_, -1); }

private:
    int fd_ = -1;
};

/// The most one transfer moves; Linux cuts there too, and it fits `operation::result`.
inline constexpr std::size_t longest_transfer = 0x7ffff000;

/// What a system call gives, or a negated errno. Repeated while a signal interrupts it: file systems of networks and of
/// processes let that happen, and so does who traces us.
template <class Call> int uninterrupted(const Call& call) noexcept
{
    for (;;) {
        const auto result = call();
        if (result >= 0)
            return static_cast<int>(result);
        if (errno != EINTR)
            return -errno;
    }
}

/// Whether O_NONBLOCK is off.
bool is_blocking(int fd) noexcept;

/// Does `op` now, however long it takes. Returns its result.
std::int32_t perform(operation& op) noexcept;

/// Does `op` if that is possible without waiting, else returns -EAGAIN. Leaves O_NONBLOCK of the descriptor as it is.
/// `ready`: epoll has just reported the descriptor for this direction, so a kernel without RWF_NOWAIT for it may try.
std::int32_t attempt(operation& op, bool ready) noexcept;

class system_backend : public backend {
public:
    /// `socket_flags`: what `make_socket` adds to the type.
    explicit system_backend(int socket_flags);
    ~system_backend() override;

    time_point now() const noexcept final { return clock::now(); }
    void dispatch() noexcept override { finished_.deliver(in_flight_); }
    void wake() noexcept final;

    int make_socket(int domain, int type, int protocol) noexcept final;
    int bind_socket(int fd, const sockaddr* address, socklen_t size) noexcept final;
    int listen_socket(int fd, int backlog) noexcept final;
    int socket_name(int fd, sockaddr* address, socklen_t* size) noexcept final;
    int peer_name(int fd, sockaddr* address, socklen_t* size) noexcept final;
    int set_socket_option(int fd, int level, int name, const void* value, socklen_t size) noexcept final;
    int shutdown_socket(int fd, int how) noexcept final;
    int socket_pair(int domain, int type, int protocol, int fds[2]) noexcept final;
    int make_pipe(int fds[2]) noexcept final;
    int look_at_file(int fd, struct statx& status) noexcept final;
    void close_now(int fd) noexcept override;

protected:
    /// The common end of every destructor: completes what has ended, also what is started by those completions.
    void deliver_all() noexcept;

    // What can be neither polled nor given to the kernel: a few threads, started with the first operation for them.
    void give_to_helpers(operation& op) noexcept;
    void cancel_at_helpers(operation& op) noexcept; ///< that is `at_helper`
    void collect_from_helpers() noexcept;           ///< in every wait
    void end_helpers() noexcept;
    void abandon_helpers() noexcept; ///< in a forked child
    /// It was done, or taken back.
    virtual void left_helpers(operation&) noexcept {}

    unique_fd wake_fd_; ///< becomes readable when a sleeper is woken; never read, its writes are taken as edges
    waker waker_;
    finished_operations finished_;
    bool inert_ = false; ///< being destroyed, or a forked child's copy: what is started ends with -ECANCELED

private:
    std::unique_ptr<helper_pool> helpers_;
    int socket_flags_;
};

} // namespace simul::detail
