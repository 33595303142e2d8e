// SPDX-License-Identifier: MIT
//
// A sandwich, by one cook who doesn't stand and wait, in virtual time. Suspended and resumed by: coroutines.
#include "kitchen.hpp"

simul::task<> bacon()
{
    say("bacon: into the pan");
    co_await simul::sleep(4min);
    say("bacon: turned");
    co_await simul::sleep(3min);
    say("bacon: done");
}

simul::task<> toast()
{
    say("toast: into the toaster");
    co_await simul::sleep(2min);
    say("toast: done");
}

simul::task<> sandwich()
{
    co_await simul::gather(bacon(), toast());
    say("sandwich: served");
}

int main()
{
    simul::run(sandwich(), {.backend = simul::backend::sim});
}
