// SPDX-License-Identifier: MIT
//
// follow_ups: what comes after a job: callbacks, the next step of its chain, the body of its chord; and when it has failed,
// errbacks, and the news for those who wait for what will never begin.
#pragma once

#include "../outcome.hpp"
#include "workplace.hpp"

#include <simul/task/task.hpp>
#include <simul/text/json.hpp>

namespace simul::cluster::detail {

/// Before the result is stored, which then lists them: callbacks, and the chain's next step. *Throws:* `error` when that
/// can't be, as when one is no signature.
task<json::array> begin_next(workplace& at, const request& job, const json::value& result);

/// After the result was stored: it may be the last that a chord has waited for.
task<> join_chord(workplace& at, const request& job, const outcome& done);

/// The rest of its chain won't begin.
task<> fail_next(workplace& at, const request& job, const outcome& why);

} // namespace simul::cluster::detail
