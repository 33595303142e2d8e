// SPDX-License-Identifier: MIT
//
// The tasks of an executor as a tree of text: who they are, and where each waits.
#pragma once

#include <simul/detail/executor.hpp>

#include <string>

namespace simul::detail {

std::string task_tree(executor& of);

} // namespace simul::detail
