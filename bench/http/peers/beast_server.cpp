// SPDX-License-Identifier: MIT
//
// A server of Boost.Beast's coroutines, with a timeout: beast_server FD
#include <utility> // first: Boost 1.74 forgets it

#include <boost/asio.hpp>
#include <boost/beast.hpp>
#include <chrono>
#include <cstdlib>

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;

http::response<http::string_body> answer(const http::request<http::string_body>& request)
{
    http::response<http::string_body> response(http::status::ok, request.version());
    response.set(http::field::server, "beast");
    response.set(http::field::date, "Sat, 21 Nov 2026 12:00:00 GMT");
    response.set(http::field::content_type, "text/plain");
    response.keep_alive(request.keep_alive());
    response.body() = "Hello, world!";
    response.prepare_payload();
    return response;
}

asio::awaitable<void> talk(tcp::socket socket)
{
    beast::tcp_stream stream(std::move(socket));
    beast::flat_buffer buffer;
    try {
        for (bool keep_alive = true; keep_alive;) {
            stream.expires_after(std::chrono::seconds(30));
            http::request<http::string_body> request;
            co_await http::async_read(stream, buffer, request, asio::use_awaitable);
            const http::response<http::string_body> response = answer(request);
            keep_alive = response.keep_alive();
            co_await http::async_write(stream, response, asio::use_awaitable);
        }
    } catch (const std::exception&) { // the end
    }
}

asio::awaitable<void> serve(tcp::acceptor& door)
{
    for (;;) {
        tcp::socket socket = co_await door.async_accept(asio::use_awaitable);
        socket.set_option(tcp::no_delay(true));
        asio::co_spawn(door.get_executor(), talk(std::move(socket)), asio::detached);
    }
}

} // namespace

int main(int, char** argv)
{
    asio::io_context context(1);
    tcp::acceptor door(context, tcp::v4(), std::atoi(argv[1]));
    asio::co_spawn(context, serve(door), asio::detached);
    context.run();
}
