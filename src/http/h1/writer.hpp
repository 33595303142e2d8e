// SPDX-License-Identifier: MIT
//
// HTTP/1.1 from messages to bytes, without a connection; the other half of parser.hpp. What it appends is to be sent:
//
//     h1::writer writer(h1::role::server);
//     writer.response(out, 200, {}, fields, {h1::framing::chunked}, {.method = request.method});
//     writer.body(out, "a piece");
//     writer.end(out);
//
// It alone says where a body ends: Content-Length, Transfer-Encoding and what Connection needs are added here, and the
// first two refused in the fields. What can't be sent is refused, whoever it came from; the fields have been looked at when
// they were inserted. A refused call has appended nothing.
#pragma once

#include "head.hpp"
#include "parser.hpp"

#include <simul/base/bytes.hpp>
#include <simul/http/headers.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace simul::http::h1 {

/// How a body is to be sent. A response with `none` has one of no bytes.
struct body_plan {
    framing as = framing::none; ///< `until_close` is chosen by the writer only
    std::uint64_t length = 0;   ///< when sized
};

/// What the answer depends on.
struct answered_request {
    http::method method = http::method::get;
    h1::version version = h1::version::http_1_1;
    bool keep_alive = true;
};

class writer {
public:
    explicit writer(role writes_as) noexcept : role_(writes_as) {}

    // All *throw* `error` for what can't be sent, and `invalid_state` when it isn't the time for it.

    /// A client's. `fields` have the Host.
    void request(bytes& to, std::string_view method, std::string_view target, const headers& fields, body_plan body);
    /// A server's. No `reason` means the standard's. A body that can't be (HEAD, 204, 304) is left out when it comes.
    /// `more` is a server's own, of no interest to the framing.
    void response(bytes& to, int status, std::string_view reason, const headers& fields, body_plan body,
                  const answered_request& request, const headers& more = {});
    /// 100 or 103, before the response.
    void interim(bytes& to, int status, const headers& fields);

    /// A piece of the body; an empty one is nothing.
    void body(bytes& to, bytes_view piece);
    /// The same for who sends `size` bytes himself, between the two.
    void begin_piece(bytes& to, std::size_t size);
    void end_piece(bytes& to);
    /// The message is over. Trailers are for chunked bodies, and left out where there can't be any.
    void end(bytes& to, const headers& trailers = {});

    /// How the body goes out: what became of the plan.
    framing body_framing() const noexcept { return body_; }
    /// The answer has no body, though a plan for one (HEAD, 204, 304): don't send it, if that is you.
    bool leaves_out_body() const noexcept { return left_out_; }
    /// Whether another message may follow. Known from the head on.
    bool keep_alive() const noexcept { return keep_alive_; }
    bool is_between_messages() const noexcept { return !within_; }

private:
    void check_begin(role as, const headers& fields) const;
    void append_framing(bytes& to);

    role role_;
    bool within_ = false;
    bool within_chunk_ = false;
    bool left_out_ = false; // the body
    bool keep_alive_ = true;
    framing body_ = framing::none;
    std::uint64_t left_ = 0; // of a sized one
};

} // namespace simul::http::h1
