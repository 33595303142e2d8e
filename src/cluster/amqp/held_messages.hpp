// SPDX-License-Identifier: MIT
//
// What was delivered, and isn't answered for. RabbitMQ delivers all of it again when its channel ends: because the
// connection was lost, or because one message was held for longer than `consumer_timeout`. What comes to us again while we
// have it isn't done a second time: it is answered for by its latest delivery.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>

namespace simul::cluster::amqp {

/// Of a delivery: its number on its channel, and which channel that was.
struct place {
    std::uint64_t epoch = 0;
    std::uint64_t number = 0;
};

struct held_message {
    std::string key; ///< what it is known by when it comes again; empty: it isn't
    place at;        ///< of its latest delivery
};

class held_messages {
public:
    enum class what : std::uint8_t {
        news, ///< it is held from now on, by this number
        held, ///< under another number, which is answered for here from now on
        done, ///< but the broker didn't hear of it
    };
    struct arrival {
        what is;
        std::uint64_t number = 0;
    };

    arrival take(held_message delivered, bool redelivered);
    /// It isn't held any more.
    held_message leave(std::uint64_t number);
    /// It is done, and where it was delivered that can't be said any more.
    void note_unsaid(std::string key);

private:
    std::map<std::uint64_t, held_message> held_;
    std::uint64_t taken_ = 0;
    std::set<std::string> unsaid_; ///< keys
};

} // namespace simul::cluster::amqp
