// SPDX-License-Identifier: MIT
//
// Fork and join in a thread pool: the field's common benchmarks.
#include "kernels.hpp"

#include <simul/run/thread_pool.hpp>
#include <simul/task/gather.hpp>

#include <string>
#include <utility>
#include <vector>

using kernels::board;
using kernels::part;
using simul::gather;
using simul::task;

namespace {

task<long> fib(int n)
{
    if (n < 2)
        co_return n;
    const auto [a, b] = co_await gather(fib(n - 1), fib(n - 2));
    co_return a + b;
}

task<long> sky(long first, int depth)
{
    if (depth == 0)
        co_return first;
    const long step = kernels::sky_step(depth);
    std::vector<task<long>> all;
    all.reserve(10);
    for (int n = 0; n < 10; ++n)
        all.push_back(sky(first + n * step, depth - 1));
    long sum = 0;
    for (const long each : co_await gather(std::move(all)))
        sum += each;
    co_return sum;
}

task<int> queens(board at)
{
    if (at.columns == kernels::queens)
        co_return 1;
    std::vector<task<int>> next;
    next.reserve(kernels::queens);
    for (int row = 0; row < kernels::queens; ++row)
        if (at.may_take(row))
            next.push_back(queens(at.with(row)));
    int sum = 0;
    for (const int each : co_await gather(std::move(next)))
        sum += each;
    co_return sum;
}

task<> multiply(part a, part b, part c, std::size_t side)
{
    if (side == kernels::matrix_leaf) {
        kernels::multiply_leaf(a, b, c);
        co_return;
    }
    const std::size_t half = side / 2;
    const auto q = [half](part of, std::size_t down, std::size_t right) { return kernels::quarter(of, half, down, right); };
    for (const std::size_t k : {0, 1})
        co_await gather(multiply(q(a, 0, k), q(b, k, 0), q(c, 0, 0), half), multiply(q(a, 0, k), q(b, k, 1), q(c, 0, 1), half),
                        multiply(q(a, 1, k), q(b, k, 0), q(c, 1, 0), half), multiply(q(a, 1, k), q(b, k, 1), q(c, 1, 1), half));
}

void race_with(bench::program& program, std::size_t threads)
{
    simul::thread_pool pool({.threads = threads});
    const std::string suffix = "_" + std::to_string(threads) + "t";
    kernels::race(program, ("fib_34" + suffix).c_str(),
                  [&] { kernels::check(pool.submit(fib(kernels::fib_of)).result() == kernels::fib_is, "fib"); });
    const auto skynet = [&] { kernels::check(pool.submit(sky(0, kernels::sky_depth)).result() == kernels::sky_is, "skynet"); };
    kernels::race(program, ("skynet" + suffix).c_str(), skynet);
    kernels::weigh(program, ("skynet" + suffix + "_mib").c_str(), skynet);
    kernels::race(program, ("nqueens" + suffix).c_str(),
                  [&] { kernels::check(pool.submit(queens(board())).result() == kernels::queens_is, "nqueens"); });
    if (program.wants("matmul" + suffix)) {
        kernels::matrices m;
        kernels::race(program, ("matmul" + suffix).c_str(), [&] {
            pool.submit(multiply(m.a.data(), m.b.data(), m.c.data(), kernels::matrix_side)).result();
        });
    }
}

} // namespace

int main(int argc, char** argv)
{
    bench::program program(argc, argv);
    race_with(program, 1);
    race_with(program, 2);
}
