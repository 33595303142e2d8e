// SPDX-License-Identifier: MIT
//
// A sandwich, by one cook who doesn't stand and wait, in virtual time. Suspended and resumed by: fibers. Plain functions,
// each on a stack of its own, so what they call could wait as well.
#include "kitchen.hpp"

void bacon()
{
    say("bacon: into the pan");
    simul::await(simul::sleep(4min));
    say("bacon: turned");
    simul::await(simul::sleep(3min));
    say("bacon: done");
}

void toast()
{
    say("toast: into the toaster");
    simul::await(simul::sleep(2min));
    say("toast: done");
}

void sandwich()
{
    simul::await(simul::gather(simul::fiber(bacon), simul::fiber(toast)));
    say("sandwich: served");
}

int main()
{
    simul::run(simul::fiber(sandwich), {.backend = simul::backend::sim});
}
