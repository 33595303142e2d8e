// SPDX-License-Identifier: MIT
#include "connect.hpp"

#include "h1_lane.hpp"

#include "http/h1/connection.hpp"
#include "http/proxy_settings.hpp"

#include <simul/http/status.hpp>
#include <simul/io/tcp.hpp>
#include <simul/io/unix_socket.hpp>
#include <simul/task/timeout.hpp>

#include <chrono>
#include <fmt/format.h>
#include <optional>
#include <utility>

namespace simul::http::detail {

namespace {

using limit = request_timeout::limit;

/// Whom to connect to, and if that is a proxy, how.
const url& first_stop(const asked& what) noexcept
{
    return what.via ? *what.via : what.at;
}

task<simul::stream> reach(const asked& what, const client_options& with)
{
    if (!with.unix_socket.empty())
        return unix_::connect(with.unix_socket);
    return tcp::connect(std::string(first_stop(what).hostname()), first_stop(what).port());
}

/// Through a proxy, which then only passes bytes on.
task<simul::stream> tunnel(simul::stream proxy, const asked& what)
{
    h1::connection to(std::move(proxy), h1::role::client, {});
    const std::string target = fmt::format("{}:{}", what.at.host(), what.at.port());
    http::headers fields = {{"Host", target}};
    if (const std::string known = proxy_authorization(*what.via); !known.empty())
        fields.add("Proxy-Authorization", known);
    to.parser().expect({.to = method::connect});
    to.writer().request(to.outgoing(), "CONNECT", target, fields, {});
    co_await to.send();
    h1::found now = co_await to.next();
    while (now.what == h1::event::interim)
        now = co_await to.next();
    const std::string proxy_name = what.via->without_credentials().origin();
    if (now.what != h1::event::head)
        throw connect_error(std::errc::protocol_error,
                            fmt::format("the proxy {} gave no answer: {}", proxy_name, to.parser().failure().why));
    const h1::head& head = to.parser().head();
    if (!is_success(head.status))
        throw connect_error(std::errc::permission_denied,
                            fmt::format("the proxy {} refused: {} {}", proxy_name, head.status, head.reason));
    co_return to.release();
}

tls::client_context context_of(const client_options& with)
{
    return with.tls ? *with.tls : tls::client_context::standard();
}

task<simul::stream> reach_by_proxy(const asked& what, const client_options& with)
{
    simul::stream peer = co_await reach(what, with);
    if (what.via->scheme() == "https")
        peer = co_await tls::start_tls(std::move(peer), std::string(what.via->hostname()), context_of(with));
    if (what.is_secure())
        peer = co_await tunnel(std::move(peer), what);
    co_return peer;
}

/// A step on the way there, in time.
task<simul::stream> within(duration most, task<simul::stream> step, const asked& what, limit kind, const char* not_done)
{
    if (most <= duration::zero())
        co_return co_await std::move(step);
    if (std::optional<simul::stream> got = co_await move_on_after(most, std::move(step)))
        co_return std::move(*got);
    throw request_timeout(
        kind, what.says(fmt::format("{} within {} s", not_done, std::chrono::duration<double>(most).count())));
}

task<simul::stream> connected(const asked& what, const client_options& with)
{
    simul::stream peer =
        co_await within(with.connect_timeout, what.via ? reach_by_proxy(what, with) : reach(what, with), what,
                        limit::connect, "not connected");
    if (what.is_secure())
        peer = co_await within(with.tls_timeout,
                               tls::start_tls(std::move(peer), std::string(what.at.hostname()), context_of(with)), what,
                               limit::tls, "no TLS");
    co_return peer;
}

} // namespace

task<std::unique_ptr<lane>> connect(const asked& what, const client_options& with)
{
    try {
        co_return std::make_unique<h1_lane>(co_await connected(what, with));
    } catch (const request_timeout&) {
        throw;
    } catch (const tls::certificate_error& failure) {
        throw identity_error(failure.code(), what.says(failure.what()));
    } catch (const error& failure) {
        throw connect_error(failure.code(), what.says(failure.what()));
    }
}

} // namespace simul::http::detail
