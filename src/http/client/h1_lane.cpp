// SPDX-License-Identifier: MIT
#include "h1_lane.hpp"

#include "http/h1/connection.hpp"
#include "http/watchdog.hpp"

#include <simul/base/assert.hpp>
#include <simul/http/status.hpp>
#include <simul/task/event.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/timeout.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <fmt/format.h>
#include <utility>

namespace simul::http::detail {

namespace {

constexpr std::size_t piece_size = 256 * 1024;
constexpr duration patience = std::chrono::seconds(1); // servers that don't know of "100-continue" say nothing

/// A POST of nothing says so.
bool expects_content(method of) noexcept
{
    return of == method::post || of == method::put || of == method::patch;
}

/// Its content, in one piece.
bool goes_with_head(const asked& what) noexcept
{
    return !what.content.source() && what.content.data().size() < h1::worth_no_copy && !what.expect_continue;
}

} // namespace

/// What reads the answer, and what may still be sending, have in common.
struct h1_lane::wire {
    explicit wire(simul::stream over) : http(std::move(over), h1::role::client, {}), limit(http.peer()) {}

    struct reading_now;

    void watch() noexcept { limit.set(read_timeout, "nothing came"); }
    /// The next event, if that has come.
    h1::found take()
    {
        return come.what != h1::event::starved ? std::exchange(come, {h1::event::starved}) : http.try_next();
    }
    task<> more();
    [[noreturn]] void refuse_event(h1::event unexpected);
    [[noreturn]] void refuse(const error& because, bool untouched);

    h1::connection http;
    h1::found come{h1::event::starved}; ///< what was waited for, until it is taken
    watchdog limit;
    duration read_timeout{};
    const asked* about = nullptr;
    std::exception_ptr content_failure;
    event go_ahead;
    bool head_came = false;
    bool sending = false; ///< beside the reading, which then has no limit in time: the writing has
    bool reading = false; ///< somebody waits for the answer
    bool sender_began = false;
    bool waits_for_go_ahead = false;
    bool aborted = false;
};

/// Says in the user's words why nothing comes any more.
void h1_lane::wire::refuse(const error& because, bool untouched)
{
    if (content_failure)
        std::rethrow_exception(content_failure);
    if (aborted)
        throw closed_error(about->says("the client was closed"));
    if (limit.bitten())
        throw request_timeout(
            request_timeout::limit::read,
            about->says(fmt::format("{} for {} s", head_came ? "the body stopped: nothing came" : "no answer",
                                    std::chrono::duration<double>(read_timeout).count())));
    if (untouched)
        throw no_answer(because.code(), about->says(because.what()));
    throw answer_error(because.code(), about->says(because.what()));
}

void h1_lane::wire::refuse_event(h1::event unexpected)
{
    if (unexpected == h1::event::failed)
        refuse(answer_error(http.parser().failure().why), false);
    refuse(answer_error("the connection ended without an answer"), !head_came);
}

/// A wait for the answer, also when it is cancelled.
struct h1_lane::wire::reading_now {
    explicit reading_now(wire& whose) noexcept : of(whose)
    {
        of.reading = true;
        if (!of.sending)
            of.watch();
    }
    reading_now(const reading_now&) = delete;
    ~reading_now()
    {
        of.reading = false;
        if (!of.sending)
            of.limit.rest();
    }

