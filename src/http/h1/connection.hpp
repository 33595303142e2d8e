// SPDX-License-Identifier: MIT
//
// The engine on a stream: what a client's and a server's connection have in common.
#pragma once

#include "parser.hpp"
#include "writer.hpp"

#include "io/fd_transport.hpp"
#include "io/stream_core.hpp"

#include <simul/base/bytes.hpp>
#include <simul/http/content.hpp>
#include <simul/io/stream.hpp>
#include <simul/task/task.hpp>

#include <concepts>
#include <coroutine>
#include <cstddef>
#include <memory>
#include <utility>

namespace simul::http::h1 {

/// Whole content of so many bytes goes out behind its head, without a copy; less goes with it, in one piece.
inline constexpr std::size_t worth_no_copy = 32 * 1024;

/// Of content that is whole.
body_plan plan_of(const content& whole) noexcept;

/// Content that is about to be sent: opened, so that a head can say how long it is. To be closed on every way out.
class outgoing_content {
public:
    outgoing_content() noexcept = default;
    /// *Lifetime:* the content.
    static task<outgoing_content> open(const content& of);

    body_plan plan() const noexcept { return plan_; }
    bool is_whole() const noexcept { return !reader_; }
    /// Of whole content.
    bytes_view data() const noexcept { return data_; }
    content_reader& reader() const noexcept { return *reader_; }
    task<> close();

private:
    bytes_view data_;
    std::unique_ptr<content_reader> reader_;
    body_plan plan_;
};

class connection {
public:
    connection(simul::stream over, role as, const limits& within) noexcept
        : peer_(std::move(over)), parser_(as, within), writer_(as)
    {
    }

    simul::stream& peer() noexcept { return peer_; }
    h1::parser& parser() noexcept { return parser_; }
    h1::writer& writer() noexcept { return writer_; }

    /// The next event of what has arrived: `starved` when that isn't enough. Its piece is good until the next call.
    found try_next();
    /// Waits for it.
    task<found> next();
    /// Waits, when the event was `starved`, until more has come: `try_next` may have another one then, or need still more.
    /// Without a frame of its own, for connections wait once for each message.
    class arrival;
    arrival more();
    /// Nothing has arrived beyond the events that were taken.
    bool is_quiet() const noexcept { return peer_.buffered().size() <= used_; }

    /// The same between two messages, and the other end hasn't gone: what a look at the system's news, without waiting, says.
    bool is_silent() noexcept;
    /// The other end waits to be told that nothing more comes: this is TLS.
    bool has_goodbye() noexcept;

    /// What the writer has appended and is still here: for `send`.
    bytes& outgoing() noexcept { return outgoing_; }
    /// Hands it over, if that needn't wait.
    bool try_send();
    /// Waits while too much is on its way.
    task<> send();
    /// Behind what was handed over the other end sees the end.
    void end_output();

    /// After `switched`, for the other protocol: the stream, from its first byte on.
    simul::stream release();

private:
    simul::stream peer_;
    h1::parser parser_;
    h1::writer writer_;
    std::size_t used_ = 0; ///< of what is buffered: taken, and looked at until the next call
    bytes outgoing_;
};

class [[nodiscard("nothing waits until it is awaited: co_await it")]] connection::arrival {
public:
    explicit arrival(connection& at);

    bool await_ready() { return came_ = look(); }
    template <std::derived_from<simul::detail::promise_base> Promise>
    bool await_suspend(std::coroutine_handle<Promise> frame)
    {
        return wait_.await_suspend(frame);
    }
    void await_resume();

private:
    bool look();

    connection& at_;
    simul::detail::stream_core& core_;
    simul::detail::reading_here reading_;
    simul::detail::fd_transport::input_wait wait_;
    bool came_ = false; ///< before there was a wait
};

inline connection::arrival connection::more()
{
    return arrival(*this);
}

} // namespace simul::http::h1
