// SPDX-License-Identifier: MIT
// expect: wait takes futures, which go on after it: spawn the tasks, or use settle
#include <simul/task/wait.hpp>

#include <vector>

#ifdef SIMUL_CONTROL
simul::task<> waits(std::vector<simul::future<int>>& several)
#else
simul::task<> waits(std::vector<simul::task<int>>& several)
#endif
{
    co_await simul::wait(several);
}
