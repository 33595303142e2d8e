// SPDX-License-Identifier: MIT
// expect: to wait for a task, spawn it
#include <simul/task/select.hpp>

simul::task<int> answer();

auto choose()
{
#ifdef SIMUL_CONTROL
    return simul::select(simul::on(simul::after(std::chrono::seconds(1)), [] {}));
#else
    return simul::select(simul::on(answer(), [](int) {}));
#endif
}

int main() {}
