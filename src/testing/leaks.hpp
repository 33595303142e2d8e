// SPDX-License-Identifier: MIT
//
// What this process holds of the system: compared before and after a test.
#pragma once

#include <simul/testing/problems.hpp>

#include <map>
#include <string>
#include <vector>

namespace simul::testing::detail {

class holdings {
public:
    static holdings now();

    /// One line for each thing that is there and was not in `before`.
    std::vector<std::string> beyond(const holdings& before, leak ignored) const;

private:
    std::map<int, std::string> descriptors_; ///< and what they are open on
    std::map<int, std::string> threads_;     ///< and their names
    std::map<int, std::string> children_;
};

/// As `holdings::now().beyond(before, ignored)`, but patient with threads and children that are about to be gone.
std::vector<std::string> leaks_since(const holdings& before, leak ignored);

} // namespace simul::testing::detail
