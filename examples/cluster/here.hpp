// SPDX-License-Identifier: MIT
//
// What the examples on a cluster share: where that is. Of a program `ask`:
//
//     ./ask                                        starts a Redis and a worker of its own, for as long as it runs
//     ./ask worker redis://queue.example.org       is a worker, on as many machines as one likes
//     ./ask at redis://queue.example.org 1000      asks those
#pragma once

#include <simul/cluster/app.hpp>
#include <simul/cluster/worker.hpp>
#include <simul/simul.hpp>

#include <string>
#include <string_view>

using namespace std::chrono_literals;

/// `ask(app)`, with a Redis at a socket of its own, and this program once more as a worker.
simul::task<> ask_here(std::string program, auto ask)
{
    const simul::fs::temp_directory folder = co_await simul::fs::temp_dir();
    const std::string socket = folder / "redis.sock";
    simul::subprocess redis({"redis-server", "--port", "0", "--unixsocket", socket, "--dir", folder.path(), "--save", ""},
                            {.output = simul::redirect::null()});
    while (!co_await simul::fs::exists(socket))
        co_await simul::sleep(10ms);
    simul::subprocess worker({program, "worker", "unix://" + socket}, {.output = simul::redirect::null()});
    simul::cluster::app app("unix://" + socket);
    co_await ask(app);
    co_await app.close();
}

/// As the command line says; what it says beyond is for `ask(app, argc, argv)`.
simul::task<> in_cluster(int argc, char** argv, auto ask)
{
    const std::string_view word = argc > 2 ? argv[1] : "";
    if (word == "worker") {
        co_await simul::cluster::run_worker(argv[2]);
    } else if (word == "at") {
        simul::cluster::app app(argv[2]);
        co_await ask(app, argc - 2, argv + 2);
        co_await app.close();
    } else {
        co_await ask_here(argv[0], [&](simul::cluster::app& app) { return ask(app, argc, argv); });
    }
}
