// SPDX-License-Identifier: MIT
#include "connection.hpp"

namespace simul::http::h1 {

using simul::detail::stream_core;

namespace {

constexpr std::size_t kept_capacity = 1024; // of a connection that may be idle for long

} // namespace

body_plan plan_of(const content& whole) noexcept
{
    return whole.is_none() ? body_plan{} : body_plan{framing::sized, whole.data().size()};
}

task<outgoing_content> outgoing_content::open(const content& of)
{
    outgoing_content opened;
    if (!of.source()) {
        opened.data_ = of.data();
        opened.plan_ = plan_of(of);
        co_return opened;
    }
    opened.reader_ = co_await of.source()->open();
    const auto size = opened.reader_->size();
    opened.plan_ = size ? body_plan{framing::sized, *size} : body_plan{framing::chunked};
    co_return opened;
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
        co_await more();
    }
}

connection::arrival::arrival(connection& at)
    : at_(at),
      core_(stream_core::of(at.peer_, "fetch")),
      reading_(core_, "fetch"),
      wait_(core_.below->bottom().input({}))
{
}

/// False: nothing has come.
bool connection::arrival::look()
{
    const auto more = core_.try_fetch();
    if (more && !*more)
        at_.parser_.end_input();
    return more.has_value();
}

void connection::arrival::await_resume()
{
    if (came_)
        return;
    wait_.await_resume();
    simul::detail::check_not_aborted(core_);
    look();
}

bool connection::is_silent() noexcept
{
    try {
        peer_.consume(std::exchange(used_, 0));
        char more = 0;
        return peer_.buffered().empty() && !stream_core::of(peer_, "look").below->try_read({&more, 1});
    } catch (const error&) {
        return false;
    }
}

bool connection::has_goodbye() noexcept
{
    return peer_ && stream_core::of(peer_, "look").below->goodbye_timeout() > duration::zero();
}

bool connection::try_send()
{
    stream_core& core = stream_core::of(peer_, "write");
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
    const bytes now = std::exchange(outgoing_, {});
    co_await peer_.write(now);
}

void connection::end_output()
{
    stream_core::of(peer_, "write").below->end_output();
}

simul::stream connection::release()
{
    peer_.consume(std::exchange(used_, 0));
    return std::move(peer_);
}

} // namespace simul::http::h1
