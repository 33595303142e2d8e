// SPDX-License-Identifier: MIT
//
// A Redis that is a broker, or keeps results: a client for it, and the names in it.
#pragma once

#include "keys.hpp"

#include <simul/base/error.hpp>
#include <simul/base/time.hpp>
#include <simul/db/redis.hpp>
#include <simul/io/tls.hpp>
#include <simul/task/task.hpp>
#include <simul/task/this_task.hpp>

#include <memory>
#include <string>
#include <utility>

namespace simul::cluster::redis {

struct link {
    db::redis client;
    keys names;
    std::string name; ///< for messages: the URL without the password
    duration longest_backoff;
    duration publish_timeout;
};
using shared_link = std::shared_ptr<link>;

struct link_options {
    std::string key_prefix = {};
    duration longest_backoff = std::chrono::seconds(5);
    duration publish_timeout = std::chrono::seconds(30);
    tls::client_options tls = {};
};

/// *Throws:* what is wrong with the URL, or why there is no Redis.
task<shared_link> open_link(std::string url, link_options options);

/// What `ask()` gives, asked again as often as the connection is lost before the answer. So it may be done twice.
/// *Throws:* `timeout_error` when there is no connection for `command_timeout`, and it is after `until`.
template <class Ask> auto insist(time_point until, Ask ask) -> decltype(ask())
{
    for (;;) {
        try {
            co_return co_await ask();
        } catch (const db::connection_lost&) { // what is asked next waits for the next connection
        } catch (const timeout_error&) {
            if (now() >= until)
                throw;
        }
    }
}

/// As `insist`, however long it takes.
template <class Ask> auto insist_for_ever(Ask ask) -> decltype(ask())
{
    return insist(never, std::move(ask));
}

} // namespace simul::cluster::redis
