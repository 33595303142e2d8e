// SPDX-License-Identifier: MIT
#include "h1_connection.hpp"

#include <simul/base/error.hpp>
#include <simul/http/answer.hpp>
#include <simul/task/race.hpp>
#include <simul/task/this_task.hpp>
#include <simul/task/with.hpp>

#include <algorithm>
#include <exception>
#include <string>
#include <utility>
#include <variant>

namespace simul::http::detail {
namespace {

constexpr std::uint64_t most_dropped = 256 * 1024;   // of a body that nobody reads: dearer than a new connection
constexpr duration linger = std::chrono::seconds(5); // for a client that still sends when it has been answered
constexpr duration farewell = std::chrono::seconds(1); // for a client to go when it is told that we do
constexpr int most_in_a_row = 32;                    // of requests that were there already, before others get their turn

std::string text_of(const h1::failure& of)
{
    return std::to_string(of.status) + ' ' + std::string(reason_of(of.status)) + ": " + of.why + '\n';
}

} // namespace

void patience::waited(duration so_long, std::uint64_t moved) noexcept
{
    left_ -= so_long;
    if (moved == 0)
        return;
    const double seconds = slowest_ > 0 ? static_cast<double>(moved) / static_cast<double>(slowest_) : 1e9;
    const duration earned = std::chrono::nanoseconds(static_cast<std::int64_t>(std::min(seconds, 1e9) * 1e9));
    left_ = std::min(idle_, left_ + earned);
}

h1_connection::h1_connection(service& of, simul::stream over, bool encrypted)
    : service_(of),
      connection_(std::move(over), h1::role::server, {}),
      limit_(*this),
      request_(request_maker::make(*this)),
      for_body_(of.options().body, of.options().slowest),
      encrypted_(encrypted)
{
}

task<> h1_connection::run()
{
    try {
        co_await talk();
    } catch (const error&) { // the peer is gone, or was too slow: there is nobody to tell
    } catch (const std::exception&) {
        simul::detail::report({"HTTP: closing what was sent failed", std::current_exception(), {}, {}, {}});
    }
    connection_.peer().abort();
}

task<> h1_connection::talk()
{
    int in_a_row = 0;
    for (;;) {
        const h1::found now = connection_.try_next();
        if (now.what == h1::event::head) {
            take_head();
            co_await answer();
            if (!stays_ || service_.is_stopping() || service_.wants_place())
                break;
            if (++in_a_row % most_in_a_row == 0)
                co_await yield();
        } else if (now.what == h1::event::starved) {
            in_a_row = 0;
            begin_waiting();
            co_await connection_.more();
            leave_idle();
        } else {
            if (now.what == h1::event::failed)
                co_await refuse();
            break;
        }
    }
    co_await part();
}

void h1_connection::begin_waiting() noexcept
{
    const server_options& options = service_.options();
    if (connection_.parser().is_between_messages() && connection_.is_quiet()) {
        limit_.set(first_ ? options.head : options.keep_alive, "no request came in time");
        if (service_.is_stopping())
            close_idle();
        else
            service_.note_idle(*this);
    } else if (!std::exchange(within_head_, true)) {
        limit_.set(options.head, "the head of a request didn't come in time");
    }
}

void h1_connection::limits::time_is_up() noexcept
{
    if (!of.is_idle())
        return watchdog::time_is_up();
    of.leave_idle();
    of.close_idle();
}

/// An answer may still be on its way: then the end goes behind it. TLS has a goodbye, without which it looks cut off.
void h1_connection::close_idle() noexcept
{
    simul::stream& peer = connection_.peer();
    const std::size_t unsent = peer.unsent();
    if (unsent > 0 || connection_.has_goodbye()) {
        try {
            connection_.end_output();
            return limit_.set(unsent > 0 ? time_to_take(unsent) : farewell, "a client went on after its last answer");
        } catch (const error&) { // the peer is gone
        }
    }
    peer.abort();
}

// ---- the request

void h1_connection::take_head()
{
    limit_.rest();
    first_ = within_head_ = false;
    h1::head& head = connection_.parser().head();
    version_ = head.version;
    framing_ = head.body;
    expects_ = head.expects;
    length_ = head.length;
    received_ = 0;
    client_stays_ = head.keep_alive && head.method != method::connect;
    for_body_ = patience(service_.options().body, service_.options().slowest);

    request_maker::host(request_).assign(head.authority());
    if (head.form == h1::target_form::absolute)
        request_maker::target(request_).assign(head.local_target());
    else
        request_maker::target(request_).swap(head.target);
    request_maker::set_method(request_, head.method, head.other_method);
    std::swap(request_maker::fields(request_), head.fields);
    request_.limit_body(service_.options().body_limit > 0 ? service_.options().body_limit : request::no_limit);

    body_over_ = framing_ == h1::framing::none || (framing_ == h1::framing::sized && length_ == 0);
    if (body_over_)
        connection_.try_next(); // its end
    if (service_.logs())
        began_ = now();
}

task<> h1_connection::answer()
{
    response made;
    std::exception_ptr why;
    if (expects_ == h1::expectation::unknown)
        made = response(status::expectation_failed, "417 Expectation Failed\n");
    else if (request_.method() == method::connect)
        made = response(status::not_implemented, "501 Not Implemented: this is no proxy\n");
    else if (request_.target() == "*")
        made = response(status::no_content);
    else
        try {
            made = co_await service_.respond(request_);
        } catch (...) {
            why = std::current_exception();
        }
    if (why)
        made = service_.instead(request_, std::move(why));
    if (!try_send(made))
        co_await send_rest(made);
    if (service_.logs())
        service_.log({request_, made.status(), now() - began_});
    if (stays_ && !body_over_)
        co_await drop_rest_of_body();
    request_maker::clear(request_);
}

std::optional<std::uint64_t> h1_connection::body_size() const noexcept
{
    if (framing_ == h1::framing::none)
        return 0;
    if (framing_ == h1::framing::sized)
        return length_;
    return std::nullopt;
}

task<bool> h1_connection::read_body(bytes& to, std::uint64_t limit)
{
    if (body_over_)
        co_return false;
    if (framing_ == h1::framing::sized && length_ > limit)
        throw http::answer(status::content_too_large);
    connection_.parser().limit_body(limit);
    if (expects_ == h1::expectation::go_ahead)
        co_await ask_for_body();
    const std::size_t before = to.size();
    for (;;) {
        const h1::found now = connection_.try_next();
        if (now.what == h1::event::body) {
            to += now.piece;
            received_ += now.piece.size();
        } else if (now.what == h1::event::end) {
            body_over_ = true;
            co_return to.size() > before;
        } else if (to.size() > before) {
            co_return true; // what is wrong behind it is found the next time, too
        } else if (now.what == h1::event::starved) {
            co_await wait_for_body();
        } else {
            broken_ = true;
            throw http::answer(connection_.parser().failure().status, text_of(connection_.parser().failure()));
        }
    }
}

task<> h1_connection::ask_for_body()
{
    expects_ = h1::expectation::none;
    if (received_ > 0 || !connection_.is_quiet())
        co_return; // it hasn't waited for us
    connection_.writer().interim(connection_.outgoing(), status::continue_, {});
    co_await connection_.send();
}

task<> h1_connection::wait_for_body()
{
    simul::stream& peer = connection_.peer();
    const time_point before = now();
    const std::size_t had = peer.buffered().size();
    limit_.set(for_body_.left(), "a request's body came too slowly");
    try {
        if (!co_await peer.fetch())
            connection_.parser().end_input();
    } catch (const error&) { // whatever is answered now reaches nobody
        broken_ = true;
        throw http::answer(limit_.bitten() ? status::request_timeout : status::bad_request);
    }
    limit_.rest();
    for_body_.waited(now() - before, peer.buffered().size() - had);
}

task<> h1_connection::drop_rest_of_body()
{
    connection_.parser().limit_body(request::no_limit);
    bytes dropped;
    try {
        for (std::uint64_t size = 0; size <= most_dropped; size += dropped.size()) {
            dropped.clear();
            if (!co_await read_body(dropped, request::no_limit))
                co_return;
        }
    } catch (const http::answer&) { // too late for it
    }
    stays_ = false;
}

const address& h1_connection::peer()
{
    if (peer_.family() == address_family::none)
        peer_ = connection_.peer().peer();
    return peer_;
}

// ---- the response

/// Whether another request can follow, as far as this one goes.
bool h1_connection::can_go_on() const noexcept
{
    if (!client_stays_ || broken_ || service_.is_stopping())
        return false;
    if (body_over_)
        return true;
    if (expects_ == h1::expectation::go_ahead) // nobody knows whether a client that wasn't told to go on sends its body
        return false;
    return framing_ == h1::framing::chunked || length_ - received_ <= most_dropped;
}

void h1_connection::append_head(const response& made, h1::body_plan body)
{
    if (made.status() == status::switching_protocols)
        throw error(std::errc::invalid_argument, "HTTP: a handler can't switch to another protocol");
    connection_.writer().response(connection_.outgoing(), made.status(), made.reason(), made.headers(), body,
                                  {.method = request_.method(), .version = version_, .keep_alive = can_go_on()},
                                  service_.own_fields(made));
    stays_ = connection_.writer().keep_alive();
}

void h1_connection::write_head(response& made, h1::body_plan body)
{
    std::exception_ptr why;
    try {
        return append_head(made, body);
    } catch (const error&) {
        why = std::current_exception();
    }
    made = service_.failed(request_, std::move(why));
    append_head(made, h1::plan_of(made.content()));
}

/// The usual answer, without a task: small content goes out with its head. False: `send_rest` is due.
bool h1_connection::try_send(response& made)
{
    if (made.content().source())
        return false;
    write_head(made, h1::plan_of(made.content()));
    return try_send_body(made.content().data());
}

/// Behind its head.
bool h1_connection::try_send_body(bytes_view whole)
{
    h1::writer& writer = connection_.writer();
    if (whole.size() >= h1::worth_no_copy && !writer.leaves_out_body())
        return false;
    writer.body(connection_.outgoing(), whole);
    writer.end(connection_.outgoing());
    return connection_.try_send();
}

task<> h1_connection::send_rest(response& made)
{
    if (made.content().source())
        return send_pieces(made);
    if (connection_.writer().is_between_messages())
        return hand_over();
    return send_large(made.content().data());
}

task<> h1_connection::send_large(bytes_view whole)
{
    connection_.writer().begin_piece(connection_.outgoing(), whole.size());
    co_await send_without_copy(whole);
    connection_.writer().end(connection_.outgoing());
    co_await hand_over();
}

/// A piece of the body that has begun. What has to stand behind it is left in `outgoing`.
task<> h1_connection::send_without_copy(bytes_view piece)
{
    co_await hand_over();
    limit_.set(time_to_take(piece.size()), "an answer was taken too slowly");
    co_await connection_.peer().write_all(piece);
    limit_.rest();
    connection_.writer().end_piece(connection_.outgoing());
}

task<> h1_connection::send_pieces(response& made)
{
    h1::outgoing_content pieces;
    std::exception_ptr why;
    try {
        pieces = co_await h1::outgoing_content::open(made.content());
    } catch (const cancelled&) {
        throw;
    } catch (...) {
        why = std::current_exception();
    }
    if (why) {
        made = service_.failed(request_, std::move(why));
        if (!try_send(made))
            co_await send_rest(made);
        co_return;
    }
    co_await with(std::move(pieces), [&](h1::outgoing_content& opened) -> task<> {
        write_head(made, opened.plan());
        if (made.content().source())
            co_await send_each(opened.reader(), std::as_const(made).trailers());
        else if (!try_send_body(made.content().data())) // it was replaced
            co_await send_rest(made);
    });
}

/// Empty: the end.
task<bytes> h1_connection::next_of(content_reader& pieces)
{
    return pieces.is_endless() ? next_until_stop(pieces) : pieces.next();
}

task<bytes> h1_connection::next_until_stop(content_reader& pieces)
{
    if (!service_.is_stopping()) {
        auto first = co_await race(pieces.next(), service_.stop().wait());
        if (auto* const piece = std::get_if<bytes>(&first))
            co_return std::move(*piece);
    }
    pieces.end_early();
    co_return co_await pieces.next();
}

task<> h1_connection::send_each(content_reader& pieces, const headers& trailers)
{
    h1::writer& writer = connection_.writer();
    co_await hand_over(); // the head doesn't wait for the first piece
    std::exception_ptr why;
    bool sending = false;
    try {
        if (!writer.leaves_out_body()) {
            for (bytes piece = co_await next_of(pieces); !piece.empty(); piece = co_await next_of(pieces)) {
                const bool large = piece.size() >= h1::worth_no_copy;
                if (large)
                    writer.begin_piece(connection_.outgoing(), piece.size());
                else
                    writer.body(connection_.outgoing(), piece);
                sending = true;
                co_await (large ? send_without_copy(piece) : hand_over());
                sending = false;
            }
        }
        writer.end(connection_.outgoing(), trailers);
    } catch (const cancelled&) {
        throw;
    } catch (...) {
        if (sending)
            throw; // the peer is gone
        why = std::current_exception();
    }
    if (!why)
        co_return co_await hand_over();
    static_cast<void>(service_.failed(request_, std::move(why)));
    connection_.peer().abort(); // so that nobody takes it for all
    stays_ = false;
}

/// For a peer that takes so much. Zero: as long as it likes.
duration h1_connection::time_to_take(std::size_t size) const noexcept
{
    const duration idle = service_.options().body;
    const std::uint64_t slowest = service_.options().slowest;
    if (idle == duration::zero() || slowest == 0)
        return idle;
    return idle + std::chrono::nanoseconds(static_cast<std::int64_t>(static_cast<double>(size) / static_cast<double>(slowest) * 1e9));
}

/// A peer that doesn't read must not keep us.
task<> h1_connection::hand_over()
{
    if (connection_.try_send())
        co_return;
    const std::size_t unsent = connection_.peer().unsent() + connection_.outgoing().size();
    limit_.set(time_to_take(unsent), "an answer was taken too slowly");
    co_await connection_.send();
    limit_.rest();
}

/// For what isn't HTTP.
task<> h1_connection::refuse()
{
    broken_ = true;
    const response made(connection_.parser().failure().status, text_of(connection_.parser().failure()));
    connection_.writer().response(connection_.outgoing(), made.status(), {}, {}, h1::plan_of(made.content()),
                                  {.keep_alive = false}, service_.own_fields(made));
    connection_.writer().body(connection_.outgoing(), made.body());
    connection_.writer().end(connection_.outgoing());
    co_await hand_over();
}

/// The end. A client that still sends would get a reset, and might lose our answer over it: so it is heard out for a while.
task<> h1_connection::part()
{
    simul::stream& peer = connection_.peer();
    limit_.set(time_to_take(peer.unsent()), "an answer was taken too slowly");
    if (!broken_ && body_over_ && connection_.is_quiet())
        co_return co_await peer.close();
    co_await peer.shutdown();
    limit_.set(linger, "a client went on after its last answer");
    do
        peer.consume(peer.buffered().size());
    while (co_await peer.fetch());
}

} // namespace simul::http::detail
