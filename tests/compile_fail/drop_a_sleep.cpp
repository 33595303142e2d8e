// SPDX-License-Identifier: MIT
// expect: nothing waits until it is awaited
#include <simul/task/this_task.hpp>

#include <simul/task/task.hpp>

simul::task<> hurries()
{
#ifdef SIMUL_CONTROL
    co_await simul::sleep(std::chrono::seconds(1));
#else
    simul::sleep(std::chrono::seconds(1));
#endif
    co_return;
}
