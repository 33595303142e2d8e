// SPDX-License-Identifier: MIT
// expect: the handlers of one select must all return the same type
#include <simul/task/channel.hpp>
#include <simul/task/select.hpp>

auto choose(simul::channel<int>& numbers)
{
#ifdef SIMUL_CONTROL
    return simul::select(simul::on(numbers.receive(), [](auto) { return 1; }), simul::otherwise([] { return 0; }));
#else
    return simul::select(simul::on(numbers.receive(), [](auto) { return 1; }), simul::otherwise([] { return "none"; }));
#endif
}

int main() {}
