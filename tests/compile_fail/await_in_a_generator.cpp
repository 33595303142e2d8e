// SPDX-License-Identifier: MIT
// expect: a generator is plain code and can't wait: make it an async_generator<T>
#include <simul/task/async_generator.hpp>
#include <simul/task/generator.hpp>

simul::task<int> answer();

#ifdef SIMUL_CONTROL
simul::async_generator<int> answers()
#else
simul::generator<int> answers()
#endif
{
    co_yield co_await answer();
}
