// SPDX-License-Identifier: MIT
// expect: a callback is a plain function; to start a task use spawn
#include <simul/run/loop.hpp>

simul::task<> work();

void schedule(simul::loop& loop)
{
#ifdef SIMUL_CONTROL
    loop.call_soon([] { simul::spawn(work()).detach(); });
#else
    loop.call_soon([] { return work(); });
#endif
}
