// SPDX-License-Identifier: MIT
// expect: this can't be awaited; is it a plain value, or a function that was not called
#include <simul/task/task.hpp>

simul::task<int> answer();

simul::task<int> use()
{
#ifdef SIMUL_CONTROL
    co_return co_await answer();
#else
    co_return co_await answer;
#endif
}
