// SPDX-License-Identifier: MIT
//
// A directory of small files, for benchmarks: a fresh one each time, for a file system remembers what was deleted.
#pragma once

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace bench {

constexpr std::size_t small_file = 4096;
constexpr std::size_t large_file = 256 * 1024 * 1024;
constexpr std::size_t large_block = 1024 * 1024;
constexpr long files_at_once = 64;

class many_files {
public:
    explicit many_files(long count)
    {
        const char* const named = std::getenv("TMPDIR");
        directory_ = std::string(named ? named : "/tmp") + "/simul-bench-XXXXXX";
        if (!::mkdtemp(directory_.data()))
            std::abort();
        for (long i = 0; i < count; ++i)
            paths_.push_back(directory_ + "/" + std::to_string(i));
    }
    ~many_files()
    {
        for (const std::string& path : paths_)
            ::unlink(path.c_str());
        ::rmdir(directory_.c_str());
    }
    many_files(const many_files&) = delete;

    void fill(std::size_t size) const
    {
        const std::string content(std::min(size, large_block), 'x');
        for (const std::string& path : paths_) {
            const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
            for (std::size_t done = 0; done < size; done += content.size())
                if (::write(fd, content.data(), content.size()) != static_cast<ssize_t>(content.size()))
                    std::abort();
            ::close(fd);
        }
    }

    /// Makes the system forget what it has in memory. False where that is not allowed.
    static bool drop_caches()
    {
        ::sync();
        const int fd = ::open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
        const bool dropped = fd >= 0 && ::write(fd, "3", 1) == 1;
        ::close(fd);
        return dropped;
    }

    const std::vector<std::string>& paths() const noexcept { return paths_; }
    const std::string& operator[](long i) const noexcept { return paths_[static_cast<std::size_t>(i)]; }

private:
    std::string directory_;
    std::vector<std::string> paths_;
};

/// Memory to read a block into. On a page's boundary: elsewhere the system copies up to a fifth more slowly.
class block_room {
public:
    char* data() noexcept { return pages_.front().data; }
    std::size_t size() const noexcept { return large_block; }

private:
    struct alignas(4096) page {
        char data[4096];
    };
    std::vector<page> pages_{large_block / sizeof(page)};
};

/// The figures of files, in µs per small file and s per GiB, from three functions: `read_all(paths)`, `write_all(paths)`
/// and `read_large(path)`, which reads in blocks.
void measure_files(auto& program, auto&& read_all, auto&& write_all, auto&& read_large)
{
    const long count = program.quick() ? 2'000 : 10'000;
    const auto each = [count](double ns) { return ns / 1000 / static_cast<double>(count); };
    if (program.wants("file_read_small")) {
        const many_files files(count);
        files.fill(small_file);
        read_all(files.paths());
        program.print("file_read_small", each(timed([&] { read_all(files.paths()); })));
    }
    if (program.wants("file_read_cold")) {
        const many_files files(count);
        files.fill(small_file);
        if (many_files::drop_caches())
            program.print("file_read_cold", each(timed([&] { read_all(files.paths()); })));
    }
    if (program.wants("file_write_small")) {
        // For five seconds ext4 doesn't use what was deleted, and searches past it for each new file: up to ten times the cost.
        std::this_thread::sleep_for(std::chrono::seconds(6));
        const many_files files(count);
        program.print("file_write_small", each(timed([&] { write_all(files.paths()); })));
    }
    if (program.wants("file_read_large")) {
        const many_files one(1);
        one.fill(large_file);
        read_large(one[0]);
        const double ns = timed([&] { read_large(one[0]); });
        program.print("file_read_large", ns / 1e9 * (1024.0 * 1024 * 1024 / large_file));
    }
}

} // namespace bench
