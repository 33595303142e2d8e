// SPDX-License-Identifier: MIT
//
// The worker without its connections: for run_worker, and for tests that have a broker of their own.
#pragma once

#include "../broker.hpp"
#include "../results.hpp"

#include <simul/cluster/worker.hpp>
#include <simul/task/task.hpp>

namespace simul::cluster::detail {

/// `to` may be null: results are kept nowhere. What the broker still has for us in the end, it gives back when it is closed.
task<> work(worker_options options, broker& by, results* to);

} // namespace simul::cluster::detail
