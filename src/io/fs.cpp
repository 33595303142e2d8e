// SPDX-License-Identifier: MIT
//
// fs: what is at a path, and directories.
#include <simul/io/fs.hpp>

#include "file_calls.hpp"

#include <simul/base/error.hpp>
#include <simul/run/loop.hpp>
#include <simul/task/future.hpp>
#include <simul/task/spawn.hpp>

#include <algorithm>
#include <climits>
#include <cstdio>
#include <dirent.h>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <system_error>

namespace simul::fs {
namespace {

using detail::check_path;
using detail::checked;
using detail::close_descriptor;
using detail::descriptor;
using detail::directory_entry;
using detail::open_descriptor;
using detail::operation_kind;
using detail::performed;

file_type type_of_mode(unsigned mode) noexcept
{
    switch (mode & S_IFMT) {
    case S_IFREG:
        return file_type::regular;
    case S_IFDIR:
        return file_type::directory;
    case S_IFLNK:
        return file_type::symlink;
    case S_IFIFO:
        return file_type::fifo;
    case S_IFSOCK:
        return file_type::socket;
    case S_IFBLK:
        return file_type::block_device;
    case S_IFCHR:
        return file_type::character_device;
    default:
        return file_type::unknown;
    }
}

status::time time_of(const statx_timestamp& at) noexcept
{
    using std::chrono::nanoseconds;
    using std::chrono::seconds;
    return status::time(
        std::chrono::duration_cast<status::time::duration>(seconds(at.tv_sec) + nanoseconds(at.tv_nsec)));
}

/// Of a path relative to the open directory `at`; a negated errno when it has none.
task<std::int32_t> look(const std::string& path, struct statx& found, int flags, int at = -1)
{
    co_return co_await performed(
        {.kind = operation_kind::status, .fd = at, .flags = flags, .data = &found, .path = path.c_str()});
}

task<std::int32_t> unlink(const std::string& path, int flags, int at = -1)
{
    co_return co_await performed({.kind = operation_kind::remove, .fd = at, .flags = flags, .path = path.c_str()});
}

task<std::vector<directory_entry>> entries_of(int directory, const std::string& path)
{
    std::vector<directory_entry> found;
    checked(co_await performed({.kind = operation_kind::list, .fd = directory, .data = &found}), "list", path);
    co_return found;
}

/// The type of what `list` found; asks where the file system didn't say. `unknown`: it is gone.
task<file_type> type_of(const directory_entry& entry, int directory)
{
    if (entry.type != DT_UNKNOWN)
        co_return type_of_mode(DTTOIF(entry.type));
    struct statx found{};
    const std::int32_t problem = co_await look(entry.name, found, AT_SYMLINK_NOFOLLOW, directory);
    co_return problem < 0 ? file_type::unknown : type_of_mode(found.stx_mode);
}

constexpr int as_directory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;

/// Adds what is in an open directory, in no order; `prefix` is its name from the root of the listing on.
task<> list_into(std::vector<entry>& found, int directory, std::string prefix, std::string path, bool recursive)
{
    for (directory_entry& each : co_await entries_of(directory, path)) {
        const file_type type = co_await type_of(each, directory);
        found.push_back({prefix + each.name, type});
        if (!recursive || type != file_type::directory)
            continue;
        std::int32_t inner = co_await performed(
            {.kind = operation_kind::open, .fd = directory, .flags = as_directory, .path = each.name.c_str()});
        if (inner == -ENOENT || inner == -ENOTDIR || inner == -ELOOP) // it was replaced meanwhile
            continue;
        std::string its_path = path + "/" + each.name;
        const descriptor below(checked(inner, "list", its_path), detail::backend_here("list"));
        co_await list_into(found, below.get(), prefix + each.name + "/", std::move(its_path), recursive);
    }
}

/// What is gone by itself is as good as removed.
std::int32_t removed(std::int32_t result, const std::string& path)
{
    return result == -ENOENT ? 0 : checked(result, "remove", path);
}

/// Empties an open directory. All goes by way of descriptors, so that nobody who puts a link in its place can lead us
/// elsewhere.
task<std::uint64_t> remove_below(int directory, std::string path)
{
    std::uint64_t count = 0;
    for (const directory_entry& each : co_await entries_of(directory, path)) {
        const std::string its_path = path + "/" + each.name;
        std::int32_t problem = each.type == DT_DIR ? -EISDIR : co_await unlink(each.name, 0, directory);
        if (problem == -EISDIR || problem == -EPERM) {
            const std::int32_t inner = co_await performed(
                {.kind = operation_kind::open, .fd = directory, .flags = as_directory, .path = each.name.c_str()});
            if (inner >= 0) {
                const descriptor below(inner, detail::backend_here("remove_all"));
                count += co_await remove_below(below.get(), its_path);
                problem = co_await unlink(each.name, AT_REMOVEDIR, directory);
            } else if (inner == -ENOTDIR || inner == -ELOOP) {
                problem = co_await unlink(each.name, 0, directory);
            } else {
                problem = inner;
            }
        }
        removed(problem, its_path);
        ++count;
    }
    co_return count;
}

std::string without_slashes_behind(std::string path)
{
    while (path.size() > 1 && path.ends_with('/'))
        path.pop_back();
    return path;
}

} // namespace

// ---- what is at a path

task<status> stat(std::string path, stat_options options)
{
    check_path("stat", path);
    struct statx found{};
    checked(co_await look(path, found, options.follow_links ? 0 : AT_SYMLINK_NOFOLLOW), "stat", path);
    co_return detail::status_of(found);
}

task<bool> exists(std::string path)
{
    check_path("exists", path);
    struct statx found{};
    const std::int32_t problem = co_await look(path, found, 0);
    if (problem == -ENOENT || problem == -ENOTDIR || problem == -ELOOP)
        co_return false;
    checked(problem, "exists", path);
    co_return true;
}

task<std::vector<entry>> list(std::string directory, list_options options)
{
    const descriptor open = co_await open_descriptor(directory, O_RDONLY | O_DIRECTORY);
    co_return co_await detail::list(open, std::move(directory), options);
}

// ---- changing it

task<> remove(std::string path)
{
    check_path("remove", path);
    std::int32_t problem = co_await unlink(path, 0);
    if (problem == -EISDIR || problem == -EPERM) // as Linux says, as POSIX says
        if (const std::int32_t as_empty = co_await unlink(path, AT_REMOVEDIR); as_empty != -ENOTDIR)
            problem = as_empty;
    checked(problem, "remove", path);
}

task<std::uint64_t> remove_all(std::string path)
{
    check_path("remove_all", path);
    path = without_slashes_behind(std::move(path));
    if (const std::string name = path.substr(path.find_last_of('/') + 1); name == "." || name == ".." || path == "/")
        throw error(std::errc::invalid_argument, "remove_all " + path + ": that is hardly meant; name the directory");
    const std::int32_t problem = co_await unlink(path, 0);
    if (problem == -ENOENT || problem == -ENOTDIR)
        co_return 0;
    if (problem != -EISDIR && problem != -EPERM) {
        checked(problem, "remove", path);
        co_return 1;
    }
    std::uint64_t count = 0;
    {
        const descriptor directory = co_await open_descriptor(path, as_directory);
        count = co_await remove_below(directory.get(), path);
    }
    removed(co_await unlink(path, AT_REMOVEDIR), path);
    co_return count + 1;
}

task<> rename(std::string from, std::string to, rename_options options)
{
    check_path("rename", from);
    check_path("rename to", to);
    const unsigned flags = options.replace ? 0 : RENAME_NOREPLACE;
    checked(co_await performed({.kind = operation_kind::rename,
                                .flags = static_cast<int>(flags),
                                .path = from.c_str(),
                                .target = to.c_str()}),
            "rename", from + " to " + to);
}

task<> mkdir(std::string path, mkdir_options options)
{
    check_path("mkdir", path);
    path = without_slashes_behind(std::move(path));
    const detail::operation make{
        .kind = operation_kind::make_directory, .mode = options.permissions, .path = path.c_str()};
    std::int32_t problem = co_await performed(make);
    if (problem == -ENOENT && options.parents) {
        const std::size_t slash = path.find_last_of('/');
        if (slash != std::string::npos && slash > 0) {
            co_await mkdir(path.substr(0, slash), options);
            problem = co_await performed(make);
        }
    }
    if (problem == -EEXIST && options.parents) {
        struct statx found{};
        if (co_await look(path, found, 0) == 0 && S_ISDIR(found.stx_mode))
            co_return;
    }
    checked(problem, "mkdir", path);
}

task<> symlink(std::string target, std::string path)
{
    check_path("symlink", path);
    check_path("symlink to", target);
    checked(co_await performed({.kind = operation_kind::make_symlink, .path = path.c_str(), .target = target.c_str()}),
            "symlink", path);
}

task<std::string> read_link(std::string path)
{
    check_path("read_link", path);
    std::string says(PATH_MAX, '\0');
    const std::int32_t size = co_await performed(
        {.kind = operation_kind::read_link, .data = says.data(), .size = says.size(), .path = path.c_str()});
    says.resize(static_cast<std::size_t>(checked(size, "read_link", path)));
    co_return says;
}

// ---- temporary

task<temp_directory> temp_dir(std::string directory)
{
    directory = detail::temporary_directory(std::move(directory));
    for (;;) {
        std::string path = directory + "/simul-" + std::to_string(executor::require("temp_dir").random());
        const std::int32_t problem =
            co_await performed({.kind = operation_kind::make_directory, .mode = 0700, .path = path.c_str()});
        if (problem == -EEXIST)
            continue;
        checked(problem, "temp_dir", path);
        co_return temp_directory(std::move(path));
    }
}

task<> temp_directory::close()
{
    if (path_.empty())
        co_return;
    co_await remove_all(path_);
    path_.clear();
}

// At once: the loop may be at its end, and drop what is begun now. Files of virtual time are its own, and go with it.
temp_directory::~temp_directory()
{
    if (path_.empty())
        return;
    if (executor::current() && loop::current().backend_name() == "sim") {
        try {
            spawn(remove_all(std::move(path_))).detach();
        } catch (...) { // the loop is being closed
        }
        return;
    }
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

} // namespace simul::fs

namespace simul::detail {

fs::status status_of(const struct statx& found) noexcept
{
    return {
        .type = fs::type_of_mode(found.stx_mode),
        .permissions = found.stx_mode & 07777u,
        .size = found.stx_size,
        .links = found.stx_nlink,
        .device = std::uint64_t{found.stx_dev_major} << 32 | found.stx_dev_minor,
        .inode = found.stx_ino,
        .owner = found.stx_uid,
        .group = found.stx_gid,
        .modified = fs::time_of(found.stx_mtime),
        .accessed = fs::time_of(found.stx_atime),
        .changed = fs::time_of(found.stx_ctime),
    };
}

task<std::vector<fs::entry>> list(const descriptor& directory, std::string path, fs::list_options options)
{
    std::vector<fs::entry> found;
    co_await fs::list_into(found, directory.get(), "", std::move(path), options.recursive);
    std::ranges::sort(found, {}, &fs::entry::name);
    co_return found;
}

} // namespace simul::detail
