// SPDX-License-Identifier: MIT
//
// lane: where one request at a time goes to a peer, and its answer comes back. A connection of HTTP/1; what is above doesn't
// know the version.
//
//     co_await lane.send(request, 30s);
//     const answer_head head = co_await lane.head();
//     for (auto piece = co_await lane.next(); !piece.empty(); piece = co_await lane.next())
//         ...
//     if (lane.is_reusable()) ...
//
// One that fails can't be used any more. A request stays where it is until its answer was read.
#pragma once

#include "asked.hpp"

#include <simul/base/bytes.hpp>
#include <simul/base/time.hpp>
#include <simul/http/client_error.hpp>
#include <simul/http/headers.hpp>
#include <simul/task/task.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace simul::http::detail {

struct answer_head {
    int status = 0;
    std::string reason = {}; ///< empty: the standard's
    http::headers fields = {};
    std::optional<std::uint64_t> size = std::nullopt; ///< of the body, if that is known
};

/// The connection ended before anything of an answer came: over one that was used before, nobody may have seen the request.
class no_answer final : public answer_error {
public:
    using answer_error::answer_error;
};

class lane {
public:
    lane() noexcept = default;
    lane(const lane&) = delete;
    lane& operator=(const lane&) = delete;
    virtual ~lane() = default;

    // All *throw* `answer_error`, `request_timeout`, `closed_error`, and what the content throws.

    /// Hands the request over; large content goes on being sent while its answer is waited for and read.
    virtual task<> send(const asked& what, duration read_timeout) = 0;
    virtual task<answer_head> head() = 0;
    /// The next piece of the body, if that has arrived: a view until the next call. Empty: the end.
    virtual std::optional<bytes_view> try_next() = 0;
    /// Waits for it.
    virtual task<bytes_view> next() = 0;
    /// From the end on.
    virtual http::headers& trailers() noexcept = 0;

    /// Whether all of the answer was read, and another request may follow.
    virtual bool is_reusable() noexcept = 0;
    /// Of an idle one: whether the peer has said nothing since, nor gone.
    virtual bool is_quiet() noexcept = 0;
    /// Who waits here gets `closed_error`.
    virtual void abort() noexcept = 0;

    /// Of an idle one: whether its peer is to be told that it goes, as TLS wants it.
    virtual bool has_goodbye() noexcept = 0;
    /// Tells it, and doesn't wait for an answer.
    virtual task<> say_goodbye() = 0;

    std::size_t place = 0; ///< the pool's: among those in use
};

} // namespace simul::http::detail
