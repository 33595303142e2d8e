// SPDX-License-Identifier: MIT
// expect: what it writes through a reference would be lost
#include <simul/run/process_pool.hpp>

#include <vector>

#ifdef SIMUL_CONTROL
void sort(std::vector<int>);
#else
void sort(std::vector<int>&);
#endif

simul::future<> submits(simul::process_pool& pool, std::vector<int>& numbers)
{
    return pool.submit(sort, numbers);
}
