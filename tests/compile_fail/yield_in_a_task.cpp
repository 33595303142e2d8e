// SPDX-License-Identifier: MIT
// expect: yield_value
#include <simul/task/task.hpp>

simul::task<int> numbers()
{
#ifndef SIMUL_CONTROL
    co_yield 1;
#endif
    co_return 2;
}
