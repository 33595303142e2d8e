// SPDX-License-Identifier: MIT
//
// event_sender: tells monitors what happens here: that the worker lives, always; what becomes of each job, when somebody
// has asked for it. Those of one moment go out as one message.
#pragma once

#include "../broker.hpp"
#include "../outcome.hpp"
#include "held_job.hpp"

#include <simul/base/time.hpp>
#include <simul/task/event.hpp>
#include <simul/task/task.hpp>
#include <simul/text/json.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace simul::cluster::detail {

/// A logical clock: of two events, the later has the greater time, whoever saw them.
class lamport_clock {
public:
    std::int64_t forward() noexcept { return ++time_; }
    void saw(std::int64_t other) noexcept { time_ = (other > time_ ? other : time_) + 1; }
    std::int64_t time() const noexcept { return time_; }

private:
    std::int64_t time_ = 0;
};

class event_sender {
public:
    event_sender(broker& by, std::string node, bool of_jobs) : by_(by), node_(std::move(node)), of_jobs_(of_jobs) {}

    /// False when it was so before.
    bool tell_of_jobs(bool wanted) noexcept { return std::exchange(of_jobs_, wanted) != wanted; }

    void received(const request& job);
    void started(const request& job);
    void succeeded(const request& job, const json::value& result, duration took);
    void failed(const request& job, const outcome& how);
    void retried(const request& job, const outcome& how);
    void revoked(const held_job& job, bool expired);
    /// Sends them, until it is cancelled.
    task<> send_events();

    /// `kind`: "online", "heartbeat", "offline".
    task<> tell_of_worker(std::string_view kind, std::size_t active, std::uint64_t processed);

    lamport_clock clock;

private:
    json::object begin(std::string_view type);
    void add(std::string_view type, const request& job, json::object more);

    broker& by_;
    const std::string node_;
    bool of_jobs_;
    json::array waiting_;
    event something_waits_;
};

/// As Python shows it: "ValueError('too large')".
std::string shown_error(const outcome& how);

} // namespace simul::cluster::detail
