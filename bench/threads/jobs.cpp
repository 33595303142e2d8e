// SPDX-License-Identifier: MIT
//
// Jobs submitted to a thread pool from outside, and items passed between its tasks.
#include "../program.hpp"

#include <simul/run/thread_pool.hpp>
#include <simul/task/channel.hpp>
#include <simul/task/gather.hpp>

#include <algorithm>
#include <chrono>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using simul::task;

namespace {

constexpr long window = 1000; // so many are under way at once

double jobs(long n)
{
    simul::thread_pool pool({.threads = 2});
    pool.submit([] {}).result();
    return bench::timed([&] {
        std::vector<simul::future<long>> all;
        for (long done = 0; done < n; done += window) {
            for (long each = 0; each < window; ++each)
                all.push_back(pool.submit([each] { return each; }));
            for (auto& each : all)
                bench::keep(each.result());
            all.clear();
        }
    });
}

/// There and back, with the workers asleep at first: the median.
double latency(long n)
{
    simul::thread_pool pool({.threads = 2});
    std::vector<double> each;
    for (long turn = 0; turn < n; ++turn) {
        std::this_thread::sleep_for(1ms);
        each.push_back(bench::timed([&] { pool.submit([] {}).result(); }));
    }
    if (each.empty())
        return 0;
    std::ranges::nth_element(each, each.begin() + n / 2);
    return each[static_cast<std::size_t>(n / 2)] * static_cast<double>(n);
}

task<> send(simul::channel<long>& to, long count)
{
    for (long each = 0; each < count; ++each)
        co_await to.send(each);
}
task<long> receive(simul::channel<long>& from)
{
    long sum = 0;
    while (const auto item = co_await from.receive())
        sum += *item;
    co_return sum;
}

/// Two senders, two receivers, all in one pool of two threads.
double channel_mpmc(long n)
{
    simul::thread_pool pool({.threads = 2});
    simul::channel<long> items(1024);
    return bench::timed([&] {
        auto one = pool.submit(receive(items));
        auto two = pool.submit(receive(items));
        pool.submit([&]() -> task<> {
            co_await simul::gather(send(items, n / 2), send(items, n / 2));
            items.close();
        }).result();
        bench::keep(one.result() + two.result());
    });
}

} // namespace

int main(int argc, char** argv)
{
    bench::program program(argc, argv);
    const auto us = [](auto measure) { return [measure](long n) { return measure(n) / 1000; }; };
    program.figure("thread_jobs", 1'000'000, us(jobs));
    program.figure("thread_latency", 1000, us(latency));
    program.figure("channel_mpmc", 1'000'000, channel_mpmc);
}
