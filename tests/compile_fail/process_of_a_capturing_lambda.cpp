// SPDX-License-Identifier: MIT
// expect: what a lambda captures is in this process
#include <simul/run/process_pool.hpp>

simul::future<int> submits(simul::process_pool& pool, int n)
{
#ifdef SIMUL_CONTROL
    return pool.submit([](int m) { return m; }, n);
#else
    return pool.submit([n] { return n; });
#endif
}
