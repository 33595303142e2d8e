// SPDX-License-Identifier: MIT
//
// When parts of a chord are groups themselves, Python's client saves what the results are to look like:
//
//     {"result": [["<id>", null], [ [["<id of a job>", null], null],  [["<id of a group>", null], [...]],  ... ]]}
#pragma once

#include "link.hpp"

#include "../outcome.hpp"

#include <optional>
#include <string>
#include <vector>

namespace simul::cluster::redis {

/// The outcomes of its parts, where that of a group is an array, or that of the first in it that has failed. None: nothing was
/// saved. *Throws:* `error` when it can't be understood.
task<std::optional<std::vector<detail::outcome>>> read_saved_group(shared_link at, std::string id);

} // namespace simul::cluster::redis
