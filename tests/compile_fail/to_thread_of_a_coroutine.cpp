// SPDX-License-Identifier: MIT
// expect: to_thread calls a plain function
#include <simul/run/block_on.hpp>
#include <simul/run/to_thread.hpp>

simul::task<int> work() { co_return 1; }

simul::future<int> use()
{
#ifdef SIMUL_CONTROL
    return simul::to_thread([] { return simul::block_on(work()); });
#else
    return simul::to_thread(work);
#endif
}
