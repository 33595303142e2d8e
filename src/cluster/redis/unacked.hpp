// SPDX-License-Identifier: MIT
//
// What workers have taken and not answered for. It lies in the hash `unacked`, and in an index by when its worker last said
// that it has it. Who says nothing for too long is dead, and what it had goes back to where it came from.
//
// All of this may be done twice without harm, and is, when a connection is lost.
#pragma once

#include "link.hpp"

#include <simul/base/time.hpp>
#include <simul/task/task.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace simul::cluster::redis {

/// It is done. `begins`: the key of what was counted of it; empty: nothing was.
task<> forget(shared_link from, std::string tag, std::string begins);

/// One more worker begins it, who may die; returns how many did before.
task<std::int64_t> count_begin(shared_link at, std::string begins);

/// Whether its worker may have begun it.
enum class begun { no, maybe };

/// Back to its queue, as the next one.
task<> give_back(shared_link to, std::string tag, begun state);
/// To the dead letters of its queue, with the reason.
task<> bury(shared_link to, std::string tag, std::string queue, std::string reason);
/// The same for what is no envelope.
task<> bury_garbage(shared_link to, std::string tag, std::string queue, std::string text);

/// Says that this worker has them; gives those that it doesn't have any more.
task<std::vector<std::string>> renew(shared_link at, std::vector<std::string> tags);

/// Gives back what others had and have said nothing about for `timeout`. Returns how long until the next look is due.
task<duration> restore_overdue(shared_link at, duration timeout);

} // namespace simul::cluster::redis
