// SPDX-License-Identifier: MIT
#include <simul/base/error.hpp>
#include <simul/base/time.hpp>

#include <cstdio>

int main()
{
    using namespace std::chrono_literals;
    const auto failure = std::make_exception_ptr(simul::error(std::errc::timed_out, "no answer"));
    std::puts(simul::describe(failure).c_str());
    return simul::to_duration(1.5s) == 1500ms ? 0 : 1;
}
