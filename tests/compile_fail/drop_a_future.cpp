// SPDX-License-Identifier: MIT
// expect: dropping a future cancels its work
#include <simul/task/spawn.hpp>

simul::task<int> answer();

void starts()
{
#ifdef SIMUL_CONTROL
    simul::spawn(answer()).detach();
#else
    simul::spawn(answer());
#endif
}
