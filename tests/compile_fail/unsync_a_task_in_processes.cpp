// SPDX-License-Identifier: MIT
// expect: a process computes, and a task waits
#include <simul/run/unsync.hpp>

simul::task<int> work(int n) { co_return n; }

simul::future<int> use()
{
#ifdef SIMUL_CONTROL
    return simul::unsync(work)(1);
#else
    return simul::unsync(work, simul::in_processes)(1);
#endif
}
