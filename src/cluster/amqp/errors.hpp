// SPDX-License-Identifier: MIT
//
// What a broker, or the way to it, does not let us have.
#pragma once

#include <simul/base/error.hpp>

#include <cstdint>
#include <string>
#include <utility>

namespace simul::cluster::amqp {

/// The broker said no: "amqp bind jobs: 404 NOT_FOUND - no exchange 'x' in vhost '/'".
class refused : public error {
public:
    refused(std::errc code, std::string what, std::uint16_t reply_code)
        : error(code, std::move(what)), reply_code_(reply_code)
    {
    }

    std::uint16_t reply_code() const noexcept { return reply_code_; }

private:
    std::uint16_t reply_code_;
};

/// ... and ended the channel, with all that was under way there: what was published and not confirmed may have arrived
/// or not, what was delivered and not acknowledged is delivered again. Other channels go on.
class channel_closed final : public refused {
public:
    using refused::refused;
};

/// No queue was there for a message that was published as `mandatory`.
class returned final : public refused {
public:
    using refused::refused;
};

/// The broker took a message, and may have lost it.
class not_confirmed final : public error {
public:
    explicit not_confirmed(std::string what) : error(std::errc::io_error, std::move(what)) {}
};

/// Nothing will be delivered any more: the queue was deleted, or its node is gone.
class consumer_cancelled final : public error {
public:
    explicit consumer_cancelled(std::string what) : error(std::errc::no_such_file_or_directory, std::move(what)) {}
};

/// The connection ended before the answer: what was asked for may have been done, or not.
class connection_lost final : public error {
public:
    explicit connection_lost(std::string what) : error(std::errc::connection_reset, std::move(what)) {}
};

/// The broker sent what it should not have.
class protocol_error final : public error {
public:
    protocol_error(std::string what, std::uint16_t reply_code)
        : error(std::errc::bad_message, std::move(what)), reply_code_(reply_code)
    {
    }

    /// As it is told.
    std::uint16_t reply_code() const noexcept { return reply_code_; }

private:
    std::uint16_t reply_code_;
};

} // namespace simul::cluster::amqp
