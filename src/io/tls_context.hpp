// SPDX-License-Identifier: MIT
//
// What the connections of one context share.
#pragma once

#include "openssl.hpp"

#include <simul/io/tls.hpp>

#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace simul::detail {

/// Sessions of a client, by whom they are with; from any thread.
class tls_sessions {
public:
    void put(const std::string& with, openssl::session_ptr session);
    /// Null when there is none. One of TLS 1.3 is given once: using it twice would let a watcher connect the two.
    openssl::session_ptr take(const std::string& with);

private:
    static constexpr std::size_t most = 1000;

    std::mutex mutex_;
    std::map<std::string, openssl::session_ptr> sessions_;
    std::deque<std::string> by_age_;
};

} // namespace simul::detail

namespace simul::tls {

struct client_context::state {
    detail::openssl::context_ptr native;
    duration handshake_timeout;
    duration goodbye_timeout;
    bool checks_host;
    detail::tls_sessions sessions;
};

struct server_context::state {
    detail::openssl::context_ptr native;
    duration handshake_timeout;
    duration goodbye_timeout;
    std::vector<std::string> alpn;
};

} // namespace simul::tls
