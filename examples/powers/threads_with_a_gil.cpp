// SPDX-License-Identifier: MIT
//
// Sixteen powers, in threads that share a lock which each holds while it computes: CPython with its global interpreter lock.
#include "power.hpp"

#include <simul/simul.hpp>

#include <mutex>

std::mutex gil;

power raise_alone(unsigned long n)
{
    const std::lock_guard held(gil);
    return raise(n);
}

int main(int argc, char** argv)
{
    const auto start = simul::now();
    fmt::print("Starting...\n");
    simul::thread_pool pool;
    std::vector<simul::future<power>> futures;
    for (unsigned long n : numbers(argc, argv))
        futures.push_back(pool.submit(raise_alone, n));
    for (simul::future<power>& done : simul::as_completed(futures)) // each as it is there, while others are computed
        show(done.result());
    fmt::print("Time to complete: {:.2f} seconds\n", seconds(simul::now() - start).count());
}
