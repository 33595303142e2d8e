// SPDX-License-Identifier: MIT
//
// What a message says of itself, beside its body.
#pragma once

#include "wire.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace simul::cluster::amqp {

/// What is empty, or 0, isn't sent.
struct properties {
    std::string content_type = {};
    std::string content_encoding = {};
    table headers = {};
    std::uint8_t delivery_mode = 0; ///< 2: survives the broker's restart, in a queue that does
    std::uint8_t priority = 0;
    std::string correlation_id = {};
    std::string reply_to = {};
    std::string expiration = {}; ///< milliseconds, as text
    std::string message_id = {};
    std::uint64_t timestamp = 0; ///< seconds since 1970
    std::string type = {};
    std::string user_id = {};
    std::string app_id = {};
};

/// `visit(bit, field)` for each, in the order of the wire; the bit is the one that says whether it is there.
template <class Properties, class Visit> void for_each_property(Properties& of, Visit visit)
{
    visit(15, of.content_type);
    visit(14, of.content_encoding);
    visit(13, of.headers);
    visit(12, of.delivery_mode);
    visit(11, of.priority);
    visit(10, of.correlation_id);
    visit(9, of.reply_to);
    visit(8, of.expiration);
    visit(7, of.message_id);
    visit(6, of.timestamp);
    visit(5, of.type);
    visit(4, of.user_id);
    visit(3, of.app_id);
}

/// What a content begins with.
struct content_header {
    std::uint64_t body_size = 0;
    amqp::properties properties = {};
    const char* unreadable = nullptr; ///< what is wrong with the properties, then empty
};

void write(bytes& to, std::uint64_t body_size, const properties& of);
/// False: not even its beginning can be read.
bool read(bytes_view from, const table_limits& within, content_header& header);

} // namespace simul::cluster::amqp
