// SPDX-License-Identifier: MIT
//
// What load.py calls: `jobs worker URL`, which says "ready", and `jobs client URL COUNT AT_ONCE`, which submits so many jobs and
// prints what one took, and the median wait for one, both in us.
#include "../program.hpp"

#include <simul/cluster/app.hpp>
#include <simul/cluster/worker.hpp>
#include <simul/simul.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

int add(int x, int y) { return x + y; }
const simul::cluster::job<&add> add_job{"bench.add", {"x", "y"}};

void work(const char* url)
{
    simul::run(simul::cluster::run_worker(url, {.concurrency = 2, .on_ready = [](std::string_view) {
                                                    std::puts("ready");
                                                    std::fflush(stdout);
                                                }}));
}

simul::task<> submit(simul::cluster::app& app, int count, std::vector<double>& waits)
{
    for (int i = 0; i < count; ++i) {
        const double start = bench::now_ns();
        co_await app.submit(add_job, i, i);
        waits.push_back(bench::now_ns() - start);
    }
}

simul::task<> ask(const char* url, int count, int at_once)
{
    simul::cluster::app app(url);
    std::vector<double> waits;
    co_await submit(app, 10, waits); // connects
    waits.clear();
    const double start = bench::now_ns();
    co_await simul::with_group([&](simul::group& all) -> simul::task<> {
        for (int i = 0; i < at_once; ++i)
            all.spawn(submit(app, count / at_once, waits));
        co_return;
    });
    const double took = bench::now_ns() - start;
    std::ranges::sort(waits);
    std::printf("%g %g\n", took / 1e3 / count, waits[waits.size() / 2] / 1e3);
    co_await app.close();
}

int main(int argc, char** argv)
{
    if (argc == 3 && std::string_view(argv[1]) == "worker")
        work(argv[2]);
    else if (argc == 5)
        simul::run(ask(argv[2], std::atoi(argv[3]), std::atoi(argv[4])));
    else
        return 2;
}
