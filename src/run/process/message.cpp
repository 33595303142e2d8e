// SPDX-License-Identifier: MIT
#include "run/process/message.hpp"

#include <simul/base/error.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/socket.h>

namespace simul::detail {
namespace {

constexpr std::size_t most_files = 2;

/// A program that closed its stdin should not get a socket for it: workers have /dev/null there.
unique_fd above_standard_ones(unique_fd fd)
{
    if (fd.get() > 2)
        return fd;
    unique_fd moved(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 3));
    if (moved.get() < 0)
        throw error::from_errno(errno, "making a socket for workers");
    return moved;
}

} // namespace

std::pair<unique_fd, unique_fd> make_message_pair()
{
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        throw error::from_errno(errno, "making a socket for workers");
    unique_fd first(ends[0]);
    unique_fd second(ends[1]);
    return {above_standard_ones(std::move(first)), above_standard_ones(std::move(second))};
}

bool send_message(int socket, const message& content, std::span<const int> files, bool may_wait) noexcept
{
    iovec bytes{const_cast<message*>(&content), sizeof content};
    alignas(cmsghdr) char control[CMSG_SPACE(most_files * sizeof(int))] = {};
    msghdr sent{};
    sent.msg_iov = &bytes;
    sent.msg_iovlen = 1;
    if (!files.empty()) {
        sent.msg_control = control;
        sent.msg_controllen = CMSG_SPACE(files.size_bytes());
        cmsghdr* const head = CMSG_FIRSTHDR(&sent);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(files.size_bytes());
        std::memcpy(CMSG_DATA(head), files.data(), files.size_bytes());
    }
    ssize_t done;
    do
        done = ::sendmsg(socket, &sent, MSG_NOSIGNAL | (may_wait ? 0 : MSG_DONTWAIT));
    while (done < 0 && errno == EINTR);
    return done == static_cast<ssize_t>(sizeof content);
}

received receive_message(int socket, bool may_wait) noexcept
{
    received got{};
    iovec bytes{&got.content, sizeof got.content};
    alignas(cmsghdr) char control[CMSG_SPACE(most_files * sizeof(int))] = {};
    msghdr head{};
    head.msg_iov = &bytes;
    head.msg_iovlen = 1;
    head.msg_control = control;
    head.msg_controllen = sizeof control;
    ssize_t done;
    do
        done = ::recvmsg(socket, &head, MSG_CMSG_CLOEXEC | (may_wait ? 0 : MSG_DONTWAIT));
    while (done < 0 && errno == EINTR);

    const bool nothing = done < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    for (cmsghdr* each = CMSG_FIRSTHDR(&head); done >= 0 && each; each = CMSG_NXTHDR(&head, each)) {
        if (each->cmsg_level != SOL_SOCKET || each->cmsg_type != SCM_RIGHTS)
            continue;
        std::array<int, most_files> files;
        const std::size_t size = std::min(each->cmsg_len - CMSG_LEN(0), sizeof files);
        std::memcpy(files.data(), CMSG_DATA(each), size);
        for (std::size_t i = 0; i < size / sizeof(int); ++i)
            got.files[i] = unique_fd(files[i]);
    }
    got.what = nothing                                            ? received::result::nothing
               : done == static_cast<ssize_t>(sizeof got.content) ? received::result::message
                                                                  : received::result::closed;
    return got;
}

} // namespace simul::detail
