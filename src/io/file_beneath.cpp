// SPDX-License-Identifier: MIT
#include "file_beneath.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>

namespace simul::detail {
namespace {

/// Errors that say: there is no such file. A name can be too long for any; EXDEV and ELOOP are paths that lead out, and
/// links; ENXIO is a socket, or a device that isn't there.
bool is_nothing(int error) noexcept
{
    return error == ENOENT || error == ENOTDIR || error == ENAMETOOLONG || error == EXDEV || error == ELOOP ||
           error == ENXIO;
}

} // namespace

task<descriptor> open_root(const std::string& path)
{
    return open_descriptor(path, O_PATH | O_DIRECTORY);
}

task<std::optional<found_file>> find_beneath(const descriptor& root, std::string path, symlinks are)
{
    check_path("open", path);
    open_how how{};
    how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | (are == symlinks::refused ? RESOLVE_NO_SYMLINKS : 0);
    const std::int32_t fd = co_await performed(
        {.kind = operation_kind::open_as, .fd = root.get(), .data = &how, .path = path.c_str()});
    if (fd < 0 && is_nothing(-fd))
        co_return std::nullopt;
    backend& here = backend_here("open");
    descriptor open(checked(fd, "open", path), here);
    struct statx found{};
    checked(here.look_at_file(open.get(), found), "stat", path);
    co_return found_file{std::move(path), std::move(open), status_of(found)};
}

task<bytes> read_at(const found_file& file, std::uint64_t offset, std::size_t size)
{
    bytes got(size, '\0');
    std::size_t filled = 0;
    while (filled < size) {
        const std::int32_t result = co_await performed({.kind = operation_kind::read,
                                                        .fd = file.open.get(),
                                                        .data = got.data() + filled,
                                                        .size = std::min(size - filled, largest_read),
                                                        .offset = static_cast<std::int64_t>(offset + filled)});
        if (checked(result, "read", file.path) == 0)
            break;
        filled += static_cast<std::size_t>(result);
    }
    got.resize(filled);
    co_return got;
}

} // namespace simul::detail