    wire& of;
};

/// When what has arrived isn't enough: until there is an event.
task<> h1_lane::wire::more()
{
    std::optional<error> broken;
    try {
        const reading_now scope(*this);
        for (;;) {
            co_await http.more();
            come = http.try_next();
            if (come.what != h1::event::starved)
                co_return;
        }
    } catch (const error& failure) {
        broken = failure;
    }
    refuse(*broken, !head_came && http.parser().is_between_messages() && http.is_quiet());
}

h1_lane::h1_lane(simul::stream over) : wire_(std::make_shared<wire>(std::move(over)))
{
}

h1_lane::~h1_lane()
{
    wire_->http.peer().abort();
    wire_->limit.rest();
    stop_sending();
}

/// One that has not begun finds the connection closed, and closes the content.
void h1_lane::stop_sending() noexcept
{
    if (sending_.valid() && wire_->sender_began)
        sending_.cancel();
    if (sending_.valid())
        sending_.detach();
}

// ---- the request

/// False: the peer doesn't take it any more. It may have said why.
task<bool> h1_lane::gets_through(wire& over, task<> writing)
{
    over.watch();
    bool taken = true;
    try {
        co_await std::move(writing);
    } catch (const error&) {
        taken = false;
    }
    over.limit.rest();
    co_return taken;
}

/// *Throws:* what the content does.
task<> h1_lane::send_pieces(wire& over, const h1::outgoing_content& from)
{
    h1::connection& to = over.http;
    if (from.is_whole()) {
        bytes_view rest = from.data();
        to.writer().begin_piece(to.outgoing(), rest.size());
        bool taken = co_await gets_through(over, to.send());
        for (; taken && !rest.empty(); rest.remove_prefix(std::min(rest.size(), piece_size)))
            taken = co_await gets_through(over, to.peer().write_all(rest.substr(0, piece_size)));
        if (!taken)
            co_return;
        to.writer().end_piece(to.outgoing());
    } else {
        for (bytes piece = co_await from.reader().next(); !piece.empty(); piece = co_await from.reader().next()) {
            to.writer().body(to.outgoing(), piece);
            if (!co_await gets_through(over, to.send()))
                co_return;
        }
    }
    to.writer().end(to.outgoing());
    co_await gets_through(over, to.send());
}

/// Owns what it sends, and outlives the lane when that is dropped.
task<> h1_lane::send_beside(std::shared_ptr<wire> over, std::unique_ptr<const http::content>,
                            h1::outgoing_content opened)
{
    over->sender_began = true;
    std::exception_ptr failure;
    try {
        if (over->waits_for_go_ahead)
            co_await move_on_after(patience, over->go_ahead.wait());
        co_await send_pieces(*over, opened);
    } catch (...) {
        failure = std::current_exception();
    }
    try {
        co_await opened.close();
    } catch (const std::exception&) {
        if (!failure)
            failure = std::current_exception();
    }
    over->sending = false;
    if (over->reading)
        over->watch();
    else
        over->limit.rest();
    if (!failure)
        co_return;
    if (is_cancelled(failure))
        std::rethrow_exception(failure);
    over->content_failure = failure;
    over->http.peer().abort(); // a content that breaks off can't be told otherwise
}

bool h1_lane::try_send(const asked& what, duration read_timeout)
{
    wire& to = *wire_;
    SIMUL_ASSERT(ended_);
    ended_ = may_follow_ = to.head_came = false;
    to.about = &what;
    to.read_timeout = read_timeout;
    to.http.parser().expect({.to = what.known});
    if (!goes_with_head(what))
        return false;
    h1::writer& writer = to.http.writer();
    bytes& out = to.http.outgoing();
    const bytes_view data = what.content.data();
    const bool none = what.content.is_none() && !expects_content(what.known);
    writer.request(out, what.method_name, what.target(), what.fields,
                   none ? h1::body_plan{} : h1::body_plan{h1::framing::sized, data.size()});
    writer.body(out, data);
    writer.end(out);
    try {
        return to.http.try_send();
    } catch (const error&) { // it may have said why
        return true;
    }
}

task<> h1_lane::begin_beside(const asked& what)
{
    wire& to = *wire_;
    // It stays where it is: what is opened refers to it.
    auto kept = std::make_unique<const http::content>(what.content);
    h1::outgoing_content opened = co_await h1::outgoing_content::open(*kept);
    to.http.writer().request(to.http.outgoing(), what.method_name, what.target(), what.fields, opened.plan());
    to.waits_for_go_ahead = what.expect_continue;
    to.go_ahead.clear();
    to.sender_began = false;
    to.sending = true;
    sending_ = spawn(send_beside(wire_, std::move(kept), std::move(opened)));
}

task<> h1_lane::send(const asked& what)
{
    wire& to = *wire_;
    if (!goes_with_head(what))
        co_await begin_beside(what);
    try {
        to.watch();
        co_await to.http.send();
    } catch (const error&) { // it may have said why
    }
    to.limit.rest();
}

// ---- the answer

task<> h1_lane::more()
{
    return wire_->more();
}

bool h1_lane::try_head(answer_head& into)
{
    wire& from = *wire_;
    for (;;) {
        const h1::event now = from.take().what;
        if (now == h1::event::starved)
            return false;
        if (now == h1::event::head) {
            take_head(into);
            return true;
        }
        if (now != h1::event::interim)
            from.refuse_event(now);
        if (from.http.parser().head().status == status::continue_)
            from.go_ahead.set();
    }
}

void h1_lane::take_head(answer_head& into)
{
    wire& from = *wire_;
    h1::head& head = from.http.parser().head();
    from.head_came = true;
    may_follow_ = head.keep_alive;
    if (!is_success(head.status) || !head.keep_alive)
        stop_sending();
    into.status = head.status;
    into.reason = head.reason != reason_of(head.status) ? std::move(head.reason) : std::string();
    into.fields = std::move(head.fields);
    into.size.reset();
    if (head.body == h1::framing::sized || head.body == h1::framing::none)
        into.size = head.body == h1::framing::sized ? head.length : 0;
}

std::optional<bytes_view> h1_lane::try_next()
{
    if (ended_)
        return bytes_view();
    const h1::found now = wire_->take();
    if (now.what == h1::event::body)
        return now.piece;
    if (now.what == h1::event::starved)
        return std::nullopt;
    if (now.what != h1::event::end)
        wire_->refuse_event(now.what);
    ended_ = true;
    return bytes_view();
}

http::headers& h1_lane::trailers() noexcept
{
    return wire_->http.parser().trailers();
}

bool h1_lane::is_reusable() noexcept
{
    const h1::writer& writer = wire_->http.writer();
    return ended_ && may_follow_ && writer.is_between_messages() && writer.keep_alive() && wire_->http.is_quiet();
}

bool h1_lane::is_quiet() noexcept
{
    return wire_->http.is_silent();
}

void h1_lane::abort() noexcept
{
    wire_->aborted = true;
    wire_->http.peer().abort();
}

bool h1_lane::has_goodbye() noexcept
{
    return wire_->http.has_goodbye();
}

task<> h1_lane::say_goodbye()
{
    return wire_->http.peer().shutdown();
}

} // namespace simul::http::detail
