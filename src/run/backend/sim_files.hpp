// SPDX-License-Identifier: MIT
//
// The files of the sim backend: a map from path to content. A path is a name and nothing more: there are no directories.
#pragma once

#include "run/backend/sim_world.hpp"

namespace simul::detail {

class sim_files {
public:
    /// open(2): a descriptor, or a negated errno. Knows O_CREAT, O_EXCL, O_TRUNC, O_APPEND and the access mode.
    int open(sim_world& world, const char* path, int flags);

private:
    std::map<std::string, std::shared_ptr<std::string>, std::less<>> contents_;
};

} // namespace simul::detail
