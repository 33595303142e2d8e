// SPDX-License-Identifier: MIT
//
// A client's connection that speaks HTTP/1: reads a request, has it answered, sends the answer; then the next one. What has
// arrived beyond waits, unread, so a client that sends ahead is answered in order and can't fill our memory.
#pragma once

#include "http/h1/connection.hpp"
#include "http/watchdog.hpp"
#include "request_maker.hpp"
#include "service.hpp"

#include <simul/http/request.hpp>
#include <simul/http/response.hpp>
#include <simul/io/stream.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>

namespace simul::http::detail {

/// So long may a peer be waited for that moves some bytes and must move as many a second on the whole: a while without any,
/// then what those that moved have earned.
class patience {
public:
    patience(duration idle, std::uint64_t slowest) noexcept : idle_(idle), slowest_(slowest), left_(idle) {}

    /// How long from now on; zero: as long as it takes.
    duration left() const noexcept { return left_ < idle_ ? left_ : idle_; }
    /// What came of a wait.
    void waited(duration so_long, std::uint64_t moved) noexcept;

private:
    duration idle_;
    std::uint64_t slowest_;
    duration left_;
};

class h1_connection final : request_source, idle_connection {
public:
    h1_connection(service& of, simul::stream over, bool encrypted);

    /// To its end, of whatever kind.
    task<> run();

private:
    /// What is idle for too long ends in order.
    struct limits final : watchdog {
        explicit limits(h1_connection& whose) noexcept : watchdog(whose.connection_.peer()), of(whose) {}
        void time_is_up() noexcept override;
        h1_connection& of;
    };

    task<> talk();
    void begin_waiting() noexcept;
    void close_idle() noexcept override;

    // The request.
    void take_head();
    task<> answer();
    /// A body that is asked for, and why we stop when it isn't as it should be.
    task<bool> read_body(bytes& to, std::uint64_t limit) override;
    std::optional<std::uint64_t> body_size() const noexcept override;
    task<> ask_for_body();
    task<> wait_for_body();
    task<> drop_rest_of_body();
    const address& peer() override;
    bool is_encrypted() const noexcept override { return encrypted_; }

    // The response.
    bool can_go_on() const noexcept;
    bool try_send(response& made);
    bool try_send_body(bytes_view whole);
    task<> send_rest(response& made);
    task<> send_large(bytes_view whole);
    task<> send_without_copy(bytes_view piece);
    task<> send_pieces(response& made);
    task<> send_each(content_reader& pieces, const headers& trailers);
    task<bytes> next_of(content_reader& pieces);
    task<bytes> next_until_stop(content_reader& pieces);
    /// *Throws:* `error` for what can't be sent.
    void append_head(const response& made, h1::body_plan body);
    /// What can't be sent is replaced by a failure.
    void write_head(response& made, h1::body_plan body);
    task<> hand_over();
    duration time_to_take(std::size_t size) const noexcept;
    task<> refuse();
    task<> part();

    service& service_;
    h1::connection connection_;
    limits limit_;
    request request_;
    address peer_;

    // Of the present request.
    h1::version version_ = h1::version::http_1_1;
    h1::framing framing_ = h1::framing::none;
    h1::expectation expects_ = h1::expectation::none;
    std::uint64_t length_ = 0;   // of a sized body
    std::uint64_t received_ = 0; // of the body
    patience for_body_;
    time_point began_{};         // where it is logged

    bool encrypted_;
    bool first_ = true;       // there was no request before
    bool within_head_ = false;
    bool client_stays_ = true; // it says so
    bool stays_ = true;       // the connection, behind this answer
    bool body_over_ = true;   // all of it was taken
    bool broken_ = false;     // what comes can't be understood
};

} // namespace simul::http::detail
