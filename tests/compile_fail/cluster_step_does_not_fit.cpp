// SPDX-License-Identifier: MIT
// expect: what a step gives doesn't fit the first argument of the next
#include <simul/cluster/workflow.hpp>

int add(int x, int y);
std::string greet(std::string name, int times);
inline simul::cluster::job<&add> add_job{"add"};
inline simul::cluster::job<&greet> greet_job{"greet"};

void use()
{
    using namespace simul::cluster;
#ifdef SIMUL_CONTROL
    static_cast<void>(chain(call(greet_job, "you", 2), call(greet_job, 3)));
#else
    static_cast<void>(chain(call(add_job, 1, 2), call(greet_job, 3)));
#endif
}
