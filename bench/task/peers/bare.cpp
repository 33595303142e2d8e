// SPDX-License-Identifier: MIT
//
// The bound of area task: what is left when all features are left out.
#include "../bare.hpp"
#include "../../program.hpp"

#include <deque>

namespace {

[[gnu::noinline]] bare::task trivial() { co_return 1; }

double run(auto&& body)
{
    bare::loop loop;
    bare::spawned all(loop, body(loop));
    return bench::timed([&] { loop.run(); });
}

double spawn_await(long n)
{
    return run([n](bare::loop& loop) -> bare::task {
        for (long i = 0; i < n; ++i)
            bench::keep(co_await bare::spawned(loop, trivial()));
        co_return 0;
    });
}

double yield(long n)
{
    return run([n](bare::loop& loop) -> bare::task {
        for (long i = 0; i < n; ++i)
            co_await bare::loop::yield{loop};
        co_return 0;
    });
}

double gather_each(long n)
{
    return run([n](bare::loop& loop) -> bare::task {
        std::deque<bare::spawned> all;
        for (long i = 0; i < n; ++i)
            all.emplace_back(loop, trivial());
        for (bare::spawned& one : all)
            bench::keep(co_await one);
        co_return 0;
    });
}

} // namespace

int main(int argc, char** argv)
{
    bench::program program(argc, argv);
    program.figure("spawn_await", 1'000'000, spawn_await);
    program.figure("yield", 1'000'000, yield);
    program.figure("gather_each", 100'000, gather_each);
}
