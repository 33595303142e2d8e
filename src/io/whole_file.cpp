// SPDX-License-Identifier: MIT
//
// fs: whole files.
#include "file_calls.hpp"

#include <simul/base/error.hpp>
#include <simul/io/fs.hpp>

#include <algorithm>
#include <cstdio>
#include <fcntl.h>
#include <sys/stat.h>

namespace simul::fs {
namespace {

using detail::backend_here;
using detail::checked;
using detail::close_descriptor;
using detail::descriptor;
using detail::largest_read;
using detail::largest_write;
using detail::open_descriptor;
using detail::operation;
using detail::operation_kind;
using detail::performed;
using detail::performed_anyway;

/// Up to here, one operation that opens, writes and closes is faster, and nobody waits long for its end.
constexpr std::size_t small = 256 * 1024;

struct statx status_of(int fd, const std::string& path)
{
    struct statx found{};
    checked(backend_here("stat").look_at_file(fd, found), "stat", path);
    return found;
}

std::string directory_of(const std::string& path)
{
    const std::size_t slash = path.find_last_of('/');
    return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

/// For a transfer: `position` in a file; -1 for what has none (a FIFO, a device).
std::int64_t place_in(int fd, std::uint64_t position, const std::string& path)
{
    return S_ISREG(status_of(fd, path).stx_mode) ? static_cast<std::int64_t>(position) : -1;
}

/// Writes all of it from `position` on.
task<> write_all(int fd, bytes_view data, std::uint64_t position, const std::string& path)
{
    std::int64_t place = place_in(fd, position, path);
    while (!data.empty()) {
        // A write doesn't write to what it sends.
        const std::int32_t result = co_await performed({.kind = operation_kind::write,
                                                        .fd = fd,
                                                        .data = const_cast<char*>(data.data()),
                                                        .size = std::min(data.size(), largest_write),
                                                        .offset = place});
        data.remove_prefix(static_cast<std::size_t>(checked(result, "write", path)));
        place += place < 0 ? 0 : result;
    }
}

task<> sync(int fd, const std::string& path)
{
    checked(co_await performed({.kind = operation_kind::sync, .fd = fd}), "sync", path);
}

/// Makes a change of names in it outlive a power failure.
task<> sync_directory(const std::string& directory)
{
    const descriptor open = co_await open_descriptor(directory, O_RDONLY | O_DIRECTORY);
    co_await sync(open.get(), directory);
}

/// Where a chain of symbolic links ends. `problem`: what `found`, the status of that, says.
task<std::string> end_of_links(std::string path, struct statx& found, std::int32_t& problem)
{
    constexpr int most_links = 40;
    for (int links = 0; links < most_links; ++links) {
        problem = co_await performed(
            {.kind = operation_kind::status, .flags = AT_SYMLINK_NOFOLLOW, .data = &found, .path = path.c_str()});
        if (problem < 0 || !S_ISLNK(found.stx_mode))
            co_return path;
        const std::string says = co_await read_link(path);
        path = says.starts_with('/') ? says : directory_of(path) + "/" + says;
    }
    problem = -ELOOP;
    co_return path;
}

/// A name for a new file that will take the place of `path`.
std::string name_beside(const std::string& path)
{
    constexpr std::size_t longest = 200; // of 255, the rest is ours
    const std::string name = path.substr(path.find_last_of('/') + 1);
    const std::uint64_t luck = executor::require("write").random();
    return directory_of(path) + "/." + name.substr(0, longest) + "." + std::to_string(luck) + ".tmp";
}

struct replacement {
    const char* operation;
    unsigned permissions;   ///< of a new file
    bool keeps_permissions; ///< of the old one
    bool replaces;
    bool sync;
};

/// Has `fill(fd)` write a new file beside `path`, and puts it in its place. Whatever goes wrong, nothing has changed.
template <class Fill> task<> put_in_place(std::string path, replacement how, Fill fill)
{
    struct statx old{};
    std::int32_t none = 0;
    path = co_await end_of_links(std::move(path), old, none);
    if (none != -ENOENT)
        checked(none, how.operation, path);
    const bool exists = none == 0;
    if (exists && !S_ISREG(old.stx_mode))
        throw error(S_ISDIR(old.stx_mode) ? std::errc::is_a_directory : std::errc::invalid_argument,
                    std::string(how.operation) + " " + path +
                        ": only a file can be replaced, and this is something else");
    const unsigned mode = exists && how.keeps_permissions ? old.stx_mode & 07777u : how.permissions;

    const std::string fresh = name_beside(path);
    descriptor file = co_await open_descriptor(fresh, O_WRONLY | O_CREAT | O_EXCL, mode);
    std::exception_ptr problem;
    try {
        const bool masked = (status_of(file.get(), fresh).stx_mode & 07777u) != mode;
        if (masked && (exists || !how.keeps_permissions))
            checked(co_await performed({.kind = operation_kind::set_mode, .fd = file.get(), .mode = mode}), "chmod",
                    fresh);
        co_await fill(file.get());
        if (how.sync)
            co_await sync(file.get(), fresh);
        checked(co_await close_descriptor(file), "close", fresh);
        const unsigned flags = how.replaces ? 0 : RENAME_NOREPLACE;
        checked(co_await performed({.kind = operation_kind::rename,
                                    .flags = static_cast<int>(flags),
                                    .path = fresh.c_str(),
                                    .target = path.c_str()}),
                how.operation, path);
    } catch (...) {
        problem = std::current_exception();
    }
    if (problem) {
        if (file.get() >= 0)
            co_await close_descriptor(file);
        co_await performed_anyway(operation{.kind = operation_kind::remove, .path = fresh.c_str()});
        std::rethrow_exception(problem);
    }
    if (how.sync)
        co_await sync_directory(directory_of(path));
}

/// By way of this process, for files that the system can't copy by itself (those of /proc look empty to it).
task<std::uint64_t> copy_through_memory(int source, int target, const std::string& from, const std::string& to)
{
    std::uint64_t copied = 0;
    for (bytes block(small, '\0');;) {
        const std::int32_t got = co_await performed({.kind = operation_kind::read,
                                                     .fd = source,
                                                     .data = block.data(),
                                                     .size = block.size(),
                                                     .offset = place_in(source, copied, from)});
        if (checked(got, "read", from) == 0)
            co_return copied;
        co_await write_all(target, bytes_view(block).substr(0, static_cast<std::size_t>(got)), copied, to);
        copied += static_cast<std::uint64_t>(got);
    }
}

task<std::uint64_t> copy_all(int source, int target, const std::string& from, const std::string& to)
{
    for (std::uint64_t copied = 0;;) {
        const std::int32_t got =
            co_await performed({.kind = operation_kind::copy, .fd = target, .size = largest_write, .source = source});
        if (copied == 0 && (got == 0 || got == -EINVAL))
            co_return co_await copy_through_memory(source, target, from, to);
        if (checked(got, "copy to", to) == 0)
            co_return copied;
        copied += static_cast<std::uint64_t>(got);
    }
}

[[noreturn]] void fail_short_append(const std::string& path, std::size_t written, std::size_t size)
{
    throw error(std::errc::io_error, "append to " + path + ": only " + std::to_string(written) + " of " +
                                         std::to_string(size) + " bytes found room");
}

} // namespace

task<bytes> read(std::string path)
{
    descriptor file = co_await open_descriptor(path, O_RDONLY);
    const struct statx found = status_of(file.get(), path);
    const bool has_places = S_ISREG(found.stx_mode);
    // Those that seem empty need not be: /proc.
    const std::size_t expected = has_places ? found.stx_size : 0;
    constexpr std::size_t block = 64 * 1024;
    bytes content;
    content.reserve(expected);
    while (expected == 0 || content.size() < expected) {
        const std::size_t had = content.size();
        content.resize(had + (expected == 0 ? block : std::min(expected - had, largest_read)));
        const std::int32_t got =
            checked(co_await performed({.kind = operation_kind::read,
                                        .fd = file.get(),
                                        .data = content.data() + had,
                                        .size = content.size() - had,
                                        .offset = has_places ? static_cast<std::int64_t>(had) : -1}),
                    "read", path);
        content.resize(had + static_cast<std::size_t>(got));
        if (got == 0)
            break;
    }
    co_await close_descriptor(file);
    co_return content;
}

task<> write(std::string path, bytes_view data, write_options options)
{
    detail::check_path("write", path);
    if (options.atomic) {
        co_await put_in_place(path,
                              {.operation = "write",
                               .permissions = options.permissions,
                               .keeps_permissions = true,
                               .replaces = true,
                               .sync = options.sync},
                              [&](int file) { return write_all(file, data, 0, path); });
        co_return;
    }
    std::size_t written = 0;
    if (!options.sync && data.size() <= small) {
        const std::int32_t result = co_await performed({.kind = operation_kind::write_file,
                                                        .flags = O_WRONLY | O_CREAT | O_TRUNC,
                                                        .mode = options.permissions,
                                                        .data = const_cast<char*>(data.data()),
                                                        .size = data.size(),
                                                        .path = path.c_str()});
        written = result == -EAGAIN ? 0 : static_cast<std::size_t>(checked(result, "write", path)); // a full pipe
        if (written == data.size())
            co_return;
    }
    const int flags = O_WRONLY | O_CREAT | (written == 0 ? O_TRUNC : 0);
    descriptor file = co_await open_descriptor(path, flags, options.permissions);
    co_await write_all(file.get(), data.substr(written), written, path);
    if (options.sync)
        co_await sync(file.get(), path);
    checked(co_await close_descriptor(file), "close", path);
    if (options.sync)
        co_await sync_directory(directory_of(path));
}

task<> append(std::string path, bytes_view data, append_options options)
{
    detail::check_path("append to", path);
    constexpr int flags = O_WRONLY | O_CREAT | O_APPEND;
    if (!options.sync) {
        const std::int32_t result = co_await performed({.kind = operation_kind::write_file,
                                                        .flags = flags,
                                                        .mode = options.permissions,
                                                        .data = const_cast<char*>(data.data()),
                                                        .size = data.size(),
                                                        .path = path.c_str()});
        if (const auto written = static_cast<std::size_t>(checked(result, "append to", path)); written < data.size())
            fail_short_append(path, written, data.size());
        co_return;
    }
    descriptor file = co_await open_descriptor(path, flags, options.permissions);
    const bool may_be_new = status_of(file.get(), path).stx_size == 0;
    const std::int32_t result = co_await performed(
        {.kind = operation_kind::write, .fd = file.get(), .data = const_cast<char*>(data.data()), .size = data.size()});
    if (const auto written = static_cast<std::size_t>(checked(result, "append to", path)); written < data.size())
        fail_short_append(path, written, data.size());
    co_await sync(file.get(), path);
    checked(co_await close_descriptor(file), "close", path);
    if (may_be_new)
        co_await sync_directory(directory_of(path));
}

task<std::uint64_t> copy(std::string from, std::string to, copy_options options)
{
    detail::check_path("copy to", to);
    const descriptor source = co_await open_descriptor(from, O_RDONLY);
    const struct statx found = status_of(source.get(), from);
    if (!S_ISREG(found.stx_mode))
        throw error(S_ISDIR(found.stx_mode) ? std::errc::is_a_directory : std::errc::invalid_argument,
                    "copy " + from + ": only files can be copied, and this is something else");
    std::uint64_t copied = 0;
    co_await put_in_place(to,
                          {.operation = "copy to",
                           .permissions = found.stx_mode & 07777u,
                           .keeps_permissions = false,
                           .replaces = options.replace,
                           .sync = false},
                          [&](int target) -> task<> { copied = co_await copy_all(source.get(), target, from, to); });
    co_return copied;
}

} // namespace simul::fs
