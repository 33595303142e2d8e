// SPDX-License-Identifier: MIT
//
// Where a Redis is and how to talk with it: a URL and options, understood.
#pragma once

#include "resp/parser.hpp"

#include <simul/db/redis.hpp>
#include <simul/io/tls.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace simul::db::detail {

struct redis_settings {
    redis_options options;
    std::string host; ///< empty: a Unix socket
    std::uint16_t port = 0;
    std::string path;
    std::string username;
    std::string password;
    unsigned database = 0;
    std::optional<tls::client_context> tls;
    std::string peer; ///< for messages: "localhost:6379"
    resp::limits limits;
};

using shared_settings = std::shared_ptr<const redis_settings>;

/// *Throws:* `error` that doesn't show the password.
shared_settings read_settings(std::string_view url, redis_options options);

} // namespace simul::db::detail
