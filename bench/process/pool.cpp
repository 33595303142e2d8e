// SPDX-License-Identifier: MIT
//
// What a job in another process costs: many, one by one; one, while everybody is awake and when everybody sleeps; the
// first one of a new pool; a large result.
#include "../program.hpp"

#include <simul/run/process_pool.hpp>

#include <chrono>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

namespace {

int next(int n)
{
    return n + 1;
}

std::vector<char> much(std::size_t size)
{
    return std::vector<char>(size, 'x');
}

/// Submitted one by one; waited for in order, 1000 behind.
double jobs(simul::process_pool& pool, long n)
{
    constexpr long window = 1000;
    std::vector<simul::future<int>> flights(window);
    return bench::timed([&] {
        for (long i = 0; i < n; ++i) {
            simul::future<int>& slot = flights[static_cast<std::size_t>(i % window)];
            if (slot)
                bench::keep(slot.result());
            slot = pool.submit(next, static_cast<int>(i));
        }
        for (simul::future<int>& each : flights)
            if (each)
                bench::keep(each.result());
    });
}

double latency(simul::process_pool& pool, long n, std::chrono::microseconds pause)
{
    double sum = 0;
    for (long i = 0; i < n; ++i) {
        std::this_thread::sleep_for(pause);
        sum += bench::timed([&] { bench::keep(pool.submit(next, 1).result()); });
    }
    return sum / 1000;
}

/// New pools, each until its first answer.
double starts(long n)
{
    double sum = 0;
    for (long i = 0; i < n; ++i) {
        std::unique_ptr<simul::process_pool> pool;
        sum += bench::timed([&] {
            pool = std::make_unique<simul::process_pool>(simul::process_pool_options{.workers = 2});
            bench::keep(pool->submit(next, 1).result());
        });
    }
    return sum / 1e6;
}

} // namespace

int main(int argc, char** argv)
{
    bench::program program(argc, argv);
    const auto with_pool = [](auto measure) {
        return [=](long n) {
            simul::process_pool pool({.workers = 2});
            bench::keep(pool.submit(next, 1).result());
            return measure(pool, n);
        };
    };
    program.figure("process_jobs", 1'000'000, with_pool([](auto& pool, long n) { return jobs(pool, n) / 1000; }));
    program.figure("process_latency", 1'000,
                   with_pool([](auto& pool, long n) { return latency(pool, n, std::chrono::milliseconds(1)); }));
    program.figure("process_latency_busy", 100'000, with_pool([](auto& pool, long n) { return latency(pool, n, {}); }));
    program.figure("process_start", 20, starts);
    program.figure("process_start_512mb", 20, [](long n) {
        const std::vector<char> touched(512u << 20, 'x');
        return starts(n);
    });
    program.figure("process_100mb", 20, with_pool([](auto& pool, long n) {
                       return bench::timed([&] {
                                  for (long i = 0; i < n; ++i)
                                      bench::keep(pool.submit(much, std::size_t{100'000'000}).result());
                              }) /
                              1e6;
                   }));
}
