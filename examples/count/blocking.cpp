// SPDX-License-Identifier: MIT
//
// Three counts, one after the other: each wait stops the thread, and all that it could have done.
#include <fmt/core.h>
#include <simul/simul.hpp>

#include <string>
#include <thread>

using seconds = std::chrono::duration<double>;

void count(seconds pause)
{
    fmt::print("One\n");
    std::this_thread::sleep_for(pause);
    fmt::print("Two\n");
    std::this_thread::sleep_for(pause);
}

int main(int argc, char** argv)
{
    const seconds pause(argc > 1 ? std::stod(argv[1]) : 1);
    const auto start = simul::now();
    for (int i = 0; i < 3; ++i)
        count(pause);
    fmt::print("{:.2f} seconds\n", seconds(simul::now() - start).count());
}
