// SPDX-License-Identifier: MIT
//
// redis_results: results kept in a Redis, as Celery keeps them: a string for each job, and a channel of the same name that tells
// of it; the parts of a chord in a sorted set.
#pragma once

#include "results.hpp"

#include <memory>
#include <string>

namespace simul::cluster::detail {

/// *Throws:* as `connect_results`.
task<std::unique_ptr<results>> connect_redis_results(std::string url, results_options options);

} // namespace simul::cluster::detail
