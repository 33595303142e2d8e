// SPDX-License-Identifier: MIT
//
// The methods of AMQP 0-9-1 that a client sends or gets, as structs whose `pass` lists their fields for reader and
// writer alike. Texts are views: of what the caller has, or of the input.
//
// Left out: transactions, binding exchanges to each other, basic.get and basic.recover, and what RabbitMQ never sends.
#pragma once

#include "wire.hpp"

#include <cstdint>
#include <string_view>

namespace simul::cluster::amqp {

/// Class and method, as they stand in a frame.
constexpr std::uint32_t method_id(unsigned class_number, unsigned method) noexcept
{
    return class_number << 16 | method;
}
constexpr unsigned class_of(std::uint32_t id) noexcept
{
    return id >> 16;
}

inline constexpr unsigned connection_class = 10;
inline constexpr unsigned channel_class = 20;
inline constexpr unsigned exchange_class = 40;
inline constexpr unsigned queue_class = 50;
inline constexpr unsigned basic_class = 60;
inline constexpr unsigned confirm_class = 85;

/// One without fields.
template <unsigned Class, unsigned Number> struct bare_method {
    static constexpr std::uint32_t id = method_id(Class, Number);
    template <class Self, class Wire> static void pass(Self&, Wire&) {}
};

// ---- connection

struct connection_start {
    static constexpr std::uint32_t id = method_id(connection_class, 10);
    std::uint8_t major = 0;
    std::uint8_t minor = 9;
    table server_properties = {};
    long_string mechanisms = {};
    long_string locales = {};

    template <class Self, class Wire> static void pass(Self& self, Wire& wire)
    {
        wire(self.major, self.minor, self.server_properties, self.mechanisms, self.locales);
    }
};

struct connection_start_ok {
    static constexpr std::uint32_t id = method_id(connection_class, 11);
    table client_properties = {};
    std::string_view mechanism = {};
    long_string response = {};
    std::string_view locale = {};

    template <class Self, class Wire> static void pass(Self& self, Wire& wire)
    {
        wire(self.client_properties, self.mechanism, self.response, self.locale);
    }
};

/// 0: no limit, or no heartbeats.
template <unsigned Number> struct tuning {
    static constexpr std::uint32_t id = method_id(connection_class, Number);
    std::uint16_t channel_max = 0;
    std::uint32_t frame_max = 0;
    std::uint16_t heartbeat = 0; ///< seconds

    template <class Self, class Wire> static void pass(Self& self, Wire& wire)
    {
        wire(self.channel_max, self.frame_max, self.heartbeat);
    }
};
using connection_tune = tuning<30>;
using connection_tune_ok = tuning<31>;

struct connection_open {
    static constexpr std::uint32_t id = method_id(connection_class, 40);
    std::string_view virtual_host = {};

    template <class Self, class Wire> static void pass(Self& self, Wire& wire)
    {
        std::string_view capabilities;
        bool insist = false;
        wire(self.virtual_host, capabilities);
        wire.bits(insist);
    }
};

struct connection_open_ok {
    static constexpr std::uint32_t id = method_id(connection_class, 41);

    template <class Self, class Wire> static void pass(Self&, Wire& wire)
    {
        std::string_view known_hosts;
        wire(known_hosts);
    }
};

/// Of a connection or a channel.
template <unsigned Class, unsigned Number> struct closing {
    static constexpr std::uint32_t id = method_id(Class, Number);
    std::uint16_t reply_code = 0;
    std::string_view reply_text = {};
    std::uint32_t failed_method = 0; ///< that it is about

    template <class Self, class Wire> static void pass(Self& self, Wire& wire)
    {
        wire(self.reply_code, self.reply_text, self.failed_method);
    }
};
using connection_close = closing<connection_class, 50>;
using connection_close_ok = bare_method<connection_class, 51>;

struct connection_blocked {
    static constexpr std::uint32_t id = method_id(connection_class, 60);
    std::string_view reason = {};

    template <class Self, class Wire> static void pass(Self& self, Wire& wire) { wire(self.reason); }
};
using connection_unblocked = bare_method<connection_class, 61>;

// ---- channel

struct channel_open {
    static constexpr std::uint32_t id = method_id(channel_class, 10);

    template <class Self, class Wire> static void pass(Self&, Wire& wire)
    {
        std::string_view out_of_band;
        wire(out_of_band);
    }
};

struct channel_open_ok {
    static constexpr std::uint32_t id = method_id(channel_class, 11);

