// SPDX-License-Identifier: MIT
// expect: a task is awaited once: write co_await std::move
#include <simul/task/task.hpp>

simul::task<int> twice(simul::task<int> work)
{
#ifdef SIMUL_CONTROL
    co_return co_await std::move(work);
#else
    co_return co_await work;
#endif
}
