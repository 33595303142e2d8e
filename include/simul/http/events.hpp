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
//
// A program listens to them, too:
//
//     auto prices = co_await web.open("GET", "https://example.org/prices");
//     auto events = simul::http::events_from(prices);
//     while (auto price = co_await events.next())
//         fmt::print("{}\n", price->data);
#pragma once

#include <simul/base/time.hpp>
#include <simul/http/response.hpp>
#include <simul/task/async_generator.hpp>

#include <chrono>
#include <cstddef>
#include <string>

namespace simul::http {

class download;

struct server_event {
    std::string data = {};              ///< may have several lines
    std::string name = {};              ///< of its kind; empty: "message"
    std::string id = {};                ///< comes back as Last-Event-ID when the client connects again. Read: the last one so far
    duration retry = duration::zero();  ///< how long the client should wait before that
};

struct events_options {
    duration heartbeat = std::chrono::seconds(15); ///< zero: none
};

/// Sends what `source` yields. An event whose name or id has a line break ends the stream as a failure.
response events(async_generator<server_event> source, events_options options = {});

/// What comes, one after the other, until the server ends it; while `from` lives. An event of more than `limit` bytes is an error.
/// *Throws:* what reading throws; `answer_error` for an answer that is no event stream, `limit_exceeded`.
async_generator<server_event> events_from(download& from, std::size_t limit = std::size_t{1} << 20);

/// As it is sent: "event: price\ndata: 7\n\n". *Throws:* `error` for a name or an id with a line break.
bytes to_bytes(const server_event& of);

} // namespace simul::http
