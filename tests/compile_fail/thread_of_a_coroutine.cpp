// SPDX-License-Identifier: MIT
// expect: a thread runs a plain function
#include <simul/run/run.hpp>
#include <simul/run/thread.hpp>

simul::task<> work() { co_return; }

void use()
{
#ifdef SIMUL_CONTROL
    simul::thread t{[] { simul::run(work()); }};
#else
    simul::thread t{work};
#endif
    t.start();
}
