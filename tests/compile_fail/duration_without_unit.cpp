// SPDX-License-Identifier: MIT
// expect: no matching function for call to 'to_duration'
#include <simul/base/time.hpp>

int main()
{
#ifdef SIMUL_CONTROL
    return simul::to_duration(std::chrono::seconds(5)).count() == 0;
#else
    return simul::to_duration(5).count() == 0;
#endif
}
