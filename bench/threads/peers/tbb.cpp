// SPDX-License-Identifier: MIT
#include "../kernels.hpp"

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/parallel_invoke.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>

#include <array>
#include <string>

using kernels::board;
using kernels::part;

namespace {

long fib(int n)
{
    if (n < 2)
        return n;
    long a = 0;
    long b = 0;
    tbb::parallel_invoke([&] { a = fib(n - 1); }, [&] { b = fib(n - 2); });
    return a + b;
}

long sky(long first, int depth)
{
    if (depth == 0)
        return first;
    const long step = kernels::sky_step(depth);
    std::array<long, 10> sums{};
    tbb::task_group all;
    for (std::size_t n = 0; n < sums.size(); ++n)
        all.run([&, n] { sums[n] = sky(first + static_cast<long>(n) * step, depth - 1); });
    all.wait();
    long sum = 0;
    for (const long each : sums)
        sum += each;
    return sum;
}

int queens(board at)
{
    if (at.columns == kernels::queens)
        return 1;
    std::array<int, kernels::queens> sums{};
    tbb::task_group all;
    for (int row = 0; row < kernels::queens; ++row)
        if (at.may_take(row))
            all.run([&sums, row, next = at.with(row)] { sums[static_cast<std::size_t>(row)] = queens(next); });
    all.wait();
    int sum = 0;
    for (const int each : sums)
        sum += each;
    return sum;
}

void multiply(part a, part b, part c, std::size_t side)
{
    if (side == kernels::matrix_leaf) {
        kernels::multiply_leaf(a, b, c);
        return;
    }
    const std::size_t half = side / 2;
    const auto q = [half](part of, std::size_t down, std::size_t right) { return kernels::quarter(of, half, down, right); };
    for (const std::size_t k : {0, 1})
        tbb::parallel_invoke([&] { multiply(q(a, 0, k), q(b, k, 0), q(c, 0, 0), half); },
                             [&] { multiply(q(a, 0, k), q(b, k, 1), q(c, 0, 1), half); },
                             [&] { multiply(q(a, 1, k), q(b, k, 0), q(c, 1, 0), half); },
                             [&] { multiply(q(a, 1, k), q(b, k, 1), q(c, 1, 1), half); });
}

void race_with(bench::program& program, int threads)
{
    const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(threads));
    tbb::task_arena arena(threads);
    const std::string suffix = "_" + std::to_string(threads) + "t";
    const auto race = [&](const char* name, auto body) {
        kernels::race(program, (name + suffix).c_str(), [&] { arena.execute(body); });
    };
    race("fib_34", [] { kernels::check(fib(kernels::fib_of) == kernels::fib_is, "fib"); });
    const auto skynet = [] { kernels::check(sky(0, kernels::sky_depth) == kernels::sky_is, "skynet"); };
    race("skynet", skynet);
    kernels::weigh(program, ("skynet" + suffix + "_mib").c_str(), [&] { arena.execute(skynet); });
    race("nqueens", [] { kernels::check(queens(board()) == kernels::queens_is, "nqueens"); });
    if (program.wants("matmul" + suffix)) {
        kernels::matrices m;
        race("matmul", [&] { multiply(m.a.data(), m.b.data(), m.c.data(), kernels::matrix_side); });
    }
}

} // namespace

int main(int argc, char** argv)
{
    bench::program program(argc, argv);
    race_with(program, 1);
    race_with(program, 2);
}
