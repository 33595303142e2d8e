// SPDX-License-Identifier: MIT
//
// client: requests over HTTP, with connections that are kept.
//
//     simul::http::client web{{.base_url = "https://binaryjazz.us", .limit_per_host = 8}};
//     auto genre = (co_await web.get("/wp-json/genrenator/v1/genre/")).json<std::string>();
//
//     auto page = co_await web.get("https://example.org/", {.headers = {{"User-Agent", "Mozilla/5.0"}}, .timeout = 10s});
//     page.raise_for_status();
//     fmt::print("{}\n", page.text());
//
// One request, from anywhere; in plain code:
//
//     std::string text = simul::http::get("https://example.org/").result().text();
//
// An answer is read whole, up to 64 MiB, unless it is `open`ed as a download. Every status is an answer. A client belongs to
// the loop that it is first used on; dropping it breaks off its requests. A request costs a few microseconds.
#pragma once

#include <simul/base/time.hpp>
#include <simul/http/client_error.hpp>
#include <simul/http/client_trace.hpp>
#include <simul/http/content.hpp>
#include <simul/http/cookies.hpp>
#include <simul/http/download.hpp>
#include <simul/http/headers.hpp>
#include <simul/http/request_options.hpp>
#include <simul/http/response.hpp>
#include <simul/io/tls.hpp>
#include <simul/task/future.hpp>
#include <simul/task/task.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace simul::http {

struct client_options {
    std::string base_url = {};  ///< that the URLs of requests are joined to, as a link in that page
    http::headers headers = {}; ///< of every request
    credentials auth = {};

    std::size_t limit = 100;        ///< connections in all; requests wait for one, first come, first served
    std::size_t limit_per_host = 8; ///< for each scheme, host and port. 0, here and above: no limit
    duration keep_alive = std::chrono::seconds(15); ///< how long an idle connection is kept; 0: not at all

    // Limits in time; 0 is none.
    duration timeout = std::chrono::seconds(300);        ///< for all of a request, redirects and body included
    duration pool_timeout = duration::zero();            ///< for a connection to be free
    duration connect_timeout = std::chrono::seconds(10); ///< for name and network
    duration tls_timeout = std::chrono::seconds(10);
    duration read_timeout = std::chrono::seconds(30); ///< for each wait for more

    int redirects = 10;                             ///< followed at most; 0: a redirect is the answer
    std::size_t max_body = download::default_limit; ///< of an answer that is read whole, decoded
    retry_policy retry = {};

    std::optional<tls::client_context> tls = std::nullopt;
    std::shared_ptr<cookie_jar> cookies = nullptr; ///< kept here, and sent from here; none: no cookies

    std::string proxy = {};       ///< for all that isn't on this machine: "http://user:secret@proxy:3128"
    std::string no_proxy = {};    ///< but for these hosts: "intranet.example.org, 10.0.0.0/8"
    /// Takes both from http_proxy, https_proxy, all_proxy, no_proxy, if none is given; and names and passwords of hosts from ~/.netrc.
    bool trust_env = false;
    std::string unix_socket = {}; ///< a path where all connections go, whatever the URL says
    std::shared_ptr<client_trace> trace = nullptr;
};

namespace detail {
class client_core;
}

class client {
public:
    /// *Throws:* `error` for a base URL that is none, and for a ~/.netrc that can't be understood.
    explicit client(client_options options = {});
    client(client&&) noexcept = default;
    client& operator=(client&& other) noexcept;
    /// As `close`.
    ~client();

    // All *throw* what client_error.hpp has; `error` for what is no URL of http, or no header.
    // *Cancel:* the request is broken off, and its connection closed.

    task<response> get(std::string url, request_options options = {});
    task<response> head(std::string url, request_options options = {});
    task<response> delete_(std::string url, request_options options = {});
    task<response> post(std::string url, content body = {}, request_options options = {});
    task<response> put(std::string url, content body = {}, request_options options = {});
    task<response> patch(std::string url, content body = {}, request_options options = {});
    /// Any method: "PROPFIND".
    task<response> request(std::string method, std::string url, content body = {}, request_options options = {});
    /// Returns with the head of the answer, which is all that `timeout` is for.
    task<download> open(std::string method, std::string url, content body = {}, request_options options = {});

    /// Breaks off its requests, whose callers get `closed_error`, and closes all connections. No more can be made.
    void close() noexcept;

private:
    std::shared_ptr<detail::client_core> core_;
};

// One request of a client of its own, begun at once: on the loop that runs here, else on the ambient one (see `unsync`). For
// more than one to a host, a client saves their connecting again.

future<response> get(std::string url, request_options options = {});
future<response> head(std::string url, request_options options = {});
future<response> delete_(std::string url, request_options options = {});
future<response> post(std::string url, content body = {}, request_options options = {});
future<response> put(std::string url, content body = {}, request_options options = {});
future<response> patch(std::string url, content body = {}, request_options options = {});

} // namespace simul::http
