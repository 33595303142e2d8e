// SPDX-License-Identifier: MIT
//
// One connection to a Redis, greeted: commands go in as bytes, values come out. Who asked for what is known above.
#pragma once

#include "resp/parser.hpp"
#include "settings.hpp"

#include <simul/db/redis_value.hpp>
#include <simul/io/stream.hpp>
#include <simul/task/task.hpp>
#include <simul/task/this_task.hpp>

#include "io/talk.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace simul::db::detail {

class redis_connection {
public:
    /// Connects and greets, within `connect_timeout`. *Throws:* `redis_error` when the server doesn't want us;
    /// `timeout_error`.
    static task<redis_connection> open(shared_settings to);
    /// What becomes of attempts, for one that is made again and again.
    struct history {
        int failures = 0; ///< in a row; a connection that was soon lost is one
        time_point connected = now();
        std::string problem; ///< the latest
    };
    /// Until it works, with random and growing waits before.
    static task<redis_connection> open_again(shared_settings to, history& before);

    /// The next value, when it has come already. *Throws:* `error` for what is no Redis, or too large.
    std::optional<redis_value> take();
    /// Waits for more to come. *Throws:* what broke the connection, or that it ended.
    task<> fetch();
    task<redis_value> receive();

    /// As `stream::write`, which waits while too much is on its way.
    task<> write(bytes_view commands);
    void abort() noexcept { peer_.abort(); }

    /// Runs both until one fails, and aborts it. *Throws:* why.
    task<> talk(task<> reading, task<> writing)
    {
        return simul::detail::talk(peer_, std::move(reading), std::move(writing));
    }

    /// What the server calls it; 0: unknown.
    std::int64_t id() const noexcept { return id_; }

private:
    explicit redis_connection(shared_settings to) : to_(std::move(to)), parser_(to_->limits) {}

    task<> reach();
    task<> greet();
    task<bool> greet_in_3();
    task<> greet_in_2();
    task<redis_value> ask(bytes command);
    task<redis_value> ask_for_ok(std::string_view name, bytes command);

    shared_settings to_;
    stream peer_;
    resp::parser parser_;
    std::int64_t id_ = 0;
};

} // namespace simul::db::detail
