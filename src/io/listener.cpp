// SPDX-License-Identifier: MIT
#include <simul/io/listener.hpp>

#include "accepting.hpp"
#include "performed.hpp"
#include "sockets.hpp"

#include <simul/base/error.hpp>
#include <simul/run/loop.hpp>
#include <simul/task/timeout.hpp>

namespace simul {
namespace detail {

void abandon_accepting::operator()(accepting* gone) const noexcept
{
    gone->abandon();
}

} // namespace detail

namespace {

/// So long a peer that doesn't read may hold up the end of its connection.
constexpr duration patience_at_the_end = std::chrono::seconds(30);

} // namespace

listener listener::adopt(int listening)
{
    detail::backend_here("listener::adopt");
    return listener(detail::accepting_ptr(new detail::accepting(listening, {})));
}

address listener::local() const
{
    return at_ ? at_->local() : address();
}

task<stream> listener::accept()
{
    if (!at_)
        throw closed_error("accept: the listener is closed");
    at_->check_loop();
    const bool is_unix = at_->is_unix();
    const int fd = co_await at_->next();
    co_return detail::connected_socket(fd, is_unix ? detail::no_delay::off : detail::no_delay::on, {});
}

task<> listener::finish(stream& peer)
{
    try {
        co_await move_on_after(patience_at_the_end, peer.close());
    } catch (const error&) { // it is gone: nobody is left to be told
    }
    peer.abort();
}

void listener::report(const stream& peer, std::exception_ptr failure)
{
    const address from = peer.peer();
    std::string who = from.family() == address_family::none ? "" : " from " + from.text();
    loop::current().report({"a connection's handler failed" + who, std::move(failure), {}, {}, {}});
}

} // namespace simul
