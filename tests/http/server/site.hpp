// SPDX-License-Identifier: MIT
//
// A server in a test, and clients that say whatever they like. "$" is CRLF in what they send and get.
#pragma once

#include <simul/http/server.hpp>
#include <simul/io/tcp.hpp>
#include <simul/io/tls.hpp>
#include <simul/task/spawn.hpp>
#include <simul/testing/clock.hpp>
#include <simul/testing/gtest.hpp>
#include <simul/testing/problems.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace site {

using namespace std::chrono_literals;
using simul::bytes;
using simul::task;
namespace http = simul::http;
using http::request;
using http::response;

inline bytes wire(std::string_view text)
{
    bytes made;
    for (const char c : text)
        c == '$' ? made += "\r\n" : made += c;
    return made;
}

/// The same the other way, without the dates.
inline std::string readable(std::string_view wired)
{
    std::string made;
    for (std::size_t at = 0; at < wired.size();) {
        if (wired.substr(at).starts_with("Date: ")) {
            at = wired.find("\r\n", at) + 2;
        } else if (wired.substr(at).starts_with("\r\n")) {
            made += '$';
            at += 2;
        } else {
            made += wired[at++];
        }
    }
    return made;
}

/// A server that serves while this lives; `close` ends it in order.
class served {
public:
    explicit served(http::server& site, simul::listener door = simul::tcp::listen("127.0.0.1:0"),
                    std::optional<simul::tls::server_context> tls = {})
        : at(door.local()),
          serving(simul::spawn(site.serve({.door = std::move(door), .tls = std::move(tls)}))),
          site_(site)
    {
    }
    task<> close()
    {
        site_.stop();
        co_await std::move(serving);
    }

    simul::address at;
    simul::future<> serving;

private:
    http::server& site_;
};

/// Sends all of it, and gives what comes until the server closes.
inline task<std::string> ask(simul::address at, std::string_view text)
{
    simul::stream peer = co_await simul::tcp::connect(at);
    const bytes sent = wire(text);
    co_await peer.write(sent);
    co_await peer.shutdown();
    const bytes got = co_await peer.read_all();
    co_await peer.close();
    co_return readable(got);
}

/// A client that says one thing at a time.
class client {
public:
    static task<client> connect(simul::address at) { co_return client(co_await simul::tcp::connect(at)); }

    task<> say(std::string_view text)
    {
        const bytes sent = wire(text);
        co_await peer.write(sent);
    }
    /// One answer, with its body, if its length is known.
    task<std::string> hear()
    {
        bytes head = co_await peer.read_until("\r\n\r\n");
        if (const std::size_t at = head.find("Content-Length: "); at != bytes::npos)
            head += co_await peer.read_exactly(std::stoul(head.substr(at + 16)));
        co_return readable(head);
    }
    task<std::string> hear(std::string_view text)
    {
        co_await say(text);
        co_return co_await hear();
    }
    /// What comes until the end.
    task<std::string> hear_out() { co_return readable(co_await peer.read_all()); }

    simul::stream peer;

private:
    explicit client(simul::stream made) : peer(std::move(made)) {}
};

inline constexpr std::string_view get_root = "GET / HTTP/1.1$Host: a$$";
inline const std::string hello = "HTTP/1.1 200 OK$Content-Type: text/plain; charset=utf-8$Content-Length: 5$$hello";

inline response say_hello(request&)
{
    return "hello";
}

} // namespace site
