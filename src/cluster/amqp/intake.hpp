// SPDX-License-Identifier: MIT
//
// What is consumed, over connections that come and go. What was delivered and not acknowledged when one was lost is
// delivered again, by the broker's own doing; so it is when the broker ends the channel, because something was held for
// longer than it allows (consumer_timeout): then the channel is opened again.
//
// A delivery is known by its number on its channel, and the channel by its epoch: an answer to one of an older epoch
// is too late, and nothing.
#pragma once

#include "connection.hpp"
#include "kept_connected.hpp"

#include <simul/task/channel.hpp>
#include <simul/task/event.hpp>
#include <simul/task/future.hpp>
#include <simul/task/task.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace simul::cluster::amqp {

/// A queue, and what fills it.
struct source {
    std::string queue;
    queue_options how = {};
    std::string exchange = {}; ///< to which it is bound; empty: none
    std::string exchange_type = {};
    std::string routing_key = {};
    bool no_ack = false;
};

struct taken {
    message what;
    std::string queue;
    std::uint64_t epoch;
};

class intake final : public kept_connected {
public:
    /// `of_all`: the limit is one for all queues, and more where messages are done within milliseconds; quorum queues don't
    /// know it. `of_each`: of each queue.
    enum class prefetch_is : std::uint8_t { of_all, of_each };

    static std::shared_ptr<intake> start(upkeep at, prefetch_is meant, std::string name);
    intake(upkeep at, prefetch_is meant, std::string name);

    /// Returns when these queues are consumed, too. *Throws:* `channel_closed` when they can't be had.
    task<> consume(std::vector<source> from, std::size_t prefetch);
    /// Of all queues: when empty.
    task<> stop(std::string queue);
    /// *Cancel:* has taken none. *Throws:* `closed_error`.
    task<taken> next();

    /// False: it is delivered again.
    bool acknowledge(std::uint64_t epoch, std::uint64_t tag);
    void give_back(std::uint64_t epoch, std::uint64_t tag);

private:
    struct feed {
        source from;
        bool wanted = true;
        bool proven = false; ///< it was consumed once
        std::exception_ptr refused = nullptr;
        std::optional<consumer> has = {}; ///< of this epoch
        future<> pump = {};
    };

    task<> use(connection& over) override;
    task<> serve(channel& on);
    task<> adjust(channel& on);
    task<> begin(channel& on, feed& what);
    task<> pump(feed& what, std::uint64_t epoch);
    task<> watch(channel& on);
    task<> follow_pace();
    std::size_t limit() const noexcept;
    bool is_settled() const noexcept;
    channel* current(std::uint64_t epoch) noexcept;
    void forget_epoch() noexcept;
    void ended() noexcept override;

    const prefetch_is meant_;
    std::vector<std::unique_ptr<feed>> feeds_;
    std::size_t prefetch_ = 0;
    std::size_t limited_to_ = 0; ///< on this channel
    std::size_t acknowledged_ = 0;
    std::size_t ahead_ = 0; ///< more than prefetch_, for the pace
    channel* channel_ = nullptr; ///< of `serve`'s; null while there is none
    std::uint64_t epoch_ = 0;
    simul::channel<taken> out_{std::numeric_limits<std::size_t>::max()};
    event changed_; ///< set: `serve` has something to do
    event settled_; ///< pulsed when it has done it
    event acknowledging_; ///< set: there is a pace to follow
};

} // namespace simul::cluster::amqp
