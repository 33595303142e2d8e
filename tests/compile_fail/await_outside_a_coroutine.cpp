// SPDX-License-Identifier: MIT
// expect: function return type 'int' is not a coroutine type|unable to find the promise type|std::coroutine_traits<int>
#include <simul/task/task.hpp>

simul::task<int> answer();

#ifdef SIMUL_CONTROL
simul::task<int> plain()
#else
int plain()
#endif
{
    co_return co_await answer();
}
