// SPDX-License-Identifier: MIT
//
// Sixteen powers, in processes: two and a half megabytes come back from each job.
#include "power.hpp"

#include <simul/simul.hpp>

int main(int argc, char** argv)
{
    const auto start = simul::now();
    fmt::print("Starting...\n");
    simul::process_pool pool;
    std::vector<simul::future<power>> futures;
    for (unsigned long n : numbers(argc, argv))
        futures.push_back(pool.submit(raise, n));
    for (simul::future<power>& done : simul::as_completed(futures)) // each as it is there, while others are computed
        show(done.result());
    fmt::print("Time to complete: {:.2f} seconds\n", seconds(simul::now() - start).count());
}
