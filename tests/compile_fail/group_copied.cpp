// SPDX-License-Identifier: MIT
// expect: deleted
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
