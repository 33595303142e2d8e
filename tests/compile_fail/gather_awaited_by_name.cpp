// SPDX-License-Identifier: MIT
// expect: simul: this can't be awaited
#include <simul/task/gather.hpp>

simul::task<> use(simul::task<int> work)
{
    auto call = simul::gather(std::move(work));
#ifdef SIMUL_CONTROL
    co_await std::move(call);
#else
    co_await call;
#endif
}
