// SPDX-License-Identifier: MIT
//
// file: an open file. Its calls suspend; none of them ever blocks the loop.
//
//     simul::fs::file log = co_await simul::fs::open("events.log", "a+");
//     co_await log.write("started\n");
//     co_await log.seek(0);
//     while (auto line = co_await log.read_line())
//         fmt::print("{}\n", *line);
//     co_await log.close();
//
// Calls on one file take effect in the order in which they began, also when several are under way at once:
// `gather(f.write(a), f.write(b))` writes a, then b. Only `read_at`s beside each other go in parallel.
//
// A cancelled call leaves the file usable, and its position where it was; of what was to be written, a part may have been.
// A file may be used from any loop. It closes itself at the end of its scope; `close` also says what went wrong then.
//
// There is no text mode: what is read and written is bytes. One file takes about 200 bytes, and 64 KiB more while it is
// read by lines.
#pragma once

#include <simul/base/bytes.hpp>
#include <simul/base/error.hpp>
#include <simul/task/async_generator.hpp>
#include <simul/task/task.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace simul {
namespace detail {
class open_file;
}

namespace fs {

/// What `seek` counts from.
enum class from : std::uint8_t { begin, current, end };

class [[nodiscard("dropped at once, it closes at once: keep it in a variable")]] file {
public:
    static constexpr std::size_t default_limit = 16 * 1024 * 1024;

    /// Closed.
    file() noexcept;
    file(file&& other) noexcept;
    file& operator=(file&& other) noexcept;
    ~file();

    // All *throw* `error` naming the path, and `closed_error` after `close`. *Lifetime:* the file, and what is referred
    // to, until the call is over.

    // ---- at the file's position, which goes on behind what was read or written

    /// So many bytes; fewer only at the end.
    task<bytes> read(std::size_t most);
    /// Fills `room`, as far as the file goes. Returns how much.
    task<std::size_t> read(std::span<char> room);
    /// *Throws:* `end_of_stream` when there are fewer; then none of them is read.
    task<bytes> read_exactly(std::size_t size);
    /// The rest.
    task<bytes> read_all();
    /// A line without its "\n" or "\r\n"; also the last one, which may have none. Empty optional: the end.
    /// *Throws:* `limit_exceeded` when there is no end of line in the first `limit` bytes; then none of them is read.
    task<std::optional<bytes>> read_line(std::size_t limit = default_limit);
    /// `while (auto line = co_await lines.next())`, while the file lives.
    async_generator<bytes> lines(std::size_t limit = default_limit);

    /// All of it. When the disk is full a part may be written: `tell` says how much. In mode "a" it goes to the end of
    /// the file in one piece, so that lines from several processes stay whole; where only a part found room, that is an
    /// error, and the rest isn't tried.
    task<> write(bytes_view data);

    /// Returns the new position, counted from the beginning. It may lie behind the end.
    task<std::uint64_t> seek(std::int64_t offset, from whence = from::begin);
    task<std::uint64_t> tell();

    // ---- at a place of their own: the file's position stays

    task<bytes> read_at(std::uint64_t offset, std::size_t most);
    task<std::size_t> read_at(std::uint64_t offset, std::span<char> room);
    /// *Throws:* `error` in mode "a", where it would go to the end.
    task<> write_at(std::uint64_t offset, bytes_view data);

    // ---- the whole

    task<std::uint64_t> size();
    /// Cuts it, or extends it with zeros, to its position or to `size` bytes. The position stays.
    task<std::uint64_t> truncate();
    task<std::uint64_t> truncate(std::uint64_t size);
    /// Returns when all that was written is safe on the disk.
    task<> sync();
    /// The same without what isn't needed to find the data again, such as its time of modification.
    task<> sync_data();

    /// Waits for the calls before it, and closes. Closing twice is nothing.
    task<> close();
    bool closed() const noexcept;

    const std::string& path() const noexcept;
    /// Of the system, for calls that have no function here; -1 when closed.
    int native_handle() const noexcept;

private:
    friend detail::open_file;
    explicit file(std::unique_ptr<detail::open_file> core) noexcept;

    detail::open_file& core(const char* operation) const;

    std::unique_ptr<detail::open_file> core_;
};

struct open_options {
    unsigned permissions = 0666; ///< of a new file; the process's umask takes away from them
};

/// As Python's open: "r" reads; "w" writes, and empties what was there; "a" appends; "x" writes what must not exist yet;
/// a "+" behind it does both. A "b" is ignored. Never waits for the other end of a FIFO.
/// *Throws:* `error` with the system's code; std::errc::invalid_argument for another mode.
task<file> open(std::string path, std::string_view mode = "r", open_options options = {});

/// A file without a name, for reading and writing, in `directory` or, when that is empty, in $TMPDIR or /tmp. It vanishes
/// when it is closed, also when the process is killed.
task<file> temp_file(std::string directory = {});

} // namespace fs
} // namespace simul