    template <class Self, class Wire> static void pass(Self&, Wire& wire)
    {
        long_string channel_id;
        wire(channel_id);
    }
};

using channel_close = closing<channel_class, 40>;
using channel_close_ok = bare_method<channel_class, 41>;

// ---- exchange

struct exchange_declare {
    static constexpr std::uint32_t id = method_id(exchange_class, 10);
    std::string_view exchange = {};
    std::string_view type = {};
    bool passive = false;
    bool durable = false;
    bool auto_delete = false;
    bool internal = false;
    bool no_wait = false;
    table arguments = {};

    template <class Self, class Wire> static void pass(Self& self, Wire& wire)
    {
        std::uint16_t ticket = 0;
        wire(ticket, self.exchange, self.type);
        wire.bits(self.passive, self.durable, self.auto_delete, self.internal, self.no_wait);
        wire(self.arguments);
    }
};
using exchange_declare_ok = bare_method<exchange_class, 11>;

struct exchange_delete {
    static constexpr std::uint32_t id = method_id(exchange_class, 20);
    std::string_view exchange = {};
    bool if_unused = false;
    bool no_wait = false;

    template <class Self, class Wire> static void pass(Self& self, Wire& wire)
    {
        std::uint16_t ticket = 0;
        wire(ticket, self.exchange);
        wire.bits(self.if_unused, self.no_wait);
    }
};
using exchange_delete_ok = bare_method<exchange_class, 21>;

// ---- queue

struct queue_declare {
    static constexpr std::uint32_t id = method_id(queue_class, 10);
    std::string_view queue = {};
    bool passive = false;
    bool durable = false;
    bool exclusive = false;
    bool auto_delete = false;
    bool no_wait = false;
    table arguments = {};

    template <class Self, class Wire> static void pass(Self& self, Wire& wire)
    {
        std::uint16_t ticket = 0;
        wire(ticket, self.queue);
        wire.bits(self.passive, self.durable, self.exclusive, self.auto_delete, self.no_wait);
        wire(self.arguments);
    }
};

struct queue_declare_ok {
    static constexpr std::uint32_t id = method_id(queue_class, 11);
    std::string_view queue = {};
    std::uint32_t messages = 0;
    std::uint32_t consumers = 0;

    template <class Self, class Wire> static void pass(Self& self, Wire& wire)
    {
        wire(self.queue, self.messages, self.consumers);
    }
};

struct queue_bind {
    static constexpr std::uint32_t id = method_id(queue_class, 20);
    std::string_view queue = {};
    std::string_view exchange = {};
    std::string_view routing_key = {};
    bool no_wait = false;
    table arguments = {};

    template <class Self, class Wire> static void pass(Self& self, Wire& wire)
    {
        std::uint16_t ticket = 0;
        wire(ticket, self.queue, self.exchange, self.routing_key);
        wire.bits(self.no_wait);
        wire(self.arguments);
    }
};
using queue_bind_ok = bare_method<queue_class, 21>;

struct queue_unbind {
    static constexpr std::uint32_t id = method_id(queue_class, 50);
    std::string_view queue = {};
    std::string_view exchange = {};
    std::string_view routing_key = {};
    table arguments = {};

    template <class Self, class Wire> static void pass(Self& self, Wire& wire)
    {
        std::uint16_t ticket = 0;
        wire(ticket, self.queue, self.exchange, self.routing_key, self.arguments);
    }
};
using queue_unbind_ok = bare_method<queue_class, 51>;

struct queue_purge {
    static constexpr std::uint32_t id = method_id(queue_class, 30);
    std::string_view queue = {};
    bool no_wait = false;

    template <class Self, class Wire> static void pass(Self& self, Wire& wire)
    {
        std::uint16_t ticket = 0;
        wire(ticket, self.queue);
        wire.bits(self.no_wait);
    }
};

struct queue_delete {
    static constexpr std::uint32_t id = method_id(queue_class, 40);
    std::string_view queue = {};
    bool if_unused = false;
    bool if_empty = false;
    bool no_wait = false;

    template <class Self, class Wire> static void pass(Self& self, Wire& wire)
    {
        std::uint16_t ticket = 0;
        wire(ticket, self.queue);
        wire.bits(self.if_unused, self.if_empty, self.no_wait);
    }
};

template <unsigned Number> struct queue_emptied {
    static constexpr std::uint32_t id = method_id(queue_class, Number);
    std::uint32_t messages = 0; ///< that went with it

    template <class Self, class Wire> static void pass(Self& self, Wire& wire) { wire(self.messages); }
};
using queue_purge_ok = queue_emptied<31>;
using queue_delete_ok = queue_emptied<41>;

// ---- basic

struct basic_qos {
    static constexpr std::uint32_t id = method_id(basic_class, 10);
    std::uint32_t prefetch_size = 0;
    std::uint16_t prefetch_count = 0;
    bool global = false;

