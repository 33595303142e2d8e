// SPDX-License-Identifier: MIT
//
// The same without tasks: what one thread needs for the computing alone.
#include "../kernels.hpp"

using kernels::board;
using kernels::part;

namespace {

[[gnu::noinline]] long fib(int n)
{
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

[[gnu::noinline]] long sky(long first, int depth)
{
    if (depth == 0)
        return first;
    const long step = kernels::sky_step(depth);
    long sum = 0;
    for (int n = 0; n < 10; ++n)
        sum += sky(first + n * step, depth - 1);
    return sum;
}

int queens(const board& at)
{
    if (at.columns == kernels::queens)
        return 1;
    int sum = 0;
    for (int row = 0; row < kernels::queens; ++row)
        if (at.may_take(row))
            sum += queens(at.with(row));
    return sum;
}

void multiply(part a, part b, part c, std::size_t side)
{
    if (side == kernels::matrix_leaf) {
        kernels::multiply_leaf(a, b, c);
        return;
    }
    const std::size_t half = side / 2;
    for (const std::size_t k : {0, 1})
        for (const std::size_t i : {0, 1})
            for (const std::size_t j : {0, 1})
                multiply(kernels::quarter(a, half, i, k), kernels::quarter(b, half, k, j), kernels::quarter(c, half, i, j), half);
}

} // namespace

int main(int argc, char** argv)
{
    bench::program program(argc, argv);
    kernels::matrices m;
    for (const std::string suffix : {"_1t", "_2t"}) { // beside both
        kernels::race(program, ("fib_34" + suffix).c_str(), [] { kernels::check(fib(kernels::fib_of) == kernels::fib_is, "fib"); });
        kernels::race(program, ("skynet" + suffix).c_str(),
                      [] { kernels::check(sky(0, kernels::sky_depth) == kernels::sky_is, "skynet"); });
        kernels::race(program, ("nqueens" + suffix).c_str(), [] { kernels::check(queens({}) == kernels::queens_is, "nqueens"); });
        kernels::race(program, ("matmul" + suffix).c_str(),
                      [&] { multiply(m.a.data(), m.b.data(), m.c.data(), kernels::matrix_side); });
    }
}
