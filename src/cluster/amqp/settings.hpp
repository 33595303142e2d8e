// SPDX-License-Identifier: MIT
//
// Where a broker is and how to talk with it: a URL and options, understood.
#pragma once

#include "decoder.hpp"

#include <simul/base/time.hpp>
#include <simul/io/tls.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace simul::cluster::amqp {

struct options {
    std::string name = {};                               ///< of the connection, as the broker's operators see it
    duration connect_timeout = std::chrono::seconds(10); ///< name, TCP, TLS, login
    /// A peer that says nothing for twice as long is dead. Whole seconds; the broker may want a shorter one. 0: none.
    std::chrono::seconds heartbeat = std::chrono::seconds(60);
    std::size_t body = std::size_t{128} << 20; ///< of a message; longer ones are delivered without it
    tls::client_options tls = {};              ///< for amqps://
};

struct settings {
    amqp::options options;
    std::string host;
    std::uint16_t port = 0;
    std::string username;
    std::string password;
    std::string virtual_host;
    std::optional<tls::client_context> tls;
    std::string peer; ///< for messages: "localhost:5672"
};

using shared_settings = std::shared_ptr<const settings>;

/// "amqp://user:password@host:5672/virtual%2fhost?heartbeat=30", as Celery reads it: what is left out is
/// guest:guest@localhost:5672 and "/", which may be written "//" too. *Throws:* `error` that doesn't show the password.
shared_settings read_settings(std::string_view url, options with);

} // namespace simul::cluster::amqp
