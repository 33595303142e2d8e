// SPDX-License-Identifier: MIT
// expect: call to deleted constructor of 'simul::group'
// expect: it ends with its scope: pass it by reference
#include <simul/task/group.hpp>

#include <utility>

simul::task<> body(simul::group& given)
{
#ifdef SIMUL_CONTROL
    simul::group& mine = given;
#else
    simul::group mine(std::move(given));
#endif
    mine.cancel();
    co_return;
}
