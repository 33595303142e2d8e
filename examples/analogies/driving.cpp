// SPDX-License-Identifier: MIT
//
// Two people drive 400 km each, at 100 km/h, in virtual time. With one car they take turns: that is concurrent. With two cars
// they drive at the same time: that is parallel, and concurrent, too.
#include <fmt/core.h>
#include <simul/simul.hpp>
using namespace std::chrono_literals;

simul::task<> drive(const char* name, simul::semaphore& cars)
{
    for (int km = 0; km < 400; km += 200) {
        auto car = co_await cars.acquire(); // who has waited longest gets it
        co_await simul::sleep(2h);
        fmt::print("  {} has driven {} km\n", name, km + 200);
    }
}

simul::task<> journey(int cars)
{
    const auto start = simul::now();
    simul::semaphore garage(cars);
    co_await simul::gather(drive("Ann", garage), drive("Bob", garage));
    fmt::print("{} car{}: {} hours\n", cars, cars == 1 ? "" : "s", (simul::now() - start) / 1h);
}

simul::task<> journeys()
{
    co_await journey(1);
    co_await journey(2);
}

int main()
{
    simul::run(journeys(), {.backend = simul::backend::sim});
}
