// SPDX-License-Identifier: MIT
//
// What tasks, callbacks and timers cost on one loop.
#include "../program.hpp"

#include <simul/run/run.hpp>
#include <simul/task/event.hpp>
#include <simul/task/this_task.hpp>

#include <thread>
#include <vector>

using namespace std::chrono_literals;

namespace {

simul::task<int> trivial() { co_return 1; }

// What `body(n)`, a coroutine, takes on a loop that is already running.
double timed_on_a_loop(simul::task<> (*body)(long), long n)
{
    double took = 0;
    simul::run([](auto body, long n, double& took) -> simul::task<> {
        const double start = bench::now_ns();
        co_await body(n);
        took = bench::now_ns() - start;
    }(body, n, took));
    return took;
}

simul::task<> spawn_await(long n)
{
    for (long i = 0; i < n; ++i)
        bench::keep(co_await simul::spawn(trivial()));
}

simul::task<> yield(long n)
{
    for (long i = 0; i < n; ++i)
        co_await simul::yield();
}

simul::task<> post(long n)
{
    simul::loop& loop = simul::loop::current();
    long sum = 0;
    while (sum < n) {
        for (int i = 0; i < 1000; ++i)
            loop.call_soon([&sum] { ++sum; });
        co_await simul::yield();
    }
}

simul::task<> cross_post(long n)
{
    simul::loop& loop = simul::loop::current();
    simul::event done;
    long sum = 0;
    std::thread poster([&, n] {
        for (long i = 0; i < n; ++i)
            loop.call_soon_threadsafe([&sum] { ++sum; });
        loop.call_soon_threadsafe([&done] { done.set(); });
    });
    co_await done.wait();
    poster.join();
}

simul::task<> timer_add_cancel(long n)
{
    simul::loop& loop = simul::loop::current();
    std::vector<simul::callback_handle> handles;
    for (long done = 0; done < n; done += 1000) {
        for (int i = 0; i < 1000; ++i)
            handles.push_back(loop.call_later(30s, [] {}));
        for (auto& handle : handles)
            handle.cancel();
        handles.clear();
        co_await simul::yield();
    }
}

double timer_fire(long n)
{
    double took = 0;
    simul::run([](long n, double& took) -> simul::task<> {
        simul::loop& loop = simul::loop::current();
        simul::event done;
        const auto start = simul::now();
        long left = n;
        for (long i = 0; i < n; ++i)
            loop.call_at(start + std::chrono::nanoseconds(i * 7919 % 10'000'000), [&] {
                if (--left == 0)
                    done.set();
            });
        std::this_thread::sleep_until(start + 10ms); // blocks the loop, so that all are due at once
        took = co_await [](simul::event& done) -> simul::task<double> {
            const double start = bench::now_ns();
            co_await done.wait();
            co_return bench::now_ns() - start;
        }(done);
    }(n, took));
    return took;
}

double task_bytes(long n)
{
    double bytes = 0;
    simul::run([](long n, double& bytes) -> simul::task<> {
        const double before = bench::resident_bytes();
        for (long i = 0; i < n; ++i)
            simul::spawn([]() -> simul::task<> { co_await simul::sleep(1h); }()).detach();
        co_await simul::yield();
        bytes = bench::resident_bytes() - before;
    }(n, bytes));
    return bytes;
}

} // namespace

int main(int argc, char** argv)
{
    bench::program program(argc, argv);
    const auto on_a_loop = [](auto* body) { return [body](long n) { return timed_on_a_loop(body, n); }; };
    program.figure("spawn_await", 1'000'000, on_a_loop(spawn_await));
    program.figure("yield", 1'000'000, on_a_loop(yield));
    program.figure("post", 1'000'000, on_a_loop(post));
    program.figure("cross_post", 1'000'000, on_a_loop(cross_post));
    program.figure("timer_add_cancel", 1'000'000, on_a_loop(timer_add_cancel));
    program.figure("timer_fire", 100'000, timer_fire);
    program.figure("task_bytes", 1'000'000, task_bytes);
}
