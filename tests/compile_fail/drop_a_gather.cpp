// SPDX-License-Identifier: MIT
// expect: nothing starts until it is awaited: co_await it
#include <simul/task/gather.hpp>

simul::task<int> answer();

simul::task<> forgets()
{
#ifdef SIMUL_CONTROL
    static_cast<void>(co_await simul::gather(answer(), answer()));
#else
    simul::gather(answer(), answer());
#endif
    co_return;
}
