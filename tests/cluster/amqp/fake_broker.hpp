// SPDX-License-Identifier: MIT
//
// A broker that says what a test wants: in virtual time, at 127.0.0.1:5672.
//
//     auto server = serve([](fake_broker& peer) -> task<> {
//         co_await peer.log_in();
//         co_await peer.open_channel();
//         EXPECT_EQ(co_await peer.next(), "1 queue.purge 0 \"jobs\" 0");
//         co_await peer.say(1, queue_purge_ok{3});
//     });
#pragma once

#include "transcript.hpp"

#include <simul/io/stream.hpp>
#include <simul/io/tcp.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/task.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace amqp_tests {

using namespace simul::cluster::amqp;
using simul::bytes;
using simul::bytes_view;
using simul::task;

/// One connection to it.
class fake_broker {
public:
    fake_broker(simul::stream& peer, int number) : number(number), peer_(peer) {}

    /// What comes next, as transcript.hpp has it; empty at the end.
    task<std::string> next()
    {
        for (;;) {
            const auto [what, used] = decoder_.next(peer_.buffered());
            const std::string text = what == decoder::event::starved ? "" : text_of(decoder_, what);
            peer_.consume(used);
            if (!text.empty())
                co_return text;
            if (!co_await peer_.fetch())
                co_return "";
        }
    }
    /// Whatever comes, until the client is gone.
    task<> ignore_rest()
    {
        while (!(co_await next()).empty()) {
        }
    }
    /// Whether more has come in the same write.
    bool has_more() const noexcept { return !peer_.buffered().empty(); }

    task<> send(bytes frames) { co_await peer_.write(frames); }
    template <class Method> task<> say(std::uint16_t channel, const Method& method)
    {
        bytes frames;
        write_method(frames, channel, method);
        return send(std::move(frames));
    }
    /// A method that has a content, and the content.
    template <class Method>
    task<> say(std::uint16_t channel, const Method& method, const properties& of, bytes_view body)
    {
        bytes frames;
        write_method(frames, channel, method);
        write_content(frames, channel, of, body, least_frame_max);
        return send(std::move(frames));
    }

    /// Up to Open-Ok. What the client said of itself is in `hello`.
    task<> log_in(connection_tune how = {2047, 131'072, 60})
    {
        co_await start();
        co_await say(0, how);
        tuned = co_await next();
        opened = co_await next();
        co_await say(0, connection_open_ok{});
    }
    /// Up to Start-Ok.
    task<> start()
    {
        std::array<char, protocol_header.size()> header{};
        co_await peer_.read_exactly(header);
        EXPECT_EQ(std::string_view(header.data(), header.size()), protocol_header);
        co_await say(0, connection_start{0, 9, {{"product", "RabbitMQ"}}, {"AMQPLAIN PLAIN"}, {"en_US"}});
        hello = co_await next();
    }
    task<> open_channel(std::uint16_t channel = 1)
    {
        const std::string on = std::to_string(channel);
        EXPECT_EQ(co_await next(), on + " channel.open \"\"");
        EXPECT_EQ(co_await next(), on + " confirm.select 0");
        co_await say(channel, channel_open_ok{});
        co_await say(channel, confirm_select_ok{});
    }
    /// What a consumer begins with; it is "1".
    task<> let_consume(std::uint16_t channel = 1)
    {
        const std::string on = std::to_string(channel);
        EXPECT_TRUE((co_await next()).starts_with(on + " qos "));
        EXPECT_TRUE((co_await next()).starts_with(on + " consume "));
        co_await say(channel, basic_qos_ok{});
        co_await say(channel, basic_consume_ok{"1"});
    }
    void abort() { peer_.abort(); }
    simul::stream& peer() noexcept { return peer_; }

    const int number; ///< of the connection, from 1
    std::string hello, tuned, opened;

private:
    simul::stream& peer_;
    decoder decoder_;
};

/// Serves each connection by `script(fake_broker&)`, until its future is dropped.
template <class Script> simul::future<> serve(Script script)
{
    return simul::spawn(
        [](simul::listener& door, Script& each) -> task<> {
            int connections = 0;
            co_await door.serve([&](simul::stream& peer) -> task<> {
                fake_broker one(peer, ++connections);
                co_await each(one);
            });
        },
        simul::tcp::listen("127.0.0.1:5672"), std::move(script));
}

inline constexpr const char* here = "amqp://127.0.0.1";

} // namespace amqp_tests
