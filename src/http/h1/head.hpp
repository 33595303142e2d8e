// SPDX-License-Identifier: MIT
//
// What stands before a body in HTTP/1: a request's or a response's head, understood.
#pragma once

#include <simul/http/headers.hpp>
#include <simul/http/method.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace simul::http::h1 {

enum class version : std::uint8_t { http_1_0, http_1_1 };

/// The four forms of a request's target (RFC 9112, 3.2).
enum class target_form : std::uint8_t {
    origin,    ///< "/path?query"
    absolute,  ///< "http://host/path?query", as proxies get it
    authority, ///< "host:port", of CONNECT only
    asterisk,  ///< "*", of OPTIONS only
};

/// Where a body ends.
enum class framing : std::uint8_t {
    none,
    sized, ///< after Content-Length bytes, which may be 0
    chunked,
    until_close, ///< with the connection; responses only
};

enum class expectation : std::uint8_t {
    none,
    go_ahead, ///< "100-continue": the body comes when we say so, or after a while
    unknown,  ///< to be answered with 417
};

struct head {
    // Of a request.
    http::method method = http::method::get;
    expectation expects = expectation::none;
    target_form form = target_form::origin;
    std::string other_method; ///< the name of a method that is `other`
    std::string target;

    // Of a response.
    int status = 0;
    std::string reason;

    // Of both.
    h1::version version = h1::version::http_1_1;
    framing body = framing::none;
    bool keep_alive = true;   ///< the sender is ready for another message on this connection
    bool upgrade = false;     ///< there is an Upgrade field, and Connection names it
    std::uint64_t length = 0; ///< of a sized body; else what Content-Length says: an answer to HEAD has one, too
    http::headers fields;

    /// Without memory given back.
    void clear() noexcept;
    std::string_view method_name() const noexcept
    {
        return method == http::method::other ? std::string_view(other_method) : to_string(method);
    }
    /// The target as a server's own: "/path?query", "*", or empty for CONNECT.
    std::string_view local_target() const noexcept;
    /// Whom the request is for: the absolute target's "host:port", CONNECT's, else the field Host; empty if there is none.
    std::string_view authority() const noexcept;
};

/// Whether `text` is "host", "host:80", "[::1]" or "[::1]:80": letters, digits and -._~ in names.
bool is_authority(std::string_view text) noexcept;

/// Fields that say where messages and connections end, and to whom they go: in trailers they come too late.
bool belongs_into_heads(std::string_view field_name) noexcept;

/// Of a target with a scheme of the web; both empty when it has none.
struct absolute_target {
    std::string_view authority;
    std::string_view rest; ///< from the "/" or "?" on, which may be missing
};
absolute_target split_absolute(std::string_view target) noexcept;

} // namespace simul::http::h1
