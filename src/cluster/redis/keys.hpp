// SPDX-License-Identifier: MIT
//
// How Celery calls its keys and channels in a Redis.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace simul::cluster::redis {

/// A queue is a list for each of these: what has another priority is in that of the next lower number. 0 is the first.
inline constexpr std::array priority_steps = {0, 3, 6, 9};

int priority_step(int priority) noexcept;

class keys {
public:
    /// `prefix` is Celery's `global_keyprefix`. The number is the database's: channels are common to all of them.
    keys(std::string prefix, unsigned database);

    /// What waits in a queue, the oldest on the right.
    std::string list(std::string_view queue, int priority) const;
    std::string dead(std::string_view queue) const;
    /// How often a message was begun by workers that died.
    std::string begins(std::string_view id) const;

    const std::string& unacked() const noexcept { return unacked_; } ///< a hash: tag, entry (envelope.hpp)
    const std::string& index() const noexcept { return index_; }     ///< sorted: tags by when they were taken

    /// A set: who gets what is sent to an exchange.
    std::string bindings(std::string_view exchange) const;
    /// What goes to all who listen.
    std::string channel(std::string_view exchange, std::string_view topic = {}) const;

    std::string result(std::string_view id) const; ///< also the channel that tells of it
    /// `suffix`: ".j" for the outcomes of a chord's parts, ".s" for how many there are, ".t" for a correction of that.
    std::string group(std::string_view id, std::string_view suffix = {}) const;
    /// The job's id, of the name of a result.
    std::string_view id_of(std::string_view result) const noexcept;

private:
    std::string prefix_;
    std::string database_;
    std::string unacked_, index_;
    std::string result_;
};

/// A member of `bindings`: what is sent with this routing key is for this queue.
std::string binding(std::string_view routing_key, std::string_view queue);
/// The queue of a binding; empty when that is for others.
std::string_view bound_queue(std::string_view binding, std::string_view routing_key) noexcept;

} // namespace simul::cluster::redis
