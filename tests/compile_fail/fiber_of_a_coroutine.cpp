// SPDX-License-Identifier: MIT
// expect: a fiber runs a plain function
#include <simul/run/fiber.hpp>

simul::task<int> one() { co_return 1; }

simul::task<int> use()
{
#ifdef SIMUL_CONTROL
    co_return co_await simul::fiber([] { return simul::await(one()); });
#else
    co_await simul::fiber(one);
    co_return 1;
#endif
}
