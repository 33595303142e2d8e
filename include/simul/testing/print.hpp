// SPDX-License-Identifier: MIT
//
// Durations in the messages of GoogleTest: "2s" and "1500000us" become "2 s" and "1.5 s"; without this they are bytes.
#pragma once

#include <simul/base/time.hpp>

#include <gtest/gtest-printers.h>

#include <chrono>
#include <ostream>
#include <string>

namespace simul::testing {

/// "1.5 s", "20 ms", "7 ns".
std::string readable(duration d);

} // namespace simul::testing

template <class Rep, class Period> class testing::internal::UniversalPrinter<std::chrono::duration<Rep, Period>> {
public:
    static void Print(const std::chrono::duration<Rep, Period>& d, std::ostream* to)
    {
        *to << simul::testing::readable(simul::to_duration(d));
    }
};
