// SPDX-License-Identifier: MIT
//
// For a while, a descriptor of this process is another file.
#pragma once

#include <fcntl.h>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

class replaced_fd {
public:
    /// Takes over `by`.
    replaced_fd(int fd, int by) : fd_(fd), saved_(::fcntl(fd, F_DUPFD_CLOEXEC, 3))
    {
        ::dup2(by, fd_);
        ::close(by);
    }
    replaced_fd(const replaced_fd&) = delete;
    ~replaced_fd()
    {
        ::dup2(saved_, fd_);
        ::close(saved_);
    }

private:
    int fd_;
    int saved_;
};

/// A file in memory with this content, read from its beginning.
inline int file_of(const std::string& content)
{
    const int fd = ::memfd_create("test", MFD_CLOEXEC);
    if (::write(fd, content.data(), content.size()) < 0 || ::lseek(fd, 0, SEEK_SET) < 0)
        ::perror("file_of");
    return fd;
}

/// All that is in it.
inline std::string content_of(int fd)
{
    std::string all(1 << 20, '\0');
    const ssize_t size = ::pread(fd, all.data(), all.size(), 0);
    all.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return all;
}
