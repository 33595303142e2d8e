// SPDX-License-Identifier: MIT
//
// message: what a broker carries, whichever it is. What the Celery protocol says by it is in request.hpp.
#pragma once

#include <simul/text/json.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace simul::cluster::detail {

/// A header of what nobody can do: why. It lies in this queue.
inline constexpr std::string_view reason_of_death = "x-simul-reason";
inline std::string dead_letters(std::string_view queue)
{
    return "simul.dead." + std::string(queue);
}

struct message {
    json::object headers = {};
    std::string body = {}; ///< as it was before the transport encoded it
    std::string content_type = "application/json";
    std::string content_encoding = "utf-8";
    std::string correlation_id = {};
    std::string reply_to = {};
    std::optional<int> priority = {}; ///< as the broker understands it: 0 is the first on Redis, the last on RabbitMQ
    std::string expiration = {};      ///< after so many ms the broker may drop it; empty: never
    bool durable = true;
};

} // namespace simul::cluster::detail
