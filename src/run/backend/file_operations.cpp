// SPDX-License-Identifier: MIT
#include "run/backend/file_operations.hpp"

#include "run/backend/system.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <new>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

namespace simul::detail {
namespace {

template <class Result> int errno_or(Result result) noexcept
{
    return result < 0 ? -errno : static_cast<int>(result);
}

int directory_of(const operation& op) noexcept
{
    return op.fd < 0 ? AT_FDCWD : op.fd;
}

/// A FIFO's other end may never come, so it isn't waited for.
int open_now(const operation& op) noexcept
{
    const int fd =
        uninterrupted([&] { return ::openat(directory_of(op), op.path, op.flags | O_CLOEXEC | O_NONBLOCK, op.mode); });
    if (fd >= 0 && (op.flags & (O_NONBLOCK | O_PATH)) == 0)
        ::fcntl(fd, F_SETFL, op.flags);
    return fd;
}

int open_as(const operation& op, const open_how& how) noexcept
{
    return uninterrupted([&] { return ::syscall(SYS_openat2, directory_of(op), op.path, &how, sizeof how); });
}

int close_now(int fd) noexcept
{
    const int result = errno_or(::close(fd));
    return result == -EINTR ? 0 : result; // closed all the same, on Linux
}

int status_now(const operation& op) noexcept
{
    const char* const path = op.path ? op.path : "";
    const int flags = op.flags | (op.path ? 0 : AT_EMPTY_PATH);
    auto* const status = static_cast<struct statx*>(op.data);
    return uninterrupted(
        [&] { return ::statx(directory_of(op), path, flags, STATX_BASIC_STATS | STATX_BTIME, status); });
}

int write_file_now(const operation& op) noexcept
{
    const int file = open_now(op);
    if (file < 0)
        return file;
    const int written = uninterrupted([&] { return ::write(file, op.data, std::min(op.size, longest_transfer)); });
    const int closed = close_now(file); // some file systems say only here that there was no room
    return written < 0 || closed == 0 ? written : closed;
}

/// Within the kernel where the file systems allow it.
int copy_now(const operation& op) noexcept
{
    const std::size_t size = std::min(op.size, longest_transfer);
    const int result = uninterrupted([&] { return ::copy_file_range(op.source, nullptr, op.fd, nullptr, size, 0); });
    if (result != -EXDEV && result != -EINVAL && result != -ENOSYS && result != -EOPNOTSUPP)
        return result;
    return uninterrupted([&] { return ::sendfile(op.fd, op.source, nullptr, size); });
}

int list_now(const operation& op) noexcept
{
    auto& entries = *static_cast<std::vector<directory_entry>*>(op.data);
    alignas(dirent64) std::array<char, 32 * 1024> room;
    try {
        for (;;) {
            const int filled = uninterrupted([&] { return ::getdents64(op.fd, room.data(), room.size()); });
            if (filled <= 0)
                return filled;
            for (int at = 0; at < filled;) {
                const auto& each = *reinterpret_cast<const dirent64*>(room.data() + at);
                const std::string_view name = each.d_name;
                if (name != "." && name != "..")
                    entries.push_back({std::string(name), each.d_type});
                at += each.d_reclen;
            }
        }
    } catch (const std::bad_alloc&) {
        return -ENOMEM;
    }
}

/// By openat2(2), which knows how not to wait for a disk. -EAGAIN also where the kernel is older or a filter forbids it.
int open_from_memory(const operation& op, open_how how) noexcept
{
    how.resolve |= RESOLVE_CACHED;
    const int fd = errno_or(::syscall(SYS_openat2, directory_of(op), op.path, &how, sizeof how));
    return fd == -ENOSYS || fd == -EPERM || fd == -EINVAL || fd == -EINTR ? -EAGAIN : fd;
}
int open_from_memory(const operation& op, int flags) noexcept
{
    open_how how{};
    how.flags = static_cast<unsigned>(flags) | O_CLOEXEC;
    return open_from_memory(op, how);
}

} // namespace

std::int32_t attempt_open(const operation& op) noexcept
{
    if (op.kind == operation_kind::open_as)
        return open_from_memory(op, *static_cast<const open_how*>(op.data));
    if (op.kind != operation_kind::open || (op.flags & (O_CREAT | O_TRUNC)) != 0 || (op.flags & O_TMPFILE) == O_TMPFILE)
        return -EAGAIN;
    const int fd = open_from_memory(op, op.flags | O_NONBLOCK);
    if (fd >= 0 && (op.flags & (O_NONBLOCK | O_PATH)) == 0)
        ::fcntl(fd, F_SETFL, op.flags);
    return fd;
}

/// Once the path is found the file's status is in memory, too, but for networks' file systems: they may be asked.
std::int32_t attempt_status(const operation& op) noexcept
{
    if (op.kind != operation_kind::status || !op.path)
        return -EAGAIN;
    const int nofollow = (op.flags & AT_SYMLINK_NOFOLLOW) != 0 ? O_NOFOLLOW : 0;
    const unique_fd found(open_from_memory(op, O_PATH | nofollow));
    if (found.get() < 0)
        return found.get();
    operation of_it;
    of_it.fd = found.get();
    of_it.data = op.data;
    return status_now(of_it);
}

bool takes_long(const operation& op) noexcept
{
    constexpr std::size_t long_transfer = 1024 * 1024; // 0.2 ms from memory
    return (op.kind == operation_kind::read || op.kind == operation_kind::write) && op.offset >= 0 &&
           op.size > long_transfer;
}

std::int32_t perform_on_file(operation& op) noexcept
{
    const int directory = directory_of(op);
    switch (op.kind) {
    case operation_kind::open:
        return open_now(op);
    case operation_kind::close:
        return close_now(op.fd);
    case operation_kind::sync:
        return uninterrupted([&] { return (op.flags & sync_data) != 0 ? ::fdatasync(op.fd) : ::fsync(op.fd); });
    case operation_kind::resize:
        return uninterrupted([&] { return ::ftruncate(op.fd, op.offset); });
    case operation_kind::set_mode:
        return uninterrupted([&] { return ::fchmod(op.fd, op.mode); });
    case operation_kind::copy:
        return copy_now(op);
    case operation_kind::list:
        return list_now(op);
    case operation_kind::status:
        return status_now(op);
    case operation_kind::remove:
        return uninterrupted([&] { return ::unlinkat(directory, op.path, op.flags); });
    case operation_kind::rename:
        return uninterrupted(
            [&] { return ::renameat2(AT_FDCWD, op.path, AT_FDCWD, op.target, static_cast<unsigned>(op.flags)); });
    case operation_kind::make_directory:
        return uninterrupted([&] { return ::mkdirat(directory, op.path, op.mode); });
    case operation_kind::make_symlink:
        return uninterrupted([&] { return ::symlinkat(op.target, directory, op.path); });
    case operation_kind::read_link:
        return uninterrupted([&] { return ::readlinkat(directory, op.path, static_cast<char*>(op.data), op.size); });
    case operation_kind::write_file:
        return write_file_now(op);
    case operation_kind::open_as:
        return open_as(op, *static_cast<const open_how*>(op.data));
    default:
        return -EOPNOTSUPP;
    }
}

} // namespace simul::detail
