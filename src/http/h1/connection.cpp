// SPDX-License-Identifier: MIT
#include "connection.hpp"

#include "io/fd_transport.hpp"
#include "io/stream_core.hpp"

namespace simul::http::h1 {

namespace {

constexpr std::size_t worth_no_copy = 32 * 1024;
constexpr std::size_t kept_capacity = 1024; // of a connection that may be idle for long

} // namespace

task<outgoing_content> outgoing_content::open(const content& of)
{
    outgoing_content opened;
    opened.is_none_ = of.is_none();
    opened.data_ = of.data();
    if (of.source())
        opened.reader_ = co_await of.source()->open();
    co_return opened;
}

body_plan outgoing_content::plan() const noexcept
{
    if (is_none_)
        return {};
    if (!reader_)
        return {framing::sized, data_.size()};
    const auto size = reader_->size();
    return size ? body_plan{framing::sized, *size} : body_plan{framing::chunked};
}

task<> outgoing_content::close()
{
    if (const auto reader = std::move(reader_))
        co_await reader->close();
}

found connection::try_next()
{
    peer_.consume(std::exchange(used_, 0));
    const found now = parser_.next(peer_.buffered());
    used_ = now.used;
    return now;
}

task<found> connection::next()
{
    for (;;) {
        const found now = try_next();
        if (now.what != event::starved)
            co_return now;
        if (!co_await peer_.fetch())
            parser_.end_input();
    }
}

bool connection::is_silent() noexcept
{
    try {
        peer_.consume(std::exchange(used_, 0));
        char more = 0;
        return peer_.buffered().empty() && !simul::detail::stream_core::of(peer_, "look").below->try_read({&more, 1});
    } catch (const error&) {
        return false;
    }
}

bool connection::try_send()
{
    simul::detail::stream_core& core = simul::detail::stream_core::of(peer_, "write");
    if (core.below->bottom().unsent() + outgoing_.size() > simul::detail::fd_transport::high_water)
        return false;
    core.below->write(outgoing_);
    outgoing_.clear();
    if (outgoing_.capacity() > kept_capacity)
        outgoing_ = bytes();
    return true;
}

task<> connection::send()
{
    if (try_send())
        co_return;
    bytes now = std::exchange(outgoing_, {});
    co_await peer_.write(now);
    now.clear();
    if (outgoing_.empty() && now.capacity() <= kept_capacity)
        outgoing_ = std::move(now);
}

task<> connection::send_body(outgoing_content& content)
{
    if (writer_.leaves_out_body()) {
        // The head was all.
    } else if (!content.is_whole()) {
        co_await send(); // the head needn't wait for the first piece
        for (bytes piece = co_await content.reader().next(); !piece.empty(); piece = co_await content.reader().next()) {
            writer_.body(outgoing_, piece);
            co_await send();
        }
    } else if (content.data().size() < worth_no_copy) {
        writer_.body(outgoing_, content.data());
    } else {
        writer_.begin_piece(outgoing_, content.data().size());
        co_await send();
        co_await peer_.write_all(content.data());
        writer_.end_piece(outgoing_);
    }
    writer_.end(outgoing_);
    co_await send();
}

simul::stream connection::release()
{
    peer_.consume(std::exchange(used_, 0));
    return std::move(peer_);
}

} // namespace simul::http::h1
