// SPDX-License-Identifier: MIT
//
// Five genres, one after the other.
#include "write_genre.hpp"

#include <simul/simul.hpp>

int main()
{
    const auto start = simul::now();
    fmt::print("Starting...\n");
    for (int i = 0; i < 5; ++i)
        write_genre(fmt::format("genre{}.txt", i));
    const std::chrono::duration<double> took = simul::now() - start;
    fmt::print("Time to complete: {:.2f} seconds\n", took.count());
}
