// SPDX-License-Identifier: MIT
//
// A sandwich, by one cook who doesn't stand and wait, in virtual time. Suspended and resumed by: callbacks. A function ends
// where it would wait, and leaves word what to do next.
#include "kitchen.hpp"

#include <functional>

void bacon(simul::loop& kitchen, std::function<void()> done)
{
    say("bacon: into the pan");
    kitchen.call_later(4min, [&kitchen, done] {
        say("bacon: turned");
        kitchen.call_later(3min, [done] {
            say("bacon: done");
            done();
        });
    });
}

void toast(simul::loop& kitchen, std::function<void()> done)
{
    say("toast: into the toaster");
    kitchen.call_later(2min, [done] {
        say("toast: done");
        done();
    });
}

int main()
{
    simul::loop kitchen({.backend = simul::backend::sim});
    int missing = 2;
    const auto one_more = [&] {
        if (--missing > 0)
            return;
        say("sandwich: served");
        kitchen.stop();
    };
    kitchen.call_soon([&] {
        bacon(kitchen, one_more);
        toast(kitchen, one_more);
    });
    kitchen.run_forever();
}
