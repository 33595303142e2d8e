// SPDX-License-Identifier: MIT
//
// What the four ways of making a sandwich share: the clock on the wall.
#pragma once

#include <fmt/core.h>
#include <simul/simul.hpp>

using namespace std::chrono_literals;

inline void say(const char* what)
{
    static const auto start = simul::now();
    fmt::print("{} min  {}\n", (simul::now() - start) / 1min, what);
}
