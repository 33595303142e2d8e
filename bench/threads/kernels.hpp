// SPDX-License-Identifier: MIT
//
// What the programs compute that race fork and join, apart from forking and joining.
#pragma once

#include "../program.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

namespace kernels {

constexpr int fib_of = 34;
constexpr long fib_is = 5'702'887;
constexpr int sky_depth = 6; // a tree of ten branches at each node, and a million leaves
constexpr long sky_is = 499'999'500'000;
constexpr int queens = 12;
constexpr int queens_is = 14'200;
constexpr std::size_t matrix_side = 1024;
constexpr std::size_t matrix_leaf = 64;

/// Rows of the queens that stand, one in each column.
struct board {
    std::array<signed char, queens> row{};
    int columns = 0;

    bool may_take(int next) const
    {
        for (int column = 0; column < columns; ++column) {
            const int distance = columns - column;
            const int there = row[static_cast<std::size_t>(column)];
            if (there == next || there == next - distance || there == next + distance)
                return false;
        }
        return true;
    }
    board with(int next) const
    {
        board more = *this;
        more.row[static_cast<std::size_t>(more.columns++)] = static_cast<signed char>(next);
        return more;
    }
};

inline long sky_step(int depth)
{
    long step = 1;
    for (int level = 1; level < depth; ++level)
        step *= 10;
    return step;
}

/// A square part of a matrix of matrix_side columns.
using part = float*;
inline part quarter(part of, std::size_t half, std::size_t down, std::size_t right)
{
    return of + (down * matrix_side + right) * half;
}

[[gnu::noinline]] inline void multiply_leaf(const float* a, const float* b, float* c)
{
    for (std::size_t i = 0; i < matrix_leaf; ++i)
        for (std::size_t k = 0; k < matrix_leaf; ++k) {
            const float factor = a[i * matrix_side + k];
            for (std::size_t j = 0; j < matrix_leaf; ++j)
                c[i * matrix_side + j] += factor * b[k * matrix_side + j];
        }
}

struct matrices {
    std::vector<float> a = std::vector<float>(matrix_side * matrix_side, 1.0f);
    std::vector<float> b = std::vector<float>(matrix_side * matrix_side, 2.0f);
    std::vector<float> c = std::vector<float>(matrix_side * matrix_side, 0.0f);
};

inline void check(bool right, const char* what)
{
    if (right)
        return;
    std::fprintf(stderr, "%s came out wrong\n", what);
    std::exit(1);
}

/// Prints `figure` in ms, when it was asked for: the best of five, for they differ by what else the machine does.
void race(bench::program& program, const char* figure, auto&& run)
{
    if (!program.wants(figure))
        return;
    double best = 1e300;
    for (int round = 0; round < (program.quick() ? 2 : 5); ++round)
        best = std::min(best, bench::timed(run));
    bench::program::print(figure, best / 1e6);
}

/// As `race`, but prints the peak memory of this process, in MiB: to be asked for alone.
void weigh(bench::program& program, const char* figure, auto&& run)
{
    if (!program.wants(figure))
        return;
    run();
    double peak = 0;
    if (std::FILE* const status = std::fopen("/proc/self/status", "r")) { // getrusage would count our parent's memory too
        char line[256];
        while (std::fgets(line, sizeof line, status))
            if (double kib = 0; std::sscanf(line, "VmHWM: %lf", &kib) == 1)
                peak = kib / 1024;
        std::fclose(status);
    }
    bench::program::print(figure, peak);
}

} // namespace kernels
