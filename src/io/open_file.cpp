// SPDX-License-Identifier: MIT
#include "open_file.hpp"

#include "file_calls.hpp"

#include <algorithm>
#include <fcntl.h>
#include <sys/stat.h>

namespace simul::detail {
namespace {

constexpr std::size_t ahead_size = 64 * 1024;

operation transfer_at(operation_kind kind, int fd, const char* data, std::size_t size, std::int64_t offset) noexcept
{
    operation wanted;
    wanted.kind = kind;
    wanted.fd = fd;
    wanted.data = const_cast<char*>(data); // a write only reads it
    wanted.size = size;
    wanted.offset = offset;
    return wanted;
}

int flags_of(std::string_view mode, const std::string& path)
{
    std::string plain;
    for (const char each : mode)
        if (each != 'b')
            plain += each;
    const bool both = plain.size() == 2 && plain[1] == '+';
    const int access = both ? O_RDWR : plain == "r" ? O_RDONLY : O_WRONLY;
    const char kind = plain.size() == 1 || both ? plain[0] : '\0';
    switch (kind) {
    case 'r':
        return access;
    case 'w':
        return access | O_CREAT | O_TRUNC;
    case 'a':
        return access | O_CREAT | O_APPEND;
    case 'x':
        return access | O_CREAT | O_EXCL;
    default:
        throw error(std::errc::invalid_argument, "open " + path + ": there is no mode \"" + std::string(mode) +
                                                     "\": use r, w, a or x, and + behind it to read and write");
    }
}

} // namespace

// ---- open_file: the beginning and the end

task<fs::file> open_file::open(std::string path, std::string mode, unsigned permissions)
{
    const int flags = flags_of(mode, path);
    auto core = std::make_unique<open_file>(std::move(path), flags);
    core->take_over(co_await open_descriptor(core->path_, flags, permissions));
    co_return fs::file(std::move(core));
}

task<fs::file> open_file::open_nameless(std::string directory)
{
    directory = temporary_directory(std::move(directory));
    auto core = std::make_unique<open_file>(directory + "/(temporary)", O_RDWR);
    try {
        core->take_over(co_await open_descriptor(directory, O_RDWR | O_TMPFILE, 0600));
        co_return fs::file(std::move(core));
    } catch (const error& refused) {
        if (refused.code() != std::errc::operation_not_supported && refused.code() != std::errc::is_a_directory)
            throw;
    }
    // This file system has no nameless ones: one whose name is taken away.
    const std::string named = directory + "/simul-" + std::to_string(executor::require("temp_file").random());
    core->take_over(co_await open_descriptor(named, O_RDWR | O_CREAT | O_EXCL, 0600));
    checked(co_await performed_anyway(operation{.kind = operation_kind::remove, .path = named.c_str()}), "temp_file",
            named);
    co_return fs::file(std::move(core));
}

void open_file::take_over(descriptor opened) noexcept
{
    fd_ = opened.release();
    backend& here = backend_here("open");
    made_in_ = &here;
    struct statx status{};
    streaming_ = here.look_at_file(fd_, status) == 0 &&
                 (S_ISFIFO(status.stx_mode) || S_ISCHR(status.stx_mode) || S_ISSOCK(status.stx_mode));
    at_end_ = appends() && !streaming_;
}

open_file::~open_file()
{
    if (fd_ >= 0)
        close_at_once(fd_, made_in_);
}

task<> open_file::close()
{
    const auto turn = co_await order_.lock();
    if (fd_ < 0)
        co_return;
    ahead_ = bytes();
    ahead_used_ = 0;
    const std::int32_t result =
        co_await performed_anyway(operation{.kind = operation_kind::close, .fd = std::exchange(fd_, -1)});
    if (result < 0)
        fail(-result, "close ");
}

// ---- what may be done

bool open_file::appends() const noexcept
{
    return (flags_ & O_APPEND) != 0;
}

void open_file::check_open(const char* operation) const
{
    if (fd_ < 0)
        throw closed_error(std::string(operation) + "of closed file " + path_);
}

void open_file::check_readable(const char* operation) const
{
    check_open(operation);
    if ((flags_ & O_ACCMODE) == O_WRONLY)
        throw error(std::errc::bad_file_descriptor, operation + path_ + ": it was opened for writing only");
}

void open_file::check_writable(const char* operation) const
{
    check_open(operation);
    if ((flags_ & O_ACCMODE) == O_RDONLY)
        throw error(std::errc::bad_file_descriptor, operation + path_ + ": it was opened for reading only");
}

void open_file::fail(int error, const char* operation) const
{
    throw error::from_errno(error, operation + path_);
}

// ---- the position, and what was read ahead of it

void open_file::consume(std::size_t size) noexcept
{
    position_ += size;
    ahead_used_ += size;
    if (ahead_used_ == ahead_.size()) {
        ahead_.clear();
        ahead_used_ = 0;
    }
}

/// It will be read again; but what came out of a stream can't be.
void open_file::drop_ahead() noexcept
{
    if (streaming_)
        return;
    ahead_.clear();
    ahead_used_ = 0;
}

/// As if it had not been read.
void open_file::give_back(std::uint64_t start, bytes_view read)
{
    position_ = start;
    drop_ahead();
    if (streaming_)
        ahead_.replace(0, std::exchange(ahead_used_, 0), read);
}

task<std::uint64_t> open_file::size_now(const char* operation)
{
    struct statx status{};
    const std::int32_t result = co_await performed({.kind = operation_kind::status, .fd = fd_, .data = &status});
    if (result < 0)
        fail(-result, operation);
    co_return status.stx_size;
}

task<std::uint64_t> open_file::position_now()
{
    if (at_end_) {
        position_ = co_await size_now("tell ");
        at_end_ = false;
    }
    co_return position_;
}

/// How far the file goes behind `position`, as far as can be seen without waiting; 0 when it can't.
std::uint64_t open_file::expected_after(std::uint64_t position) const noexcept
{
    struct statx status{};
    const bool known = !streaming_ && backend_here("read").look_at_file(fd_, status) == 0;
    return known && status.stx_size > position ? status.stx_size - position : 0;
}

// ---- reading

/// One transfer at the position, which goes on.
task<std::size_t> open_file::transfer(operation_kind kind, char* data, std::size_t size)
{
    const std::int64_t offset = streaming_ ? -1 : static_cast<std::int64_t>(position_);
    const std::int32_t result = co_await performed(transfer_at(kind, fd_, data, size, offset));
    if (result < 0)
        fail(-result, kind == operation_kind::read ? "read " : "write ");
    position_ += static_cast<std::uint64_t>(result);
    co_return static_cast<std::size_t>(result);
}

task<std::size_t> open_file::fill(std::span<char> room)
{
    const std::uint64_t start = co_await position_now();
    std::size_t filled = std::min(ahead().size(), room.size());
    std::copy_n(ahead().data(), filled, room.data());
    consume(filled);
    try {
        while (filled < room.size()) {
            const std::size_t step = std::min(room.size() - filled, largest_read);
            const std::size_t got = co_await transfer(operation_kind::read, room.data() + filled, step);
            if (got == 0)
                break;
            filled += got;
        }
    } catch (...) {
        give_back(start, {room.data(), filled});
        throw;
    }
    co_return filled;
}

task<bytes> open_file::take(std::size_t most)
{
    const std::uint64_t start = co_await position_now();
    bytes got;
    if (most <= ahead_size) {
        got.resize(most);
        got.resize(co_await fill(got));
        co_return got;
    }
    // As far as the file goes now: what is added meanwhile isn't waited for. Where that isn't known, to the end.
    const std::uint64_t expected = std::min<std::uint64_t>(expected_after(start), most);
    got.reserve(expected);
    try {
        while (got.size() < most && (expected == 0 || got.size() < expected)) {
            const std::size_t had = got.size();
            const std::size_t left = expected == 0 ? ahead_size : expected - had;
            got.resize(had + std::min({left, most - had, largest_read}));
            got.resize(had + co_await fill(std::span(got).subspan(had)));
            if (got.size() == had)
                break;
        }
    } catch (...) {
        // `fill` has given back what it had, and stands where the part before it ends.
        got.resize(std::min<std::size_t>(got.size(), position_ - start));
        give_back(start, got);
        throw;
    }
    co_return got;
}

task<bytes> open_file::read(std::size_t most)
{
    const auto turn = co_await order_.lock();
    check_readable("read ");
    co_return co_await take(most);
}

task<std::size_t> open_file::read(std::span<char> room)
{
    const auto turn = co_await order_.lock();
    check_readable("read ");
    co_return co_await fill(room);
}

task<bytes> open_file::read_exactly(std::size_t size)
{
    const auto turn = co_await order_.lock();
    check_readable("read_exactly ");
    const std::uint64_t start = co_await position_now();
    bytes got = co_await take(size);
    if (got.size() < size) {
        give_back(start, got);
        throw end_of_stream("read_exactly " + path_ + ": it ends after " + std::to_string(got.size()) + " of " +
                            std::to_string(size) + " bytes");
    }
    co_return got;
}

/// Reads more behind what was read ahead. False at the end.
task<bool> open_file::fetch()
{
    const std::uint64_t start = co_await position_now();
    ahead_.erase(0, std::exchange(ahead_used_, 0));
    const std::size_t had = ahead_.size();
    ahead_.resize(had + ahead_size);
    std::size_t got = 0;
    try {
        position_ = start + had;
        got = co_await transfer(operation_kind::read, ahead_.data() + had, ahead_size);
    } catch (...) {
        ahead_.resize(had);
        position_ = start;
        throw;
    }
    ahead_.resize(had + got);
    position_ = start;
    co_return got > 0;
}

task<std::optional<bytes>> open_file::read_line(std::size_t limit)
{
    const auto turn = co_await order_.lock();
    check_readable("read_line ");
    for (std::size_t searched = 0;;) {
        const std::size_t end = ahead().find('\n', searched);
        if (std::min(end, ahead().size()) > limit)
            throw limit_exceeded("read_line " + path_ + ": no end of line in " + std::to_string(limit) + " bytes");
        if (end != bytes_view::npos) {
            bytes_view line = ahead().substr(0, end);
            if (line.ends_with('\r'))
                line.remove_suffix(1);
            bytes found(line);
            consume(end + 1);
            co_return found;
        }
        searched = ahead().size();
        if (!co_await fetch())
            break;
    }
    if (ahead().empty())
        co_return std::nullopt;
    bytes last(ahead());
    consume(last.size());
    co_return last;
}

async_generator<bytes> open_file::lines(std::size_t limit)
{
    while (std::optional<bytes> line = co_await read_line(limit))
        co_yield std::move(*line);
}

// ---- writing

task<> open_file::write(bytes_view data)
{
    const auto turn = co_await order_.lock();
    check_writable("write ");
    if (data.empty())
        co_return;
    // A transfer doesn't write to what it sends.
    auto* const start = const_cast<char*>(data.data());
    if (appends()) {
        at_end_ = !streaming_;
        drop_ahead();
        const std::size_t written = co_await transfer(operation_kind::write, start, data.size());
        if (written < data.size())
            throw error(std::errc::io_error, "write " + path_ + ": only " + std::to_string(written) + " of " +
                                                 std::to_string(data.size()) + " bytes were appended");
        co_return;
    }
    drop_ahead();
    for (std::size_t written = 0; written < data.size();)
        written +=
            co_await transfer(operation_kind::write, start + written, std::min(data.size() - written, largest_write));
}

task<> open_file::write_at(std::uint64_t offset, bytes_view data)
{
    const auto turn = co_await order_.lock();
    check_writable("write_at ");
    if (appends())
        throw error(std::errc::invalid_argument, "write_at " + path_ + ": in mode \"a\" all goes to the end");
    drop_ahead();
    while (!data.empty()) {
        const std::int32_t result =
            co_await performed(transfer_at(operation_kind::write, fd_, data.data(),
                                           std::min(data.size(), largest_write), static_cast<std::int64_t>(offset)));
        if (result < 0)
            fail(-result, "write_at ");
        data.remove_prefix(static_cast<std::size_t>(result));
        offset += static_cast<std::uint64_t>(result);
    }
}

// ---- places

task<std::size_t> open_file::fill_at(std::uint64_t offset, std::span<char> room)
{
    std::size_t filled = 0;
    while (filled < room.size()) {
        const auto place = static_cast<std::int64_t>(offset + filled);
        const std::size_t step = std::min(room.size() - filled, largest_read);
        const std::int32_t got =
            co_await performed(transfer_at(operation_kind::read, fd_, room.data() + filled, step, place));
        if (got < 0)
            fail(-got, "read_at ");
        if (got == 0)
            break;
        filled += static_cast<std::size_t>(got);
    }
    co_return filled;
}

task<std::size_t> open_file::read_at(std::uint64_t offset, std::span<char> room)
{
    const auto turn = co_await order_.lock_shared();
    check_readable("read_at ");
    co_return co_await fill_at(offset, room);
}

task<bytes> open_file::read_at(std::uint64_t offset, std::size_t most)
{
    const auto turn = co_await order_.lock_shared();
    check_readable("read_at ");
    if (const std::uint64_t expected = expected_after(offset); expected != 0) // don't take memory for what isn't there
        most = static_cast<std::size_t>(std::min<std::uint64_t>(most, std::max<std::uint64_t>(expected, ahead_size)));
    bytes got(most, '\0');
    got.resize(co_await fill_at(offset, got));
    co_return got;
}

task<std::uint64_t> open_file::seek(std::int64_t offset, fs::from whence)
{
    const auto turn = co_await order_.lock();
    check_open("seek ");
    if (streaming_)
        fail(ESPIPE, "seek ");
    std::uint64_t base = 0;
    if (whence == fs::from::current)
        base = co_await position_now();
    else if (whence == fs::from::end)
        base = co_await size_now("seek ");
    const auto wanted = static_cast<std::int64_t>(base + static_cast<std::uint64_t>(offset));
    if (wanted < 0)
        throw error(std::errc::invalid_argument,
                    "seek " + path_ + ": " + std::to_string(wanted) + " is no place in a file");
    drop_ahead();
    at_end_ = false;
    position_ = static_cast<std::uint64_t>(wanted);
    co_return position_;
}

task<std::uint64_t> open_file::tell()
{
    const auto turn = co_await order_.lock();
    check_open("tell ");
    co_return co_await position_now();
}

// ---- the whole

task<std::uint64_t> open_file::size()
{
    const auto turn = co_await order_.lock();
    check_open("size ");
    co_return co_await size_now("size ");
}

task<std::uint64_t> open_file::truncate(std::optional<std::uint64_t> size)
{
    const auto turn = co_await order_.lock();
    check_writable("truncate ");
    const std::uint64_t position = co_await position_now();
    const std::uint64_t wanted = size.value_or(position);
    drop_ahead();
    const std::int32_t result =
        co_await performed({.kind = operation_kind::resize, .fd = fd_, .offset = static_cast<std::int64_t>(wanted)});
    if (result < 0)
        fail(-result, "truncate ");
    co_return wanted;
}

task<> open_file::sync(int what)
{
    const auto turn = co_await order_.lock();
    check_open("sync ");
    const std::int32_t result = co_await performed({.kind = operation_kind::sync, .fd = fd_, .flags = what});
    if (result < 0)
        fail(-result, "sync ");
}

} // namespace simul::detail
