// SPDX-License-Identifier: MIT
//
// A Redis that says what a test wants: in virtual time, at 127.0.0.1:6379.
//
//     auto server = serve([](fake_redis& peer) -> task<> {
//         co_await peer.greet();
//         EXPECT_EQ(co_await peer.next(), "GET a");
//         co_await peer.say("$1\r\n1\r\n");
//     });
#pragma once

#include "db/redis/resp/parser.hpp"

#include <simul/io/stream.hpp>
#include <simul/io/tcp.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/task.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace redis_tests {

using simul::task;

/// One connection to it.
class fake_redis {
public:
    fake_redis(simul::stream& peer, int number) : number(number), peer_(peer) {}

    /// The next command, its words with spaces between; empty at the end.
    task<std::string> next()
    {
        for (;;) {
            const auto [what, used] = parser_.next(peer_.buffered());
            peer_.consume(used);
            if (what == simul::db::resp::event::value)
                break;
            if (what == simul::db::resp::event::failed)
                throw simul::error(std::errc::bad_message, std::string("a command is ") + parser_.why());
            if (!co_await peer_.fetch())
                co_return "";
        }
        std::string words;
        for (const simul::db::redis_value& each : parser_.value().items())
            words += (words.empty() ? "" : " ") + std::string(each.text());
        co_return words;
    }
    /// Whether another command has come already.
    bool has_more() const noexcept { return !peer_.buffered().empty(); }

    task<> say(std::string_view reply) { return peer_.write(reply); }

    /// As one that speaks RESP3.
    task<> greet()
    {
        const std::string hello = co_await next();
        if (!hello.starts_with("HELLO 3"))
            throw simul::error(std::errc::bad_message, "expected HELLO 3, got " + hello);
        co_await say("%2\r\n$6\r\nserver\r\n$5\r\nredis\r\n$2\r\nid\r\n:" + std::to_string(number) + "\r\n");
        co_await next(); // PING
        co_await say("+PONG\r\n");
    }
    /// As an old one.
    task<> greet_in_2()
    {
        co_await next(); // HELLO
        co_await say("-ERR unknown command 'HELLO'\r\n");
        co_await next(); // CLIENT ID
        co_await say(":" + std::to_string(number) + "\r\n");
        co_await next(); // PING
        co_await say("+PONG\r\n");
    }
    void abort() { peer_.abort(); }

    const int number; ///< of the connection, from 1

private:
    simul::stream& peer_;
    simul::db::resp::parser parser_;
};

/// Serves each connection by `script(fake_redis&)`, until its future is dropped.
template <class Script> simul::future<> serve(Script script)
{
    return simul::spawn(
        [](simul::listener& door, Script& each) -> task<> {
            int connections = 0;
            co_await door.serve([&](simul::stream& peer) -> task<> {
                fake_redis one(peer, ++connections);
                co_await each(one);
            });
        },
        simul::tcp::listen("127.0.0.1:6379"), std::move(script));
}

inline constexpr const char* here = "redis://127.0.0.1";

} // namespace redis_tests
