// SPDX-License-Identifier: MIT
//
// Sixteen numbers of six million digits: 1000000 to the power of itself, and the next fifteen. Nothing to wait for, all to
// compute.
#include "heat.hpp"

#include <simul/base/error.hpp>
#include <simul/run/process_pool.hpp>
#include <simul/run/thread_pool.hpp>

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <gmp.h>

namespace tour {

namespace {

constexpr unsigned long first = 1'000'000;

/// With its number of bits, which a logarithm says beforehand.
piece raise(unsigned long number, int lane)
{
    piece made{.name = {}, .lane = lane, .begin = clock_seconds(), .end = 0};
    mpz_t power;
    mpz_init(power);
    mpz_ui_pow_ui(power, number, number);
    const std::size_t bits = mpz_sizeinbase(power, 2);
    mpz_clear(power);
    made.end = clock_seconds();
    const double expected = static_cast<double>(number) * std::log2(static_cast<double>(number));
    if (std::abs(static_cast<double>(bits) - expected) > 1)
        throw simul::error(std::errc::result_out_of_range, fmt::format("{0}^{0} has {1} bits", number, bits));
    made.name = fmt::format("{0}^{0}", number);
    return made;
}

/// Lanes as a reader sees them: a piece goes to the first that is free when it begins.
std::vector<piece> in_lanes(std::vector<piece> all)
{
    std::ranges::sort(all, {}, &piece::begin); // a pool begins them in an order of its own
    std::vector<double> free_at;
    for (piece& each : all) {
        std::size_t lane = 0;
        while (lane < free_at.size() && free_at[lane] > each.begin)
            ++lane;
        if (lane == free_at.size())
            free_at.push_back(0);
        free_at[lane] = each.end;
        each.lane = static_cast<int>(lane);
    }
    return all;
}

template <class Pool> std::vector<piece> on(Pool& pool, const course& where)
{
    std::vector<simul::future<piece>> jobs;
    for (int i = 0; i < where.powers; ++i)
        jobs.push_back(pool.submit(raise, first + static_cast<unsigned long>(i), 0));
    std::vector<piece> all;
    for (auto& each : jobs)
        all.push_back(each.result());
    return in_lanes(std::move(all));
}

} // namespace

std::vector<piece> powers_sync(const course& where)
{
    std::vector<piece> all;
    for (int i = 0; i < where.powers; ++i)
        all.push_back(raise(first + static_cast<unsigned long>(i), 0));
    return all;
}

std::vector<piece> powers_threads(const course& where)
{
    simul::thread_pool pool({.threads = static_cast<std::size_t>(where.workers)});
    return on(pool, where);
}

std::vector<piece> powers_processes(const course& where)
{
    simul::process_pool pool({.workers = static_cast<std::size_t>(where.workers)});
    return on(pool, where);
}

} // namespace tour
