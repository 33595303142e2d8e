// SPDX-License-Identifier: MIT
//
// The figures of area task with Asio's C++20 coroutines, told that one thread runs the context.
#include "../../program.hpp"

#include <asio.hpp>
#include <asio/experimental/channel.hpp>

#include <memory>
#include <thread>

using namespace std::chrono_literals;
using asio::awaitable;
using asio::use_awaitable;

namespace {

// Runs `body(context)`, a coroutine, on a context of its own; the time is taken from the first turn to the last.
double run(auto&& body, int hint = 1)
{
    asio::io_context context(hint);
    asio::co_spawn(context, body(context), asio::detached);
    return bench::timed([&] { context.run(); });
}

awaitable<int> trivial() { co_return 1; }

double spawn_await(long n)
{
    return run([n](auto& context) -> awaitable<void> {
        for (long i = 0; i < n; ++i)
            bench::keep(co_await asio::co_spawn(context, trivial(), use_awaitable));
    });
}

double yield(long n)
{
    return run([n](auto& context) -> awaitable<void> {
        for (long i = 0; i < n; ++i)
            co_await asio::post(context, use_awaitable);
    });
}

double post(long n)
{
    asio::io_context context(1);
    long sum = 0;
    return bench::timed([&] {
        while (sum < n) {
            for (int i = 0; i < 1000; ++i)
                asio::post(context, [&sum] { ++sum; });
            context.poll();
            context.restart();
        }
    });
}

double cross_post(long n)
{
    asio::io_context context;
    long sum = 0;
    std::thread poster([&, work = asio::make_work_guard(context)] {
        for (long i = 0; i < n; ++i)
            asio::post(context, [&sum] { ++sum; });
    });
    const double took = bench::timed([&] { context.run(); });
    poster.join();
    return took;
}

double gather_each(long n)
{
    asio::io_context context(1);
    long left = n;
    return bench::timed([&] {
        for (long i = 0; i < n; ++i)
            asio::co_spawn(context, trivial(), [&left](std::exception_ptr, int) { --left; });
        context.run();
    });
}

double timer_add_cancel(long n)
{
    asio::io_context context(1);
    std::vector<asio::steady_timer> timers;
    for (int i = 0; i < 1000; ++i)
        timers.emplace_back(context);
    return bench::timed([&] {
        for (long done = 0; done < n; done += 1000) {
            for (auto& timer : timers) {
                timer.expires_after(30s);
                timer.async_wait([](auto) {});
            }
            for (auto& timer : timers)
                timer.cancel();
            context.poll();
            context.restart();
        }
    });
}

double timer_fire(long n)
{
    asio::io_context context(1);
    std::vector<asio::steady_timer> timers;
    const auto start = std::chrono::steady_clock::now();
    long fired = 0;
    for (long i = 0; i < n; ++i) {
        timers.emplace_back(context, start + std::chrono::nanoseconds(i * 7919 % 10'000'000));
        timers.back().async_wait([&fired](auto) { ++fired; });
    }
    std::this_thread::sleep_until(start + 10ms);
    return bench::timed([&] { context.run(); });
}

double pass_through_channel(long n, std::size_t capacity)
{
    return run([=](auto& context) -> awaitable<void> {
        using channel = asio::experimental::channel<void(asio::error_code, long)>;
        auto items = std::make_shared<channel>(context, capacity);
        asio::co_spawn(context, [](auto items, long n) -> awaitable<void> {
            for (long i = 0; i < n; ++i)
                co_await items->async_send(asio::error_code{}, i, use_awaitable);
        }(items, n), asio::detached);
        for (long i = 0; i < n; ++i)
            bench::keep(co_await items->async_receive(use_awaitable));
    });
}

double task_bytes(long n)
{
    asio::io_context context(1);
    const double before = bench::resident_bytes();
    for (long i = 0; i < n; ++i)
        asio::co_spawn(context, [](auto& context) -> awaitable<void> {
            co_await asio::steady_timer(context, 1h).async_wait(use_awaitable);
        }(context), asio::detached);
    context.poll();
    return bench::resident_bytes() - before;
}

} // namespace

int main(int argc, char** argv)
{
    bench::program program(argc, argv);
    program.figure("spawn_await", 1'000'000, spawn_await);
    program.figure("yield", 1'000'000, yield);
    program.figure("post", 1'000'000, post);
    program.figure("cross_post", 1'000'000, cross_post);
    program.figure("gather_each", 100'000, gather_each);
    program.figure("timer_add_cancel", 1'000'000, timer_add_cancel);
    program.figure("timer_fire", 100'000, timer_fire);
    program.figure("queue_pass", 1'000'000, [](long n) { return pass_through_channel(n, 16); });
    program.figure("channel_pass", 1'000'000, [](long n) { return pass_through_channel(n, 0); });
    program.figure("task_bytes", 1'000'000, task_bytes);
}
