// SPDX-License-Identifier: MIT
//
// What it costs to ask Redis: one GET after another; in pipelines; by 100 tasks that know nothing of each other.
#include "redis_process.hpp"

#include <simul/db/redis.hpp>
#include <simul/run/run.hpp>
#include <simul/task/gather.hpp>

#include <vector>

namespace {

using simul::db::redis;

simul::task<> one_after_another(redis& r, long n)
{
    for (long i = 0; i < n; ++i)
        bench::keep(co_await r.get("key"));
}

simul::task<> in_pipelines(redis& r, long n)
{
    simul::db::redis_pipeline some = r.pipeline();
    for (long done = 0; done < n; done += bench::pipeline_size) {
        for (long i = 0; i < bench::pipeline_size; ++i)
            some.command("GET", "key");
        bench::keep(co_await some.run());
    }
}

simul::task<> by_tasks(redis& r, long n)
{
    std::vector<simul::task<>> tasks;
    for (long i = 0; i < bench::tasks_at_once; ++i)
        tasks.push_back(one_after_another(r, n / bench::tasks_at_once));
    co_await simul::gather(std::move(tasks));
}

} // namespace

int main(int argc, char** argv)
{
    bench::program program(argc, argv);
    const bench::redis_process server;
    const auto run = [&](simul::task<> (*work)(redis&, long), long n) {
        simul::run([](std::string url, simul::task<> (*ask)(redis&, long), long count) -> simul::task<> {
            redis r = co_await redis::connect(std::move(url));
            co_await r.set("key", "value of a usual size");
            co_await ask(r, count);
            co_await r.close();
        }("unix://" + server.socket(), work, n));
    };
    program.figure("redis_get", 50'000,
                   [&](long n) { return bench::timed([&] { run(one_after_another, n); }) / 1000; });
    program.figure("redis_pipeline_cpu", 500'000,
                   [&](long n) { return bench::own_cpu([&] { run(in_pipelines, n); }) / 1000; });
    program.figure("redis_tasks_cpu", 500'000,
                   [&](long n) { return bench::own_cpu([&] { run(by_tasks, n); }) / 1000; });
}
