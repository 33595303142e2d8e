// SPDX-License-Identifier: MIT
//
// interop_worker URL NAME [QUEUE...]: a program with jobs that is a worker by its own main.
#include <simul/cluster/worker.hpp>
#include <simul/run/run.hpp>

#include <cstdio>
#include <exception>
#include <fmt/core.h>

int main(int count, char** values)
{
    if (count < 3)
        return 2;
    simul::cluster::worker_options options{.name = values[2],
                                           .concurrency = 2,
                                           .on_ready = [](std::string_view name) { fmt::print(stderr, "{} is ready\n", name); }};
    if (count > 3)
        options.queues.assign(values + 3, values + count);
    try {
        simul::run(simul::cluster::run_worker(values[1], options));
    } catch (const std::exception& e) {
        fmt::print(stderr, "{}\n", e.what());
        return 1;
    }
    return 0;
}
