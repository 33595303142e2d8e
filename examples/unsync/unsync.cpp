// SPDX-License-Identifier: MIT
//
// unsync: plain code, and three calls in the background at once: a coroutine's, a blocking function's, and one that computes.
#include <fmt/core.h>
#include <simul/simul.hpp>

#include <string>
#include <thread>
using namespace std::chrono_literals;
using seconds = std::chrono::duration<double>;

simul::task<int> waits(int n)
{
    co_await simul::sleep(100ms);
    co_return n + 1;
}

int blocks(int n)
{
    std::this_thread::sleep_for(100ms);
    return n * 2;
}

long computes(long n)
{
    long sum = 0;
    for (long i = 1; i <= n; ++i)
        sum += i * i % 7;
    return sum;
}

simul::task<int> asks(const auto& f)
{
    auto inner = f(1);
    try {
        co_return inner.result(); // would block the loop that `inner` runs on: refused, and no hang
    } catch (const simul::deadlock_error&) {
        fmt::print("in a task: co_await it\n");
    }
    co_return co_await inner;
}

int main()
{
    const auto on_the_loop = simul::unsync(waits);
    const auto in_a_thread = simul::unsync(blocks);
    const auto in_a_process = simul::unsync(computes, simul::in_processes);

    const auto start = simul::now();
    auto a = on_the_loop(1);
    auto b = in_a_thread(2);
    auto c = in_a_process(1'000'000);
    fmt::print("{} {} {}\n", a.result(), b.result(), c.result());
    fmt::print("{:.2f} seconds\n", seconds(simul::now() - start).count());

    auto chain = on_the_loop(1).then(waits).then(blocks); // each gets the value of the one before
    fmt::print("{}\n", chain.result());

    const auto asking = simul::unsync([&] { return asks(on_the_loop); });
    fmt::print("{}\n", asking().result());
}
