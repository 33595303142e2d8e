// SPDX-License-Identifier: MIT
//
// What has to be done at the server in one go. The time is the server's, so that workers need not agree on it.
#pragma once

#include <simul/db/redis_command.hpp>

namespace simul::cluster::redis {

/// Takes messages off the right ends of lists and puts them into `unacked`, so there is no moment at which a message is
/// nowhere. Keys: index, unacked, lists. Arguments: how many bytes to take at most (and one message more), the tail of the
/// entries of each list, and a tag for each message wanted.
/// Gives the number of the list and the envelope, one after the other, of as many as there were.
const db::redis_script& claim_script();

/// Says that this worker still has these. Keys: index, unacked. Arguments: tags. Gives those that it has not any more.
const db::redis_script& renew_script();

/// What was held for longer than a time by workers that said nothing. Keys: index, unacked. Arguments: seconds, how many
/// to pass over, how many at most. Gives the seconds until the next one is due (empty: there is none), then tags and
/// entries in turn.
const db::redis_script& overdue_script();

/// Moves a message out of `unacked` into a list, if it is still there. Keys: index, unacked, list. Arguments: tag, envelope,
/// LPUSH or RPUSH, and for how many seconds nothing must have been said (0: whatever). Gives whether it did.
const db::redis_script& move_script();

/// Keeps an outcome and tells of it, unless there is a SUCCESS. Keys: the result's. Arguments: the outcome, seconds to keep it
/// (0: for ever).
const db::redis_script& store_script();

/// Keeps the outcome of a part of a chord. Keys: .j, .s, .t. Arguments: place, outcome, seconds to keep it (0: for ever).
/// Gives all of them when this was the last; else nothing.
const db::redis_script& join_script();

} // namespace simul::cluster::redis
