// SPDX-License-Identifier: MIT
//
// What a subscription is behind its handle: a connection that is made again as often as it takes, and messages that
// wait to be read. When enough of them wait, the connection isn't read any more, and the server keeps the rest.
//
// The server confirms each channel that is subscribed or left, in order, among the messages. After a loss, all that
// is wanted by then is subscribed in one go, and its confirmation stands for those that were under way.
#pragma once

#include "connection.hpp"
#include "settings.hpp"

#include <simul/db/redis.hpp>
#include <simul/task/channel.hpp>
#include <simul/task/event.hpp>
#include <simul/task/future.hpp>

#include <cstddef>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace simul::db::detail {

class redis_subscriber {
public:
    enum class names { of_channels, patterns };
    enum class change { add, remove };

    static std::shared_ptr<redis_subscriber> start(shared_settings to, redis_connection first);
    explicit redis_subscriber(shared_settings to) : to_(std::move(to)) {}
    redis_subscriber(const redis_subscriber&) = delete;
    redis_subscriber& operator=(const redis_subscriber&) = delete;

    task<> apply(change what, names of, std::vector<std::string> which);
    task<std::optional<redis_message>> next();
    void end() noexcept;

private:
    friend simul::detail::until_task_ends<redis_subscriber>;

    /// A message, or what is to be said instead.
    using item = std::variant<redis_message, std::exception_ptr>;

    struct confirmation {
        std::size_t missing;                 ///< so many names
        std::vector<promise<>> waiting = {}; ///< for all of them
        bool after_loss = false;
    };

    task<> live(std::shared_ptr<redis_subscriber> self, redis_connection first);
    task<> read(redis_connection& from);
    task<> write(redis_connection& to);
    task<> handle(redis_value frame);
    void refused(std::string why);
    void subscribe_again();
    std::set<std::string>& wanted(names of) noexcept { return of == names::of_channels ? channels_ : patterns_; }
    void finish() noexcept;
    void task_ended() noexcept;

    shared_settings to_;
    std::set<std::string> channels_, patterns_; ///< that are wanted
    std::deque<confirmation> confirmations_;    ///< to come
    channel<item> messages_{1024};
    bytes outgoing_;
    event unsent_; ///< set: outgoing_ may have something
    bool connected_ = true;
    bool over_ = false;
    std::string problem_; ///< what broke the connection
    future<> life_;
};

} // namespace simul::db::detail
