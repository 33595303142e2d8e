// SPDX-License-Identifier: MIT
// expect: call to deleted constructor of 'simul::group'
// expect: with_group makes it, and waits for its members
#include <simul/task/group.hpp>

simul::task<> waits(simul::group& given)
{
#ifdef SIMUL_CONTROL
    simul::group& mine = given;
#else
    simul::group mine;
#endif
    mine.cancel();
    static_cast<void>(given);
    co_return;
}
