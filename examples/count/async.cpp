// SPDX-License-Identifier: MIT
//
// Three counts at once, on one thread: while one waits, the others go on.
#include <fmt/core.h>
#include <simul/simul.hpp>
using namespace std::chrono_literals;
using seconds = std::chrono::duration<double>;

simul::task<> count()
{
    fmt::print("One\n");
    co_await simul::sleep(1s);
    fmt::print("Two\n");
    co_await simul::sleep(1s);
}

simul::task<> amain()
{
    const auto start = simul::now();
    co_await simul::gather(count(), count(), count());
    fmt::print("{:.2f} seconds\n", seconds(simul::now() - start).count());
}

int main()
{
    simul::run(amain());
}
