// SPDX-License-Identifier: MIT
//
// amqp_results: results as messages to the client that submitted the job, Celery's "rpc://". A client has a queue of its own,
// which stays for a while when it is gone, so a lost connection costs no results; nobody else can ask for them.
#pragma once

#include "broker.hpp"
#include "results.hpp"

#include <memory>

namespace simul::cluster::detail {

/// *Throws:* `error` when `by` is no RabbitMQ.
std::unique_ptr<results> amqp_results_of(broker& by, const results_options& options);

} // namespace simul::cluster::detail
