// SPDX-License-Identifier: MIT
//
// A server as the documentation writes it, with its limits as they are: server FD
#include "peers/bare.hpp"

#include <simul/http/server.hpp>
#include <simul/run/run.hpp>

int main(int argc, char** argv)
{
    bench::check(argc == 2, "server FD");
    simul::run([listening = std::atoi(argv[1])]() -> simul::task<> {
        simul::http::server site;
        site.get("/", [](auto&) -> simul::task<simul::http::response> { co_return "Hello, world!"; });
        co_await site.serve({.door = simul::listener::adopt(listening)});
    });
}
