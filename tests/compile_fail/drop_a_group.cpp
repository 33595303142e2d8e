// SPDX-License-Identifier: MIT
// expect: nothing starts until it is awaited: co_await it
#include <simul/task/group.hpp>

simul::task<> members(simul::group& g);

simul::task<> forgets()
{
#ifdef SIMUL_CONTROL
    co_await simul::with_group(members);
#else
    simul::with_group(members);
#endif
    co_return;
}
