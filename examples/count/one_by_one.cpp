// SPDX-License-Identifier: MIT
//
// Three counts in turn. Each is a coroutine, and still they take as long as blocking ones: who awaits one, waits for it.
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
    for (int i = 0; i < 3; ++i)
        co_await count();
    fmt::print("{:.2f} seconds\n", seconds(simul::now() - start).count());
}

int main()
{
    simul::run(amain());
}
