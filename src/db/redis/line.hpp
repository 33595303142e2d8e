// SPDX-License-Identifier: MIT
//
// A connection that tasks share: requests go out in order, and replies come back in that order.
//
//     requests_   [ sent and not answered | not sent yet ]
//                   front: whose reply      sent_: who goes out at the
//                   comes next              end of this turn
//
// A task of its own (`live`) reads, writes, and connects again, if it is that kind of line. A request is a promise:
// who doesn't wait any more has dropped its future, so the reply finds nobody; its place in the order stays.
#pragma once

#include "connection.hpp"
#include "settings.hpp"

#include <simul/db/redis_command.hpp>
#include <simul/run/loop.hpp>
#include <simul/task/event.hpp>
#include <simul/task/future.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace simul::db::detail {

class redis_line {
public:
    enum class when_lost : std::uint8_t { ends, connects_again };

    static std::shared_ptr<redis_line> start(shared_settings to, redis_connection first, when_lost then);
    redis_line(shared_settings to, when_lost then);
    redis_line(const redis_line&) = delete;
    redis_line& operator=(const redis_line&) = delete;

    /// *Throws:* `closed_error`, `connection_lost` when it has ended.
    future<redis_value> send(redis_request wanted);

    bool is_over() const noexcept { return over_; }
    /// Whether nothing is under way.
    bool is_idle() const noexcept { return requests_.empty(); }
    std::int64_t connection_id() const noexcept { return connection_ ? connection_->id() : 0; }

    /// What is under way fails with `closed_error`.
    void end() noexcept;
    /// Refuses what is new, waits for what is under way, and ends.
    task<> close();

private:
    friend simul::detail::until_task_ends<redis_line>;

    struct pending {
        redis_request wanted;
        time_point deadline;
        int resends_left = 0;
        std::vector<redis_value> replies; ///< to several commands
        promise<redis_value> answer;
    };

    task<> live(std::shared_ptr<redis_line> self, redis_connection first);
    task<> read(redis_connection& from);
    task<> write(redis_connection& to);
    void deliver(redis_value reply);
    void lost();
    void fail(pending& request, bool sent);
    void finish() noexcept;
    void task_ended() noexcept;
    void watch_first();
    void look_for_overdue();

    shared_settings to_;
    const when_lost then_;
    loop& home_;
    std::deque<pending> requests_;
    std::size_t sent_ = 0;
    event unsent_;                           ///< set: there may be some
    event idle_;                             ///< set: there was nothing under way
    redis_connection* connection_ = nullptr; ///< of `live`'s; null while there is none
    redis_connection::history history_;
    bool closing_ = false;
    bool over_ = false;
    bool watched_ = false; ///< by watch_
    callback_handle watch_;
    future<> life_;
};

} // namespace simul::db::detail
