// SPDX-License-Identifier: MIT
//
// What the helpers of a test need of the test that runs in this thread.
#pragma once

#include <simul/testing/problems.hpp>

#include <map>
#include <string>

namespace simul::testing::detail {

struct current_test {
    bool has_luck = false;                   ///< fault::point strikes
    leak may_leak{};
    std::map<std::string, unsigned> struck;  ///< faults, and how often

    /// Null outside of a SIMUL_TEST.
    static thread_local current_test* here;
};

} // namespace simul::testing::detail
