// SPDX-License-Identifier: MIT
//
// events: what a page's EventSource listens to, sent as it happens (server-sent events).
//
//     simul::async_generator<simul::http::server_event> prices() {
//         for (;;)
//             co_yield {.data = co_await next_price(), .name = "price"};
//     }
//     site.get("/prices", [](auto&) { return simul::http::events(prices()); });
//
// A client that has gone is noticed when something is sent to it; so every 15 s without an event, something is.
#pragma once

#include <simul/base/time.hpp>
#include <simul/http/response.hpp>
#include <simul/task/async_generator.hpp>

#include <chrono>
#include <string>

namespace simul::http {

struct server_event {
    std::string data = {};              ///< may have several lines
    std::string name = {};              ///< of its kind; empty: "message"
    std::string id = {};                ///< comes back as Last-Event-ID when the client connects again
    duration retry = duration::zero();  ///< how long the client should wait before that
};

struct events_options {
    duration heartbeat = std::chrono::seconds(15); ///< zero: none
};

/// Sends what `source` yields. An event whose name or id has a line break ends the stream as a failure.
response events(async_generator<server_event> source, events_options options = {});

/// As it is sent: "event: price\ndata: 7\n\n". *Throws:* `error` for a name or an id with a line break.
bytes to_bytes(const server_event& of);

} // namespace simul::http
