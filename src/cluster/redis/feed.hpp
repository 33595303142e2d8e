// SPDX-License-Identifier: MIT
//
// The outcomes of jobs that somebody waits for, as they are told: one connection subscribes to the channel of each. After it was
// lost, what is kept of them is read, so nothing that was told meanwhile is missed.
#pragma once

#include "link.hpp"

#include "../outcome.hpp"

#include <simul/task/event.hpp>
#include <simul/task/future.hpp>
#include <simul/task/mutex.hpp>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace simul::cluster::redis {

class feed : public std::enable_shared_from_this<feed> {
public:
    explicit feed(shared_link from) : link_(std::move(from)) {}
    feed(const feed&) = delete;
    feed& operator=(const feed&) = delete;

    /// Returns when the server has subscribed it. *Throws:* `broker_lost`.
    task<> expect(std::string id);
    void forget(std::string_view id) noexcept;
    /// *Cancel:* has taken none. *Throws:* `closed_error`.
    task<detail::outcome> next();
    /// Who waits for an outcome gets `closed_error`.
    task<> close();
    /// The same when nobody waits.
    void end() noexcept;

private:
    task<> open();
    task<> hear();
    task<> look();
    task<> leave_forgotten(std::shared_ptr<feed> self);
    void add(std::string_view id, std::string_view text);

    shared_link link_;
    mutex opening_;
    event open_; ///< set: there is a subscription, or it is over
    std::optional<db::redis_subscription> subscription_;
    std::unordered_set<std::string> expected_; ///< ids
    std::deque<detail::outcome> known_;
    std::vector<std::string> unsure_; ///< ids of which something may have been missed
    std::vector<std::string> forgotten_;
    event some_forgotten_;
    future<> leaving_;
    bool over_ = false;
};

} // namespace simul::cluster::redis
