// SPDX-License-Identifier: MIT
//
// What the stack of awaits costs: an await of a trivial task that the compiler can't inline, beyond the same with
// coroutines that keep no such stack (bare.hpp).
#include "../program.hpp"
#include "bare.hpp"

#include <simul/run/run.hpp>

#include <algorithm>
#include <vector>

namespace {

[[gnu::noinline]] simul::task<int> traced_trivial() { co_return 1; }
[[gnu::noinline]] bare::task bare_trivial() { co_return 1; }

simul::task<> await_traced(long n)
{
    for (long i = 0; i < n; ++i)
        bench::keep(co_await traced_trivial());
}

bare::task await_bare(long n)
{
    for (long i = 0; i < n; ++i)
        bench::keep(co_await bare_trivial());
    co_return 0;
}

// Taking turns, so that what else the machine does meets both alike; the median of the differences.
double await_traced_extra(long n)
{
    constexpr int turns = 25;
    std::vector<double> differences;
    for (int turn = 0; turn < turns; ++turn) {
        const double traced = bench::timed([&] { simul::run(await_traced(n / turns)); });
        const double untraced = bench::timed([&] { await_bare(n / turns).frame().resume(); });
        differences.push_back((traced - untraced) * turns);
    }
    std::ranges::nth_element(differences, differences.begin() + turns / 2);
    return differences[turns / 2];
}

} // namespace

int main(int argc, char** argv)
{
    bench::program program(argc, argv);
    program.figure("await_traced_extra", 25'000'000, await_traced_extra);
}
