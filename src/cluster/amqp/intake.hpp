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
#include "keep_connected.hpp"

#include <simul/task/channel.hpp>
#include <simul/task/event.hpp>
#include <simul/task/future.hpp>
#include <simul/task/task.hpp>

#include "io/talk.hpp"

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
    bool no_ack = false;
};

struct taken {
    message what;
    std::string queue;
    std::uint64_t epoch;
};

class intake : public std::enable_shared_from_this<intake> {
public:
    /// `of_all`: the limit is one for all queues, which quorum queues don't know.
    enum class prefetch_is : std::uint8_t { of_all, of_each };

    static std::shared_ptr<intake> start(upkeep at, prefetch_is meant, std::string name);
    intake(upkeep at, prefetch_is meant, std::string name);
    intake(const intake&) = delete;
    intake& operator=(const intake&) = delete;

    /// Returns when these queues are consumed, too. *Throws:* `channel_closed` when they can't be had.
    task<> consume(std::vector<source> from, std::size_t prefetch);
    /// Of all queues: when empty.
    task<> stop(std::string queue);
    /// *Cancel:* has taken none. *Throws:* `closed_error`.
    task<taken> next();

    void acknowledge(std::uint64_t epoch, std::uint64_t tag);
    void give_back(std::uint64_t epoch, std::uint64_t tag);

    std::uint64_t losses() const noexcept { return at_.losses; }
    task<> close();
    void end() noexcept;

private:
    friend simul::detail::until_task_ends<intake>;

    struct feed {
        source from;
        bool wanted = true;
        bool proven = false; ///< it was consumed once
        std::exception_ptr refused = nullptr;
        std::optional<consumer> has = {}; ///< of this epoch
        future<> pump = {};
    };

    static task<> live(std::shared_ptr<intake> self);
    task<> use(connection& over);
    task<> serve(channel& on);
    task<> adjust(channel& on);
    task<> begin(channel& on, feed& what);
    task<> pump(feed& what, std::uint64_t epoch);
    task<> watch(channel& on);
    bool is_settled() const noexcept;
    channel* current(std::uint64_t epoch) noexcept;
    void forget_epoch() noexcept;
    void task_ended() noexcept;

    upkeep at_;
    const prefetch_is meant_;
    const std::string name_;
    std::vector<std::unique_ptr<feed>> feeds_;
    std::size_t prefetch_ = 0;
    std::size_t limited_to_ = 0; ///< on this channel
    channel* channel_ = nullptr; ///< of `serve`'s; null while there is none
    std::uint64_t epoch_ = 0;
    simul::channel<taken> out_{std::numeric_limits<std::size_t>::max()};
    event changed_; ///< set: `serve` has something to do
    event settled_; ///< pulsed when it has done it
    bool over_ = false;
    future<> life_;
};

} // namespace simul::cluster::amqp
