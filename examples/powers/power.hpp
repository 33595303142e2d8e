// SPDX-License-Identifier: MIT
//
// What all ways of computing powers share: n ** n, as large as it gets, and a line that says what came out.
#pragma once

#include <fmt/core.h>
#include <gmpxx.h>
#include <simul/base/gmp_codec.hpp> // so that numbers can travel between processes

#include <chrono>
#include <string>
#include <vector>

using seconds = std::chrono::duration<double>;

struct power {
    unsigned long n;
    mpz_class value;
};

inline power raise(unsigned long n)
{
    power result{n, {}};
    mpz_ui_pow_ui(result.value.get_mpz_t(), n, n);
    return result;
}

/// Python agrees: pow(n, n, 2**61 - 1) is there in no time.
inline void show(const power& p)
{
    const std::size_t bits = mpz_sizeinbase(p.value.get_mpz_t(), 2);
    const unsigned long residue = mpz_fdiv_ui(p.value.get_mpz_t(), (1UL << 61) - 1);
    fmt::print("okay: {0} ** {0} has {1} bits; modulo 2**61 - 1 it is {2}\n", p.n, bits, residue);
}

/// Sixteen numbers from the one that the command line names, or from a million.
inline std::vector<unsigned long> numbers(int argc, char** argv)
{
    std::vector<unsigned long> all(16, argc > 1 ? std::stoul(argv[1]) : 1'000'000);
    for (std::size_t i = 0; i < all.size(); ++i)
        all[i] += i;
    return all;
}
