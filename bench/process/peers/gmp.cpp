// SPDX-License-Identifier: MIT
//
// The sixteen powers by GMP alone: in one thread, and split between two.
#include "../../program.hpp"

#include <gmpxx.h>

#include <array>
#include <thread>

namespace {

std::array<mpz_class, 16> results;

void every(unsigned long step, unsigned long first)
{
    for (unsigned long i = first; i < results.size(); i += step)
        mpz_ui_pow_ui(results[i].get_mpz_t(), 1'000'000 + i, 1'000'000 + i);
}

double powers(unsigned long threads, long n)
{
    return bench::timed([&] {
        for (long i = 0; i < n; ++i) {
            std::thread other([&] {
                if (threads == 2)
                    every(threads, 1);
            });
            every(threads, 0);
            other.join();
        }
    }) / 1e9;
}

} // namespace

int main(int argc, char** argv)
{
    bench::program program(argc, argv);
    program.figure("powers_1", 1, [](long n) { return powers(1, n); });
    program.figure("powers_2", 1, [](long n) { return powers(2, n); });
    program.figure("powers_2_processes", 1, [](long n) { return powers(2, n); });
}
