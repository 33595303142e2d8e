// SPDX-License-Identifier: MIT
// expect: for a bool, say which word
#include <simul/db/redis.hpp>

simul::task<> use(simul::db::redis& r)
{
#ifdef SIMUL_CONTROL
    co_await r.command("SETBIT", "flags", 7, 1);
#else
    co_await r.command("SETBIT", "flags", 7, true);
#endif
}
