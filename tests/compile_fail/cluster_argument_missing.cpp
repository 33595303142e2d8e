// SPDX-License-Identifier: MIT
// expect: its first argument is missing
#include <simul/cluster/app.hpp>

int add(int x, int y);
inline simul::cluster::job<&add> add_job{"add"};

void use(simul::cluster::app& app)
{
#ifdef SIMUL_CONTROL
    app.submit(add_job, 1, 2).detach();
#else
    app.submit(add_job, 1).detach();
#endif
}
