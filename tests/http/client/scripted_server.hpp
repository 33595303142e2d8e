// SPDX-License-Identifier: MIT
//
// A server that answers as it is told: each connection has a script of canned bytes.
//
//     scripted::server site({{answer("one"), answer("two")}});        // one connection, two answers
//     scripted::server site({{answer("one")}, {answer("two"), wait}});  // two connections
//     auto page = co_await web.get(site.url("/a"));
//     site.requests();                                                // what came: heads and bodies
#pragma once

#include <simul/io/tcp.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/this_task.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace scripted {

using simul::bytes;
using simul::task;

/// "Content-Length: 3\r\n\r\nabc" behind a status line and other fields, which end in CRLF.
inline bytes answer(std::string_view body, std::string_view fields = "", std::string_view status = "200 OK")
{
    bytes all = "HTTP/1.1 ";
    all.append(status).append("\r\n").append(fields).append("Content-Length: ").append(std::to_string(body.size()));
    return all.append("\r\n\r\n").append(body);
}
inline bytes redirect(std::string_view to, std::string_view status = "302 Found")
{
    return answer("", "Location: " + std::string(to) + "\r\n", status);
}

/// What is done when a request has come.
struct step {
    step(bytes sent) : say(std::move(sent)) {}
    step(const char* sent) : say(sent) {}
    step(bytes sent, simul::duration later) : say(std::move(sent)), after(later) {}
    step(std::vector<std::pair<simul::duration, bytes>> in_pieces) : pieces(std::move(in_pieces)) {}

    bytes say;
    simul::duration after{};
    std::vector<std::pair<simul::duration, bytes>> pieces;
};
/// One connection's. When it is over, the connection is closed, unless it ends in `wait`.
using script = std::vector<step>;
inline const char* const wait = "\x01wait";

class server {
public:
    /// Each connection gets the next script; the last one also all that follow.
    explicit server(std::vector<script> scripts, const char* at = "127.0.0.1:0")
        : seen_(std::make_shared<seen>(std::move(scripts))),
          door_(std::make_shared<simul::listener>(simul::tcp::listen(at))),
          serving_(simul::spawn(serve(door_, seen_)))
    {
    }
    server(const server&) = delete;
    server& operator=(const server&) = delete;

    std::string url(std::string_view path = "/") const { return "http://" + door_->local().text() + std::string(path); }
    std::string authority() const { return door_->local().text(); }
    /// Heads with their bodies, of all connections in their order.
    const std::vector<bytes>& requests() const { return seen_->requests; }
    std::size_t connections() const { return seen_->connections; }
    /// Of now.
    std::size_t open() const { return seen_->open; }
    std::size_t most_open() const { return seen_->most_open; }

private:
    /// Shared with what serves, which ends later.
    struct seen {
        explicit seen(std::vector<script> given) : scripts(std::move(given)) {}

        std::vector<script> scripts;
        std::vector<bytes> requests;
        std::size_t connections = 0, open = 0, most_open = 0;
    };
    using seen_ptr = std::shared_ptr<seen>;

    static task<> serve(std::shared_ptr<simul::listener> door, seen_ptr by)
    {
        co_await door->serve([by](simul::stream& peer) { return talk(peer, by); });
    }

    static task<> talk(simul::stream& peer, seen_ptr by)
    {
        const script mine = by->scripts[std::min(by->connections, by->scripts.size() - 1)];
        ++by->connections;
        by->most_open = std::max(by->most_open, ++by->open);
        struct leaving {
            std::size_t& count;
            ~leaving() { --count; }
        } at_the_end{by->open};
        try {
            for (const step& each : mine) {
                if (each.say == wait) {
                    static_cast<void>(co_await peer.read_some());
                    co_return;
                }
                if (!co_await take_request(peer, *by))
                    co_return;
                co_await simul::sleep(each.after);
                co_await peer.write(each.say);
                for (const auto& [pause, piece] : each.pieces) {
                    co_await simul::sleep(pause);
                    co_await peer.write(piece);
                }
            }
        } catch (const simul::error&) { // the client has gone
        }
    }

    /// A head, and the body that its Content-Length says, or chunks; unless the client waits to be told that it may send it.
    static task<bool> take_request(simul::stream& peer, seen& by)
    {
        bytes head;
        try {
            head = co_await peer.read_until("\r\n\r\n");
        } catch (const simul::incomplete_read&) {
            co_return false;
        }
        const std::size_t at = by.requests.size();
        by.requests.push_back(head);
        if (head.find("Expect: 100-continue") != bytes::npos)
            co_return true;
        if (const std::size_t length = head.find("Content-Length: "); length != bytes::npos)
            by.requests[at] += co_await peer.read_exactly(std::stoul(head.substr(length + 16)));
        else if (head.find("Transfer-Encoding: chunked") != bytes::npos)
            by.requests[at] += co_await peer.read_until("0\r\n\r\n", 1 << 24);
        co_return true;
    }

    seen_ptr seen_;
    std::shared_ptr<simul::listener> door_;
    simul::future<> serving_;
};

} // namespace scripted
