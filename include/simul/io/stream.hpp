// SPDX-License-Identifier: MIT
//
// stream: bytes in order, both ways, over TCP, TLS, a Unix socket or a pipe. What is above doesn't know which.
//
//     simul::stream peer = co_await simul::tcp::connect("example.org", 80);
//     co_await peer.write("GET / HTTP/1.0\r\nHost: example.org\r\n\r\n");
//     while (auto line = co_await peer.read_line())
//         fmt::print("{}\n", *line);
//     co_await peer.close();
//
// Reading: one task at a time. Input is bounded: when nobody reads, the peer has to wait. A cancelled read has taken
// nothing. Writing: `write` hands over a copy and waits only while too much is on its way; what is written in one turn
// of the loop goes out in one system call. A cancelled write goes out whole or not at all.
//
// A stream belongs to the loop that made it. Its destructor drops what is unsent and closes; `close` sends it first.
#pragma once

#include <simul/base/bytes.hpp>
#include <simul/base/error.hpp>
#include <simul/io/address.hpp>
#include <simul/task/async_generator.hpp>
#include <simul/task/task.hpp>

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace simul {
namespace detail {
class transport;
class stream_core;
} // namespace detail

/// The stream ended where more was asked for; what had arrived is kept here.
class incomplete_read : public end_of_stream {
public:
    incomplete_read(std::string what, bytes partial) : end_of_stream(std::move(what)), partial_(std::move(partial)) {}

    const bytes& partial() const noexcept { return partial_; }

private:
    bytes partial_;
};

class stream {
public:
    static constexpr std::size_t default_limit = 64 * 1024;

    /// Closed.
    stream() noexcept;
    stream(stream&& other) noexcept;
    stream& operator=(stream&& other) noexcept;
    ~stream();

    /// Whether it is open.
    explicit operator bool() const noexcept;

    // ---- reading. All *throw* what broke the connection (when all that arrived before was read), `closed_error` when the
    // stream is closed, and `invalid_state` when another task is reading.

    /// What has arrived, at least a byte, at most `most`; waits for it. Empty: the end.
    task<bytes> read_some(std::size_t most = default_limit);
    /// The same into memory of yours; 0: the end.
    task<std::size_t> read_some(std::span<char> into);
    /// *Throws:* `incomplete_read` at the end.
    task<bytes> read_exactly(std::size_t size);
    task<> read_exactly(std::span<char> into);
    /// Up to and with `separator`. *Throws:* `incomplete_read` at the end; `limit_exceeded` when there is no separator
    /// in the first `limit` bytes, which are kept.
    task<bytes> read_until(bytes separator, std::size_t limit = default_limit);
    /// With the one of several that ends first.
    task<bytes> read_until_any(std::vector<bytes> separators, std::size_t limit = default_limit);
    /// A line without its "\n" or "\r\n"; also the last one, which may have none. Empty optional: the end.
    /// *Throws:* `limit_exceeded` as `read_until`.
    task<std::optional<bytes>> read_line(std::size_t limit = default_limit);
    /// `while (auto line = co_await lines.next())`, while the stream lives.
    async_generator<bytes> lines(std::size_t limit = default_limit);
    /// Until the end. *Throws:* `limit_exceeded` when there is more than `limit`.
    task<bytes> read_all(std::size_t limit = bytes().max_size());

    // For parsers: what has arrived is looked at in place.

    /// Arrived and not read yet, as far as this stream has fetched it.
    bytes_view buffered() const noexcept;
    /// Fetches more behind it. False: the end.
    task<bool> fetch();
    /// Drops the first bytes of `buffered`.
    void consume(std::size_t size);

    // ---- writing. All *throw* what broke the connection, and `closed_error` after `shutdown` or `close`.
    // *Lifetime:* the data, until the call is over.

    /// Hands a copy over; waits while more than 64 KiB are on their way.
    task<> write(bytes_view data);
    /// Several pieces, behind each other: `co_await peer.write({header, body})`.
    task<> write(std::initializer_list<bytes_view> pieces);
    /// Returns when all is handed to the system; large data goes there without a copy.
    task<> write_all(bytes_view data);
    /// Waits until all that was written is handed to the system.
    task<> flush();
    /// Sends what is left, and then the end: the peer reads an end, and may go on writing.
    task<> shutdown();

    // ---- the end

    /// Sends what is left and closes. *Throws:* what kept it from being sent. Closing twice is nothing.
    task<> close();
    /// Closes now; what is unsent is lost.
    void abort() noexcept;

    /// Handed over, and not taken by the system yet.
    std::size_t unsent() const noexcept;

    /// Of family `none` where there is no such thing (pipes), or the stream is closed.
    address local() const;
    address peer() const;
    /// Of the system, for options that have no function here; -1 when closed.
    int native_handle() const noexcept;
    /// setsockopt(2). *Throws:* `error`.
    void set_option(int level, int name, int value);

private:
    friend detail::stream_core;
    explicit stream(std::unique_ptr<detail::stream_core> core) noexcept;

    detail::stream_core& core(const char* operation) const;

    std::unique_ptr<detail::stream_core> core_;
};

} // namespace simul
