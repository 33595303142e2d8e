// SPDX-License-Identifier: MIT
//
// What it costs to hand something from one task to another on the same loop.
#include "../program.hpp"

#include <simul/run/run.hpp>
#include <simul/task/channel.hpp>
#include <simul/task/mutex.hpp>
#include <simul/task/queue.hpp>

#include <utility>

namespace {

double run(simul::task<> all)
{
    return bench::timed([&] { simul::run(std::move(all)); });
}

simul::task<> queue_pass(long n)
{
    simul::queue<long> items(16);
    auto producer = simul::spawn([](auto& items, long n) -> simul::task<> {
        for (long i = 0; i < n; ++i)
            co_await items.put(i);
    }(items, n));
    for (long i = 0; i < n; ++i)
        bench::keep(co_await items.get());
    co_await producer;
}

simul::task<> channel_pass(long n)
{
    simul::channel<long> items;
    auto producer = simul::spawn([](auto& items, long n) -> simul::task<> {
        for (long i = 0; i < n; ++i)
            co_await items.send(i);
    }(items, n));
    for (long i = 0; i < n; ++i)
        bench::keep(co_await items.receive());
    co_await producer;
}

simul::task<> mutex_uncontended(long n)
{
    simul::mutex mutex;
    for (long i = 0; i < n; ++i)
        bench::keep(co_await mutex.lock());
}

} // namespace

int main(int argc, char** argv)
{
    bench::program program(argc, argv);
    program.figure("queue_pass", 1'000'000, [](long n) { return run(queue_pass(n)); });
    program.figure("channel_pass", 1'000'000, [](long n) { return run(channel_pass(n)); });
    program.figure("mutex_uncontended", 10'000'000, [](long n) { return run(mutex_uncontended(n)); });
}
