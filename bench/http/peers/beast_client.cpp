// SPDX-License-Identifier: MIT
//
// Clients of Boost.Beast's coroutines, with a timeout. It has no pool: each coroutine keeps its connection.
#include "../orders.hpp"

#include <utility> // first: Boost 1.74 forgets it

#include <boost/asio.hpp>
#include <boost/beast.hpp>
#include <chrono>
#include <deque>

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;

asio::awaitable<void> fetch(beast::tcp_stream& stream, const bench::orders& order, int& left)
{
    stream.expires_after(std::chrono::seconds(30));
    co_await stream.async_connect(tcp::endpoint(asio::ip::address_v4::loopback(), order.port), asio::use_awaitable);
    stream.socket().set_option(tcp::no_delay(true));
    beast::flat_buffer buffer;
    while (left > 0) {
        --left;
        stream.expires_after(std::chrono::seconds(30));
        http::request<http::empty_body> request(http::verb::get, "/", 11);
        request.set(http::field::host, "127.0.0.1");
        request.set(http::field::accept, "*/*");
        co_await http::async_write(stream, request, asio::use_awaitable);
        http::response<http::string_body> response;
        co_await http::async_read(stream, buffer, response, asio::use_awaitable);
        if (response.result() != http::status::ok)
            bench::orders::fail("a wrong answer");
    }
}

} // namespace

int main(int argc, char** argv)
{
    bench::orders orders(argc, argv);
    while (orders.next()) {
        asio::io_context context(1);
        std::deque<beast::tcp_stream> streams;
        int left = orders.count;
        for (int i = 0; i < orders.concurrency; ++i)
            asio::co_spawn(context, fetch(streams.emplace_back(context), orders, left), [](const std::exception_ptr& failure) {
                if (failure)
                    std::rethrow_exception(failure);
            });
        context.run();
        orders.done();
    }
}
