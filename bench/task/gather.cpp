// SPDX-License-Identifier: MIT
//
// What one of many tasks costs that are started and waited for together.
#include "../program.hpp"

#include <simul/run/run.hpp>
#include <simul/task/gather.hpp>

#include <utility>
#include <vector>

namespace {

simul::task<int> trivial() { co_return 1; }

simul::task<> gather_each(long n)
{
    std::vector<simul::task<int>> all;
    for (long i = 0; i < n; ++i)
        all.push_back(trivial());
    bench::keep(co_await simul::gather(std::move(all)));
}

} // namespace

int main(int argc, char** argv)
{
    bench::program program(argc, argv);
    program.figure("gather_each", 100'000, [](long n) {
        return bench::timed([n] { simul::run(gather_each(n)); });
    });
}
