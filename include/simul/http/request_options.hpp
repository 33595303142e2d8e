// SPDX-License-Identifier: MIT
//
// What can be said of one request, or of all requests of a client.
//
//     co_await web.get(url, {.headers = {{"Accept", "text/html"}}, .params = {{"q", "salt & pepper"}}, .timeout = 10s});
//     co_await web.post(url, simul::http::json(order), {.auth = simul::http::bearer(token), .retry = {.attempts = 3}});
#pragma once

#include <simul/base/time.hpp>
#include <simul/http/headers.hpp>
#include <simul/text/url.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace simul::http {

/// Who asks. It goes to the origin that it was given for, and to no other that this one redirects to.
struct credentials {
    std::string value = {};                ///< of the field Authorization
    std::string name = {}, password = {};  ///< where a server has to ask for it first: of `digest`

    bool is_digest() const noexcept { return value.empty() && !name.empty(); }
    bool empty() const noexcept { return value.empty() && name.empty(); }
};
/// *Throws:* `error` for a name with a colon.
credentials basic(std::string_view name, std::string_view password);
credentials bearer(std::string_view token);
/// Shows that the password is known, and doesn't say it (RFC 7616: MD5, SHA-256, SHA-512/256). A server is asked without it first; content
/// that can be sent once only is not sent again then, and its 401 is the answer. *Throws:* `error` without a name.
credentials digest(std::string_view name, std::string_view password);

/// When a request is made again, a little later: where nobody was reached, where no answer came, and for these statuses. Only for
/// methods that may be sent twice (GET, HEAD, OPTIONS, TRACE, QUERY, PUT, DELETE) and content that can be.
struct retry_policy {
    int attempts = 1;                                  ///< in all
    duration backoff = std::chrono::milliseconds(200); ///< the longest wait after the first failure; doubled after each
    duration longest =
        std::chrono::seconds(30); ///< ... and after any. An answer that wants more (Retry-After) is given as it is
    std::vector<int> statuses = {429, 502, 503, 504};
};

struct request_options {
    http::headers headers = {};                          ///< in place of the client's of the same names
    parameters params = {};                              ///< behind those that the URL has
    credentials auth = {};                               ///< in place of the client's, and of the URL's
    std::optional<duration> timeout = std::nullopt;      ///< for all of it; 0: none
    std::optional<duration> read_timeout = std::nullopt; ///< for each wait for more; 0: none
    std::optional<int> redirects = std::nullopt;         ///< followed at most; 0: a redirect is the answer
    std::optional<std::size_t> max_body = std::nullopt;  ///< of an answer that is read whole, decoded
    std::optional<retry_policy> retry = std::nullopt;
    bool decode = true;           ///< undoes gzip, deflate, br and zstd, and says to the server that it does
    bool expect_continue = false; ///< sends the head, and the content when the server agrees, or after a second
};

} // namespace simul::http
