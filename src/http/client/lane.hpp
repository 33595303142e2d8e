// SPDX-License-Identifier: MIT
//
// lane: where one request at a time goes to a peer, and its answer comes back. A connection of HTTP/1; what is above doesn't
// know the version.
//
//     if (!lane.try_send(request, 30s))
//         co_await lane.send(request);
//     while (!lane.try_head(head))
//         co_await lane.more();
//     ... pieces of the body by `try_next`, in the same way
//     if (lane.is_reusable()) ...
//
// So a request waits in as many frames as it has waits: usually one.
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

    /// Hands the request over, if that needn't wait. False: `send` is due.
    virtual bool try_send(const asked& what, duration read_timeout) = 0;
    /// Large content goes on being sent while its answer is waited for and read.
    virtual task<> send(const asked& what) = 0;
    /// The answer's head, if that has arrived. False: it hasn't.
    virtual bool try_head(answer_head& into) = 0;
    /// The next piece of the body, if that has arrived: a view until the next call. Empty: the end.
    virtual std::optional<bytes_view> try_next() = 0;
    /// Waits for what wasn't there.
    virtual task<> more() = 0;
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

    std::size_t place = 0; ///< the pool's: on its list of those in use
};

} // namespace simul::http::detail
