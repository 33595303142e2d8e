// SPDX-License-Identifier: MIT
//
// fs: files and directories, without ever blocking the loop.
//
//     simul::bytes config = co_await simul::fs::read("app.conf");
//     co_await simul::fs::write("state.json", state, {.atomic = true});
//     co_await simul::fs::append("access.log", line);
//     for (const auto& each : co_await simul::fs::list("photos", {.recursive = true})) ...
//
// All suspend, and all *throw* `error` with the system's code and a text that names operation and path. Paths are
// relative to the working directory. *Cancel:* what was asked of the system by then is done; nothing is left half
// open, and nothing temporary lies about. For parts of files there is `file`.
//
// A small file that the system has in memory is read in about 3 µs; creating one costs what the file system takes.
#pragma once

#include <simul/base/bytes.hpp>
#include <simul/io/file.hpp>
#include <simul/task/task.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace simul::fs {

// ---- whole files

/// All of it, as far as it goes when it is opened.
task<bytes> read(std::string path);

struct write_options {
    /// Replaces the old file in one step: who reads it finds all of the old or all of the new, and whatever fails, a full
    /// disk for one, leaves the old as it is. Its permissions are kept; its owner and its other names (hard links) aren't.
    bool atomic = false;
    /// Returns when it is safe on the disk: it outlives a power failure, and with `atomic` one of the two does at any time.
    bool sync = false;
    unsigned permissions = 0666; ///< of a new file; the process's umask takes away from them
};
/// Makes it contain this. *Lifetime:* `data`, until it is done.
task<> write(std::string path, bytes_view data, write_options options = {});

struct append_options {
    bool sync = false;
    unsigned permissions = 0666; ///< of a new file
};
/// Puts it at the end, in one piece: what several tasks and processes append isn't mixed. Where only a part found room,
/// that is an error, and the rest isn't tried.
task<> append(std::string path, bytes_view data, append_options options = {});

struct copy_options {
    bool replace = true; ///< what is there; else that is an error
};
/// A file's content and permissions, in one step, as an atomic `write`. Returns its size.
task<std::uint64_t> copy(std::string from, std::string to, copy_options options = {});

// ---- what is at a path

enum class file_type : std::uint8_t {
    regular,
    directory,
    symlink,
    fifo,
    socket,
    block_device,
    character_device,
    unknown,
};

struct status {
    using time = std::chrono::system_clock::time_point;

    file_type type = file_type::unknown;
    unsigned permissions = 0; ///< rwx and the special bits, as chmod(1) writes them in octal
    std::uint64_t size = 0;
    std::uint64_t links = 0;
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    unsigned owner = 0;
    unsigned group = 0;
    time modified;
    time accessed;
    time changed; ///< content or status

    bool is_file() const noexcept { return type == file_type::regular; }
    bool is_directory() const noexcept { return type == file_type::directory; }
};

struct stat_options {
    bool follow_links = true; ///< else of a symbolic link itself
};
task<status> stat(std::string path, stat_options options = {});

/// Something is there; a link to nothing isn't.
task<bool> exists(std::string path);

struct entry {
    std::string name; ///< from the directory on: "a", "sub/b"
    file_type type = file_type::unknown;
};
struct list_options {
    bool recursive = false; ///< also what is in directories below; links to some aren't followed
};
/// What is in a directory, in order of names.
task<std::vector<entry>> list(std::string directory = ".", list_options options = {});

// ---- changing it

/// A file, a link, or an empty directory.
task<> remove(std::string path);
/// With all that is in it; links aren't followed, also not those that somebody puts there meanwhile. Returns how much was
/// removed; 0 when there was nothing.
task<std::uint64_t> remove_all(std::string path);

struct rename_options {
    bool replace = true; ///< what is there; else that is an error
};
/// In one step. Within one file system: elsewhere `copy` and `remove`.
task<> rename(std::string from, std::string to, rename_options options = {});

struct mkdir_options {
    bool parents = false; ///< makes those that are missing, too, and is content when it exists
    unsigned permissions = 0777;
};
task<> mkdir(std::string path, mkdir_options options = {});

/// Makes a symbolic link at `path` that says `target`.
task<> symlink(std::string target, std::string path);
/// What a symbolic link says.
task<std::string> read_link(std::string path);

// ---- temporary

/// A directory for a while. `close` removes it and all that is in it, `with(temp_dir(), ...)` does that on every way out;
/// its destructor does, and the loop has to wait for that.
class [[nodiscard("dropped at once, it is removed at once: keep it in a variable")]] temp_directory {
public:
    temp_directory() noexcept = default;
    explicit temp_directory(std::string path) noexcept : path_(std::move(path)) {}
    temp_directory(temp_directory&& other) noexcept : path_(std::exchange(other.path_, {})) {}
    temp_directory& operator=(temp_directory&& other) noexcept
    {
        std::swap(path_, other.path_);
        return *this;
    }
    ~temp_directory();

    const std::string& path() const noexcept { return path_; }
    /// The path of something in it.
    std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }

    task<> close();
    /// It stays.
    std::string release() noexcept { return std::exchange(path_, {}); }

private:
    std::string path_;
};

/// Makes one that only this user may enter, in `directory` or, when that is empty, in $TMPDIR or /tmp.
task<temp_directory> temp_dir(std::string directory = {});

} // namespace simul::fs
