// SPDX-License-Identifier: MIT
// expect: refers to memory of this one
#include <simul/run/process_pool.hpp>

#include <string>
#include <string_view>

#ifdef SIMUL_CONTROL
std::string name();
#else
std::string_view name();
#endif

auto submits(simul::process_pool& pool)
{
    return pool.submit(name);
}
