// SPDX-License-Identifier: MIT
//
// Sixteen powers, 1000000 ** 1000000 to 1000015 ** 1000015, one after the other.
#include "power.hpp"

#include <simul/simul.hpp>

int main(int argc, char** argv)
{
    const auto start = simul::now();
    fmt::print("Starting...\n");
    for (unsigned long n : numbers(argc, argv))
        show(raise(n));
    fmt::print("Time to complete: {:.2f} seconds\n", seconds(simul::now() - start).count());
}
