// SPDX-License-Identifier: MIT
//
// What a stack of its own costs: a wait in a fiber, one that finds its result there, and making and ending a fiber.
#include "../program.hpp"

#include <simul/run/fiber.hpp>
#include <simul/run/run.hpp>
#include <simul/task/event.hpp>
#include <simul/task/mutex.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/this_task.hpp>

#include <vector>

namespace {

double fiber_yield(long n)
{
    return simul::run(simul::fiber([n] {
        return bench::timed([&] {
            for (long i = 0; i < n; ++i)
                simul::await(simul::yield());
        });
    }));
}

[[gnu::noinline]] simul::task<int> trivial()
{
    co_return 1;
}

double fiber_await_task(long n)
{
    return simul::run(simul::fiber([n] {
        return bench::timed([&] {
            for (long i = 0; i < n; ++i)
                bench::keep(simul::await(trivial()));
        });
    }));
}

double fiber_ready(long n)
{
    return simul::run(simul::fiber([n] {
        simul::mutex free;
        return bench::timed([&] {
            for (long i = 0; i < n; ++i)
                bench::keep(simul::await(free.lock()));
        });
    }));
}

simul::task<> spawn_fibers(long n)
{
    for (long i = 0; i < n; ++i)
        bench::keep(co_await simul::spawn(simul::fiber([] { return 1; })));
}

/// Resident memory of a fiber that waits.
double fiber_bytes(long n)
{
    return simul::run([n]() -> simul::task<double> {
        simul::event go;
        std::vector<simul::future<>> all;
        all.reserve(static_cast<std::size_t>(n));
        const double before = bench::resident_bytes();
        for (long i = 0; i < n; ++i)
            all.push_back(simul::spawn(simul::fiber([&] { simul::await(go.wait()); })));
        co_await simul::yield();
        const double after = bench::resident_bytes();
        go.set();
        for (auto& each : all)
            co_await each;
        co_return after - before;
    });
}

} // namespace

int main(int argc, char** argv)
{
    bench::program program(argc, argv);
    program.figure("fiber_yield", 5'000'000, fiber_yield);
    program.figure("fiber_await_task", 5'000'000, fiber_await_task);
    program.figure("fiber_ready", 20'000'000, fiber_ready);
    program.figure("fiber_spawn", 1'000'000, [](long n) { return bench::timed([&] { simul::run(spawn_fibers(n)); }); });
    program.figure("fiber_bytes", 10'000, fiber_bytes);
}
