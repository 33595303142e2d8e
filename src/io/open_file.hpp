// SPDX-License-Identifier: MIT
//
// What is behind a `fs::file`. Stays where it is while its tasks run, wherever the `file` is moved.
//
// The kernel is given a place with every transfer, and keeps none for us. So a transfer that was cancelled, or that failed,
// has not moved the position.
//
// | word       | meaning                                                                   |
// |------------|---------------------------------------------------------------------------|
// | position_  | of the next byte that the user reads or writes                            |
// | at_end_    | it is the end of the file, wherever that is now; position_ means nothing  |
// | ahead_     | what stands in the file at position_, from ahead_used_ on                 |
// | streaming_ | a FIFO or a device: has no places, what was read is gone from it          |
//
// All belong to whoever holds `order_`.
#pragma once

#include "file_calls.hpp"

#include <simul/io/file.hpp>
#include <simul/task/shared_mutex.hpp>

namespace simul::detail {

class open_file {
public:
    /// Still closed.
    open_file(std::string path, int flags) : path_(std::move(path)), flags_(flags) {}
    open_file(const open_file&) = delete;
    ~open_file();

    static task<fs::file> open(std::string path, std::string mode, unsigned permissions);
    static task<fs::file> open_nameless(std::string directory);

    task<bytes> read(std::size_t most);
    task<std::size_t> read(std::span<char> room);
    task<bytes> read_exactly(std::size_t size);
    task<std::optional<bytes>> read_line(std::size_t limit);
    async_generator<bytes> lines(std::size_t limit);
    task<> write(bytes_view data);
    task<std::uint64_t> seek(std::int64_t offset, fs::from whence);
    task<std::uint64_t> tell();
    task<bytes> read_at(std::uint64_t offset, std::size_t most);
    task<std::size_t> read_at(std::uint64_t offset, std::span<char> room);
    task<> write_at(std::uint64_t offset, bytes_view data);
    task<std::uint64_t> size();
    task<std::uint64_t> truncate(std::optional<std::uint64_t> size);
    task<> sync(int what);
    task<> close();

    bool closed() const noexcept { return fd_ < 0; }
    int fd() const noexcept { return fd_; }
    const std::string& path() const noexcept { return path_; }

private:
    void take_over(descriptor opened) noexcept;
    bool appends() const noexcept;
    void check_open(const char* operation) const;
    void check_readable(const char* operation) const;
    void check_writable(const char* operation) const;
    [[noreturn]] void fail(int error, const char* operation) const;

    bytes_view ahead() const noexcept { return bytes_view(ahead_).substr(ahead_used_); }
    void consume(std::size_t size) noexcept;
    void drop_ahead() noexcept;
    void give_back(std::uint64_t start, bytes_view read);

    // In their turn:
    task<std::uint64_t> position_now();
    task<std::uint64_t> size_now(const char* operation);
    task<bytes> take(std::size_t most);
    task<std::size_t> fill(std::span<char> room);
    task<std::size_t> fill_at(std::uint64_t offset, std::span<char> room);
    task<bool> fetch();
    task<std::size_t> transfer(operation_kind kind, char* data, std::size_t size);
    std::uint64_t expected_after(std::uint64_t position) const noexcept;

    std::string path_;
    int flags_;
    int fd_ = -1;
    const backend* made_in_ = nullptr;
    bool at_end_ = false;
    bool streaming_ = false;
    std::uint64_t position_ = 0;
    bytes ahead_;
    std::size_t ahead_used_ = 0;
    shared_mutex order_; ///< who changes position or content: alone; who reads at a place: beside others
};

} // namespace simul::detail
