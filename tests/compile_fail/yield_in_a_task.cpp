// SPDX-License-Identifier: MIT
// expect: a task has one result and no co_yield: make it a generator<T> or an async_generator<T>
#include <simul/task/task.hpp>

simul::task<int> numbers()
{
#ifndef SIMUL_CONTROL
    co_yield 1;
#endif
    co_return 2;
}
