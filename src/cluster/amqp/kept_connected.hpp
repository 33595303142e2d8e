// SPDX-License-Identifier: MIT
//
// What lives with a connection that is made again, after random and growing waits, as often as it is lost.
#pragma once

#include "connection.hpp"

#include <simul/base/time.hpp>
#include <simul/task/future.hpp>
#include <simul/task/task.hpp>

#include "io/talk.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace simul::cluster::amqp {

/// Where to connect to, and how it went.
struct upkeep {
    std::string url;
    options with = {};
    duration longest_backoff = std::chrono::seconds(5);

    std::string problem = {}; ///< the latest
    std::uint64_t losses = 0; ///< of connections that had been made
};

/// Its task keeps it alive: `end` it, or let who holds it (`held`) go.
class kept_connected : public std::enable_shared_from_this<kept_connected> {
public:
    virtual ~kept_connected() = default;
    kept_connected(const kept_connected&) = delete;
    kept_connected& operator=(const kept_connected&) = delete;

    std::uint64_t losses() const noexcept { return at_.losses; }
    void end() noexcept;

protected:
    kept_connected(upkeep at, std::string name) : at_(std::move(at)), name_(std::move(name)) {}

    /// `doing` is for who looks at tasks.
    void start(std::optional<connection> first, std::string_view doing);
    /// It ends with the last of those that share this.
    template <class Kept> static std::shared_ptr<Kept> held(const std::shared_ptr<Kept>& started)
    {
        return {started.get(), [started](Kept*) noexcept { started->end(); }};
    }
    /// *Throws:* `closed_error` after the end.
    void check_not_over() const;

    /// Has a connection until it returns or fails, which means that it is lost.
    virtual task<> use(connection& over) = 0;
    /// Called when it is over: whoever waits has to be told.
    virtual void ended() noexcept = 0;

    upkeep at_;
    const std::string name_;
    bool over_ = false;

private:
    friend simul::detail::until_task_ends<kept_connected>;

    static task<> live(std::shared_ptr<kept_connected> self, std::optional<connection> first);
    void task_ended() noexcept;

    future<> life_;
};

} // namespace simul::cluster::amqp
