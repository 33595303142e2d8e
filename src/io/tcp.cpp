// SPDX-License-Identifier: MIT
#include <simul/io/tcp.hpp>

#include "accepting.hpp"
#include "performed.hpp"
#include "sockets.hpp"

#include <simul/base/error.hpp>
#include <simul/io/dns.hpp>
#include <simul/task/event.hpp>
#include <simul/task/group.hpp>
#include <simul/task/timeout.hpp>

#include <algorithm>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <optional>
#include <sys/socket.h>
#include <vector>

namespace simul::tcp {
namespace {

using detail::set_option;
using detail::socket_fd;

stream stream_over(socket_fd socket, const std::string& peer, const connect_options& options)
{
    if (options.keep_alive > duration::zero()) {
        const auto seconds = std::chrono::ceil<std::chrono::seconds>(options.keep_alive).count();
        const int pause = static_cast<int>(std::clamp<std::int64_t>(seconds, 1, 32'767)); // what Linux takes
        const std::string operation = "keep_alive for " + peer;
        set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1, operation);
        set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, pause, operation);
        set_option(socket, IPPROTO_TCP, TCP_KEEPINTVL, pause, operation);
    }
    return detail::connected_socket(socket.release(), options.no_delay ? detail::no_delay::on : detail::no_delay::off,
                                    peer);
}

/// The race to several addresses.
struct attempts {
    explicit attempts(const address& of) : from(of) {}

    address from;
    std::optional<socket_fd> winner;
    std::string winners_address;
    std::vector<error> failures;
    event failed; ///< the latest one

    task<> try_one(address to, group& all)
    {
        try {
            socket_fd connected = co_await detail::connect_socket(to, from);
            if (!winner) {
                winner = std::move(connected);
                winners_address = to.text();
                all.cancel();
            }
        } catch (const error& why) {
            failures.push_back(why);
            failed.set();
        }
    }

    task<> run(const std::vector<address>& found, duration stagger)
    {
        co_await with_group([&](group& all) -> task<> {
            for (const address& each : found) {
                failed.clear();
                all.spawn(try_one(each, all));
                if (&each != &found.back()) // behind the last there is nothing to wait for, and no wait to be cut off
                    co_await move_on_after(stagger, failed.wait());
            }
        });
    }

    error failure(const std::string& operation) const
    {
        std::string text = operation + ": ";
        for (const error& each : failures)
            text += (&each == failures.data() ? "" : "; ") + std::string(each.what());
        return {failures.front().code(), text};
    }
};

} // namespace

task<stream> connect(address to, connect_options options)
{
    co_return stream_over(co_await detail::connect_socket(to, options.from), to.text(), options);
}

task<stream> connect(std::string host, std::uint16_t port, connect_options options)
{
    const address_family family = options.from.family();
    const std::vector<address> found = dns::interleave(co_await dns::resolve(host, port, {.family = family}));
    if (found.size() == 1) // no race
        co_return co_await connect(found.front(), options);
    attempts all(options.from);
    co_await all.run(found, options.stagger);
    if (!all.winner)
        throw all.failure("connect to " + host + ":" + std::to_string(port));
    co_return stream_over(std::move(*all.winner), all.winners_address, options);
}

listener listen(const address& at, listen_options options)
{
    const std::string operation = "listen at " + at.text();
    if (!at.is_ip())
        throw error(std::errc::invalid_argument, operation + ": tcp::listen takes an IP address and a port");
    socket_fd socket = detail::make_stream_socket(at, operation);
    set_option(socket, SOL_SOCKET, SO_REUSEADDR, 1, operation); // connections of the server before don't count
    if (options.share_port)
        set_option(socket, SOL_SOCKET, SO_REUSEPORT, 1, operation);
    if (at.family() == address_family::ipv6)
        set_option(socket, IPPROTO_IPV6, IPV6_V6ONLY, options.ipv6_only ? 1 : 0, operation);
    detail::bind_to(socket, at, operation);
    return detail::listen_with(std::move(socket), options.backlog, {}, operation);
}

listener listen(std::string_view at, listen_options options)
{
    const address parsed = address::parse(at);
    if (parsed.is_any() && parsed.family() == address_family::ipv6 && !options.ipv6_only) {
        try {
            return listen(parsed, options);
        } catch (const error& problem) { // a machine without IPv6
            if (problem.code() != std::errc::address_family_not_supported &&
                problem.code() != std::errc::address_not_available)
                throw;
            return listen(address::ip("0.0.0.0", parsed.port()), options);
        }
    }
    return listen(parsed, options);
}

} // namespace simul::tcp
