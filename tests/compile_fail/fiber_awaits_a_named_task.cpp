// SPDX-License-Identifier: MIT
// expect: a task is awaited once: write await.std::move
#include <simul/run/fiber.hpp>

#include <utility>

simul::task<int> one() { co_return 1; }

void in_a_fiber()
{
    simul::task<int> named = one();
#ifdef SIMUL_CONTROL
    static_cast<void>(simul::await(std::move(named)));
#else
    simul::await(named);
#endif
}
