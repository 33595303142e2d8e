// SPDX-License-Identifier: MIT
// expect: as_completed takes futures: spawn the tasks
#include <simul/task/as_completed.hpp>

#include <vector>

#ifdef SIMUL_CONTROL
simul::task<> waits(std::vector<simul::future<int>>& several)
#else
simul::task<> waits(std::vector<simul::task<int>>& several)
#endif
{
    auto done = simul::as_completed(several);
    co_await done.next();
}
