// SPDX-License-Identifier: MIT
// expect: a task does nothing until it is awaited
#include <simul/task/task.hpp>

simul::task<int> answer();

simul::task<> forgets()
{
#ifdef SIMUL_CONTROL
    static_cast<void>(co_await answer());
#else
    answer();
#endif
    co_return;
}
