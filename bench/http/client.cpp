// SPDX-License-Identifier: MIT
//
// A client as the documentation writes it, with its timeouts as they are: client PORT
#include "orders.hpp"

#include <simul/http/client.hpp>
#include <simul/run/run.hpp>
#include <simul/task/group.hpp>
#include <simul/task/this_task.hpp>

#include <chrono>
#include <string>

using namespace std::chrono_literals;

namespace {

simul::task<> get_all(simul::http::client& web, const bench::orders& order, const std::string& url)
{
    int left = order.count;
    const auto get_in_turn = [&]() -> simul::task<> {
        while (left-- > 0)
            (co_await web.get(url)).raise_for_status();
    };
    co_await simul::with_group([&](simul::group& running) -> simul::task<> {
        for (int i = 0; i < order.concurrency; ++i)
            running.spawn(get_in_turn());
        co_return;
    });
}

simul::task<> follow(bench::orders orders)
{
    const std::string url = "http://127.0.0.1:" + std::to_string(orders.port) + "/";
    while (orders.next()) {
        const auto connections = static_cast<std::size_t>(orders.concurrency);
        simul::http::client web({.limit = connections, .limit_per_host = connections});
        co_await get_all(web, orders, url);
        orders.done();
        web.close();
        co_await simul::sleep(10ms); // so that it is done
    }
}

} // namespace

int main(int argc, char** argv)
{
    simul::run([orders = bench::orders(argc, argv)]() -> simul::task<> { co_await follow(orders); });
}
