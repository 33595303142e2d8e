// SPDX-License-Identifier: MIT
//
// execution: one job, from its delivery to its acknowledgement. What goes wrong on the way leaves it with the broker, who
// delivers it again: nothing is acknowledged whose outcome isn't stored.
#pragma once

#include "workplace.hpp"

#include <simul/task/task.hpp>

#include <string>

namespace simul::cluster::detail {

task<> execute(workplace& at, job_place here);
/// What is no job goes to the dead letters.
task<> bury(workplace& at, delivery hopeless, std::string reason);

} // namespace simul::cluster::detail
