// SPDX-License-Identifier: MIT
//
// control: what `celery inspect`, `celery control` and Flower ask of a worker, answered as Celery's workers do.
#pragma once

#include "workplace.hpp"

#include <simul/task/task.hpp>
#include <simul/text/json.hpp>

#include <optional>

namespace simul::cluster::detail {

/// Learns from another worker, if there is one, which jobs were called back: those that came later don't hear of it otherwise.
task<> ask_what_was_revoked(workplace& at);

/// Nothing where no answer is due: the question is for others, too old, or an order that has none.
task<std::optional<json::value>> reply_to(workplace& at, const question& asked);

} // namespace simul::cluster::detail
