// SPDX-License-Identifier: MIT
//
// What goes wrong with a request. Every text says the method, the URL without its credentials, and how far it came.
//
//     error
//     ├─ http::request_error
//     │  ├─ http::connect_error      nobody was reached: name, network, TLS, proxy. `code()` says which
//     │  │  └─ http::identity_error  somebody was, who doesn't prove to be the one that is wanted: not tried again
//     │  ├─ http::answer_error       the answer broke off, is no HTTP, or can't be decoded
//     │  └─ http::redirect_error     one that isn't followed: too many, to http, of a body that can't be sent again
//     ├─ timeout_error
//     │  └─ http::request_timeout    a limit in time, and which
//     ├─ limit_exceeded              the body is larger than allowed
//     ├─ closed_error                the client was closed
//     └─ http::status_error          by `raise_for_status` only
#pragma once

#include <simul/base/error.hpp>

#include <cstdint>
#include <string>
#include <utility>

namespace simul::http {

class request_error : public error {
public:
    using error::error;
};

class connect_error : public request_error {
public:
    using request_error::request_error;
};

class identity_error : public connect_error {
public:
    using connect_error::connect_error;
};

class answer_error : public request_error {
public:
    explicit answer_error(std::string what) : request_error(std::errc::protocol_error, std::move(what)) {}
    using request_error::request_error;
};

class redirect_error : public request_error {
public:
    explicit redirect_error(std::string what) : request_error(std::errc::protocol_error, std::move(what)) {}
};

class request_timeout : public timeout_error {
public:
    enum class limit : std::uint8_t {
        pool,    ///< no connection was free
        connect, ///< name and network
        tls,
        read, ///< nothing came, neither the head nor more of the body
        total,
    };

    request_timeout(limit passed, std::string what) : timeout_error(std::move(what)), passed_(passed) {}

    limit passed() const noexcept { return passed_; }

private:
    limit passed_;
};

} // namespace simul::http
