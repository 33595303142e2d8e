// SPDX-License-Identifier: MIT
//
// An echo server of Asio's coroutines.
#include "../echo_load.hpp"

#include <asio.hpp>

namespace {

using asio::ip::tcp;

asio::awaitable<void> echo(tcp::socket socket)
{
    std::array<char, 4096> data;
    try {
        for (;;) {
            const std::size_t size = co_await socket.async_read_some(asio::buffer(data), asio::use_awaitable);
            co_await asio::async_write(socket, asio::buffer(data, size), asio::use_awaitable);
        }
    } catch (const std::system_error&) { // the end
    }
}

asio::awaitable<void> serve(tcp::acceptor& door)
{
    for (;;) {
        tcp::socket socket = co_await door.async_accept(asio::use_awaitable);
        socket.set_option(tcp::no_delay(true));
        asio::co_spawn(door.get_executor(), echo(std::move(socket)), asio::detached);
    }
}

} // namespace

int main(int argc, char** argv)
{
    return bench::echo_program(argc, argv, [](int listening) {
        asio::io_context context(1);
        tcp::acceptor door(context, tcp::v4(), listening);
        asio::co_spawn(context, serve(door), asio::detached);
        context.run();
    });
}
