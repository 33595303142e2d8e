// SPDX-License-Identifier: MIT
//
// The engine on a stream: what a client's and a server's connection have in common.
#pragma once

#include "parser.hpp"
#include "writer.hpp"

#include <simul/base/bytes.hpp>
#include <simul/http/content.hpp>
#include <simul/io/stream.hpp>
#include <simul/task/task.hpp>

#include <cstddef>
#include <memory>
#include <utility>

namespace simul::http::h1 {

/// Content that is about to be sent: opened, so that a head can say how long it is. To be closed on every way out.
class outgoing_content {
public:
    outgoing_content() noexcept = default;
    /// *Lifetime:* the content.
    static task<outgoing_content> open(const content& of);

    body_plan plan() const noexcept;
    bool is_whole() const noexcept { return !reader_; }
    /// Of whole content.
    bytes_view data() const noexcept { return data_; }
    content_reader& reader() const noexcept { return *reader_; }
    task<> close();

private:
    bytes_view data_;
    std::unique_ptr<content_reader> reader_;
    bool is_none_ = true;
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
    /// Nothing has arrived beyond the events that were taken.
    bool is_quiet() const noexcept { return peer_.buffered().size() <= used_; }

    /// The same between two messages, and the other end hasn't gone: what a look at the system's news, without waiting, says.
    bool is_silent() noexcept;

    /// What the writer has appended and is still here: for `send`.
    bytes& outgoing() noexcept { return outgoing_; }
    /// Hands it over; waits while too much is on its way.
    task<> send();
    /// Hands it over, if that needn't wait.
    bool try_send();
    /// Behind the head that says `content.plan()`, which may still be in `outgoing`: the body and its end. Small content goes
    /// out with the head, large content without a copy. It isn't closed.
    task<> send_body(outgoing_content& content);

    /// After `switched`, for the other protocol: the stream, from its first byte on.
    simul::stream release();

private:
    simul::stream peer_;
    h1::parser parser_;
    h1::writer writer_;
    std::size_t used_ = 0; ///< of what is buffered: taken, and looked at until the next call
    bytes outgoing_;
};

} // namespace simul::http::h1