    template <class Self, class Wire> static void pass(Self& self, Wire& wire)
    {
        wire(self.prefetch_size, self.prefetch_count);
        wire.bits(self.global);
    }
};
using basic_qos_ok = bare_method<basic_class, 11>;

struct basic_consume {
    static constexpr std::uint32_t id = method_id(basic_class, 20);
    std::string_view queue = {};
    std::string_view consumer_tag = {};
    bool no_local = false;
    bool no_ack = false;
    bool exclusive = false;
    bool no_wait = false;
    table arguments = {};

    template <class Self, class Wire> static void pass(Self& self, Wire& wire)
    {
        std::uint16_t ticket = 0;
        wire(ticket, self.queue, self.consumer_tag);
        wire.bits(self.no_local, self.no_ack, self.exclusive, self.no_wait);
        wire(self.arguments);
    }
};

template <unsigned Number> struct consumer_named {
    static constexpr std::uint32_t id = method_id(basic_class, Number);
    std::string_view consumer_tag = {};

    template <class Self, class Wire> static void pass(Self& self, Wire& wire) { wire(self.consumer_tag); }
};
using basic_consume_ok = consumer_named<21>;
using basic_cancel_ok = consumer_named<31>;

/// From the client: no more, please. From the broker: there is nothing to consume any more.
struct basic_cancel {
    static constexpr std::uint32_t id = method_id(basic_class, 30);
    std::string_view consumer_tag = {};
    bool no_wait = false;

    template <class Self, class Wire> static void pass(Self& self, Wire& wire)
    {
        wire(self.consumer_tag);
        wire.bits(self.no_wait);
    }
};

/// A content follows; so it does the next two.
struct basic_publish {
    static constexpr std::uint32_t id = method_id(basic_class, 40);
    std::string_view exchange = {};
    std::string_view routing_key = {};
    bool mandatory = false;
    bool immediate = false;

    template <class Self, class Wire> static void pass(Self& self, Wire& wire)
    {
        std::uint16_t ticket = 0;
        wire(ticket, self.exchange, self.routing_key);
        wire.bits(self.mandatory, self.immediate);
    }
};

/// A message that had to be routed, and couldn't be.
struct basic_return {
    static constexpr std::uint32_t id = method_id(basic_class, 50);
    std::uint16_t reply_code = 0;
    std::string_view reply_text = {};
    std::string_view exchange = {};
    std::string_view routing_key = {};

    template <class Self, class Wire> static void pass(Self& self, Wire& wire)
    {
        wire(self.reply_code, self.reply_text, self.exchange, self.routing_key);
    }
};

struct basic_deliver {
    static constexpr std::uint32_t id = method_id(basic_class, 60);
    std::string_view consumer_tag = {};
    std::uint64_t delivery_tag = 0;
    bool redelivered = false;
    std::string_view exchange = {};
    std::string_view routing_key = {};

    template <class Self, class Wire> static void pass(Self& self, Wire& wire)
    {
        wire(self.consumer_tag, self.delivery_tag);
        wire.bits(self.redelivered);
        wire(self.exchange, self.routing_key);
    }
};

/// From the client: these deliveries are done. From the broker: these publications are safe.
struct basic_ack {
    static constexpr std::uint32_t id = method_id(basic_class, 80);
    std::uint64_t tag = 0;
    bool multiple = false; ///< all up to this one

    template <class Self, class Wire> static void pass(Self& self, Wire& wire)
    {
        wire(self.tag);
        wire.bits(self.multiple);
    }
};

/// From the client: these deliveries are not done. From the broker: these publications may be lost.
struct basic_nack {
    static constexpr std::uint32_t id = method_id(basic_class, 120);
    std::uint64_t tag = 0;
    bool multiple = false;
    bool requeue = true;

    template <class Self, class Wire> static void pass(Self& self, Wire& wire)
    {
        wire(self.tag);
        wire.bits(self.multiple, self.requeue);
    }
};

// ---- confirm

struct confirm_select {
    static constexpr std::uint32_t id = method_id(confirm_class, 10);
    bool no_wait = false;

    template <class Self, class Wire> static void pass(Self& self, Wire& wire) { wire.bits(self.no_wait); }
};
using confirm_select_ok = bare_method<confirm_class, 11>;

} // namespace simul::cluster::amqp
