// SPDX-License-Identifier: MIT
//
// The lesson's sixteen powers, 1000000 ** 1000000 to 1000015 ** 1000015, in threads and in processes. A result of 2.5 MB
// comes back from each process.
#include "../program.hpp"

#include <gmpxx.h>
#include <simul/base/gmp_codec.hpp>
#include <simul/run/process_pool.hpp>
#include <simul/run/thread_pool.hpp>

#include <numeric>
#include <vector>

namespace {

mpz_class power(unsigned long base)
{
    mpz_class result;
    mpz_ui_pow_ui(result.get_mpz_t(), base, base);
    return result;
}

/// All sixteen, `n` times, in seconds.
double powers(auto&& pool, long n)
{
    std::vector<unsigned long> bases(16);
    std::iota(bases.begin(), bases.end(), 1'000'000UL);
    return bench::timed([&] {
        for (long i = 0; i < n; ++i)
            bench::keep(pool.map(power, bases).result().back().get_ui());
    }) / 1e9;
}

} // namespace

int main(int argc, char** argv)
{
    bench::program program(argc, argv);
    program.figure("powers_1", 1, [](long n) { return powers(simul::thread_pool({.threads = 1}), n); });
    program.figure("powers_2", 1, [](long n) { return powers(simul::thread_pool({.threads = 2}), n); });
    program.figure("powers_2_processes", 1, [](long n) { return powers(simul::process_pool({.workers = 2}), n); });
}
