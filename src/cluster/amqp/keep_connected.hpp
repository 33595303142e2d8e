// SPDX-License-Identifier: MIT
//
// A connection that is made again, after random and growing waits, as often as it is lost.
#pragma once

#include "connection.hpp"

#include <simul/base/error.hpp>
#include <simul/base/time.hpp>
#include <simul/task/retry.hpp>
#include <simul/task/this_task.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
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

/// `use(connection&)` has it until it returns or fails, which means that it is lost. Ends by a cancellation only.
template <class Use> task<> keep_connected(upkeep& of, std::optional<connection> made, Use use)
{
    const retry_options waits = {.backoff = std::chrono::milliseconds(50), .longest = of.longest_backoff};
    for (int failures = 0;;) {
        const time_point begun = now();
        try {
            if (!made)
                made.emplace(co_await connection::open(of.url, of.with));
            co_await use(*made);
        } catch (const error& broken) {
            of.problem = broken.what();
        }
        of.losses += made.has_value();
        made.reset();
        failures = now() - begun > waits.longest ? 0 : failures + 1;
        co_await sleep(simul::detail::full_jitter(waits, failures));
    }
}

} // namespace simul::cluster::amqp
