// SPDX-License-Identifier: MIT
//
// Three loads of laundry, with one washing machine, one dryer, and one person, in virtual time: nobody has to stand beside a
// machine and wait for it.
#include <fmt/core.h>
#include <simul/simul.hpp>
using namespace std::chrono_literals;

struct home {
    simul::semaphore washer{1}, dryer{1}, person{1};
};

simul::task<> load(home& at, int number)
{
    const auto begin = simul::now();
    {
        auto machine = co_await at.washer.acquire();
        co_await simul::sleep(30min);
    }
    {
        auto machine = co_await at.dryer.acquire();
        co_await simul::sleep(45min);
    }
    {
        auto hands = co_await at.person.acquire();
        co_await simul::sleep(15min); // folding
    }
    fmt::print("  load {} done after {} min\n", number, (simul::now() - begin) / 1min);
}

simul::task<> laundry()
{
    home at;
    fmt::print("one after the other\n");
    for (int number : {1, 2, 3})
        co_await load(at, number);
    fmt::print("each machine as soon as it is free\n");
    co_await simul::gather(load(at, 1), load(at, 2), load(at, 3));
}

int main()
{
    simul::run(laundry(), {.backend = simul::backend::sim});
}
