// SPDX-License-Identifier: MIT
//
// envelope: how a message lies in Redis, as kombu writes it:
//
//     {"body": "W1syLCAzXS...", "content-encoding": "utf-8", "content-type": "application/json", "headers": {...},
//      "properties": {"correlation_id": ..., "delivery_info": {"exchange": "", "routing_key": "celery"}, "priority": 0,
//                     "body_encoding": "base64", "delivery_tag": ..., ...}}
//
// A message that a worker has lies in the hash `unacked`, as an entry: [envelope, exchange, routing key].
#pragma once

#include "../message.hpp"

#include <simul/text/json.hpp>

#include <string>
#include <string_view>

namespace simul::cluster::redis {

/// Where something is sent.
struct address {
    std::string exchange = {};
    std::string routing_key = {};
};

struct envelope {
    detail::message content;
    bool redelivered = false;
};

/// `tag` is the name that it gets in Python's workers.
std::string write_envelope(detail::message content, const address& to, std::string tag);
/// *Throws:* `error` for what is none.
envelope read_envelope(std::string_view text);

/// What comes behind the envelope in an entry.
std::string entry_tail(std::string_view queue);

struct entry {
    json::value envelope;
    address sent_to;

    int priority() const noexcept;
};
/// *Throws:* `error` for what is none.
entry read_entry(std::string_view text);

/// The envelope with the marks of one that a worker may have begun: who gets it looks whether it is done.
std::string begun_before(json::value envelope);
std::string sent_again(std::string_view envelope);
/// The envelope as it is buried: with the reason in a header. Moved to a queue, it is a message again.
std::string buried(json::value envelope, std::string_view reason);

} // namespace simul::cluster::redis
