// SPDX-License-Identifier: MIT
//
// What file.cpp, whole_file.cpp, fs.cpp and file_beneath.cpp share.
#pragma once

#include "performed.hpp"

#include <simul/io/fs.hpp>
#include <simul/task/task.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace simul::detail {

/// The most that is read at once: from memory a fraction of a millisecond of the loop's time.
inline constexpr std::size_t largest_read = 1024 * 1024;
/// The most that is written at once: not by the loop, but nobody can stop it either.
inline constexpr std::size_t largest_write = 16 * 1024 * 1024;

/// *Throws:* `error` for a path that the system would take for a shorter one.
void check_path(std::string_view operation, const std::string& path);

/// `result`, unless it is a negated errno. *Throws:* `error`: "open /etc/nothing: No such file or directory".
std::int32_t checked(std::int32_t result, std::string_view operation, const std::string& path);

/// Closes at once. `made_in`: the backend that opened it, which may be gone.
void close_at_once(int fd, const backend* made_in) noexcept;

/// In $TMPDIR or /tmp, when `directory` is empty.
std::string temporary_directory(std::string directory);

/// Owns a descriptor of a loop's backend.
class descriptor {
public:
    descriptor(int fd, const backend& made_in) noexcept : fd_(fd), made_in_(&made_in) {}
    descriptor(descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)), made_in_(other.made_in_) {}
    descriptor& operator=(descriptor&& other) noexcept
    {
        std::swap(fd_, other.fd_);
        std::swap(made_in_, other.made_in_);
        return *this;
    }
    ~descriptor()
    {
        if (fd_ >= 0)
            close_at_once(fd_, made_in_);
    }

    int get() const noexcept { return fd_; }
    int release() noexcept { return std::exchange(fd_, -1); }

private:
    int fd_;
    const backend* made_in_;
};

/// Opens `path`, relative to the open directory `at`. Never waits for a FIFO's other end. *Throws:* `error`.
task<descriptor> open_descriptor(const std::string& path, int flags, unsigned mode = 0, int at = -1);

/// What `fs::stat` says of it.
fs::status status_of(const struct statx& found) noexcept;

/// What `fs::list` finds in an open directory; `path` is its name, for errors. *Throws:* `error`.
task<std::vector<fs::entry>> list(const descriptor& directory, std::string path, fs::list_options options = {});

/// Closes it; 0, or what went wrong with what was written before. In any case: a request to cancel comes later.
task<std::int32_t> close_descriptor(descriptor& open);

} // namespace simul::detail
