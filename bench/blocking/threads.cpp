// SPDX-License-Identifier: MIT
//
// What it costs to go to another thread and back, and to wait from a plain one.
#include "../program.hpp"

#include <simul/run/block_on.hpp>
#include <simul/run/cpu_count.hpp>
#include <simul/run/run.hpp>
#include <simul/run/thread.hpp>
#include <simul/run/to_thread.hpp>
#include <simul/task/mutex.hpp>
#include <simul/task/this_task.hpp>

namespace {

simul::task<double> to_thread(long n)
{
    const double start = bench::now_ns();
    for (long i = 0; i < n; ++i)
        co_await simul::to_thread([] {});
    co_return bench::now_ns() - start;
}

void start_threads(long n)
{
    for (long i = 0; i < n; ++i) {
        simul::thread t{[] {}};
        t.start();
        t.join();
    }
}

void lock_free_mutex(long n)
{
    simul::mutex free;
    for (long i = 0; i < n; ++i)
        bench::keep(simul::block_on(free.lock()));
}

void block_on_yield(long n)
{
    for (long i = 0; i < n; ++i)
        simul::block_on(simul::yield());
}

void count_cpus(long n)
{
    for (long i = 0; i < n; ++i)
        bench::keep(simul::cpu_count());
}

} // namespace

int main(int argc, char** argv)
{
    bench::program program(argc, argv);
    const auto timed = [](void (*body)(long)) { return [body](long n) { return bench::timed([&] { body(n); }); }; };
    program.figure("to_thread", 20'000, [](long n) { return simul::run(to_thread(n)); });
    program.figure("thread_start", 5'000, timed(start_threads));
    program.figure("block_on_ready", 20'000'000, timed(lock_free_mutex));
    program.figure("block_on_yield", 2'000'000, timed(block_on_yield));
    program.figure("cpu_count", 2'000, timed(count_cpus));
}
