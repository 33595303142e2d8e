// SPDX-License-Identifier: MIT
//
// Five genres, by five threads that wait at once.
#include "write_genre.hpp"

#include <simul/simul.hpp>

#include <vector>

int main()
{
    const auto start = simul::now();
    fmt::print("Starting...\n");
    std::vector<simul::thread> threads;
    for (int i = 0; i < 5; ++i)
        threads.emplace_back(write_genre, fmt::format("genre{}.txt", i)).start();
    for (simul::thread& each : threads)
        each.join(); // throws what went wrong there
    const std::chrono::duration<double> took = simul::now() - start;
    fmt::print("Time to complete: {:.2f} seconds\n", took.count());
}
