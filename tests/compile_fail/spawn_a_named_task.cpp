// SPDX-License-Identifier: MIT
// expect: call to deleted constructor of 'simul::task<int>'
// expect: awaited once: hand it on with std::move\(it\)
#include <simul/task/spawn.hpp>

simul::task<int> answer();

simul::task<> starts_it_twice()
{
    simul::task<int> work = answer();
#ifdef SIMUL_CONTROL
    auto first = simul::spawn(std::move(work));
#else
    auto first = simul::spawn(work);
#endif
    co_await first;
}
