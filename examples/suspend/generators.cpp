// SPDX-License-Identifier: MIT
//
// A sandwich, by one cook who doesn't stand and wait, in virtual time. Suspended and resumed by: generators. Each yields how
// long it wants to wait; who iterates it resumes it when that time has passed.
#include "kitchen.hpp"

using steps = simul::generator<std::chrono::minutes>;

steps bacon()
{
    say("bacon: into the pan");
    co_yield 4min;
    say("bacon: turned");
    co_yield 3min;
    say("bacon: done");
}

steps toast()
{
    say("toast: into the toaster");
    co_yield 2min;
    say("toast: done");
}

/// Goes on when the time that the step asks for has passed; until then the loop does other things.
void follow(simul::loop& kitchen, steps::iterator step, int& missing)
{
    if (step != std::default_sentinel) {
        kitchen.call_later(*step, [&kitchen, step, &missing]() mutable { follow(kitchen, ++step, missing); });
    } else if (--missing == 0) {
        say("sandwich: served");
        kitchen.stop();
    }
}

int main()
{
    simul::loop kitchen({.backend = simul::backend::sim});
    steps cooks[] = {bacon(), toast()};
    int missing = 2;
    kitchen.call_soon([&] {
        for (steps& each : cooks)
            follow(kitchen, each.begin(), missing);
    });
    kitchen.run_forever();
}
