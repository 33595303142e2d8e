// SPDX-License-Identifier: MIT
//
// connection: a client for RabbitMQ, and for what speaks AMQP 0-9-1 as it does.
//
//     amqp::connection broker = co_await amqp::connection::open("amqp://localhost");
//     amqp::channel channel = co_await broker.open_channel();
//     co_await channel.declare_queue("jobs", {.durable = true});
//     co_await channel.publish("", "jobs", {.delivery_mode = 2}, "wash the car");
//
//     amqp::consumer jobs = co_await channel.consume("jobs", {.prefetch = 10});
//     while (std::optional<amqp::message> job = co_await jobs.next()) {
//         ...
//         channel.acknowledge(job->delivery_tag);
//     }
//
// A publication is over when the broker has confirmed that it keeps the message. What is published, acknowledged and
// asked in one turn of the loop goes out in one write, and nothing waits for an answer before the next is sent. So to
// publish fast is to publish many, and then wait.
//
// When the connection is lost, all that is under way fails with `connection_lost`, and so does what comes later: make
// another. When the broker ends a channel, that happens to this channel only, with `channel_closed`.
//
// All belongs to the loop that made it. Dropping a handle ends what is behind it, and waits for nothing.
#pragma once

#include "decoder.hpp"
#include "errors.hpp"
#include "properties.hpp"
#include "settings.hpp"
#include "wire.hpp"

#include <simul/base/bytes.hpp>
#include <simul/task/future.hpp>
#include <simul/task/task.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace simul::cluster::amqp {

class channel_core;
struct consumer_core;
class line;

struct exchange_options {
    bool durable = false;
    bool auto_delete = false;
    bool internal = false;
    bool passive = false; ///< only looks whether it is there
    table arguments = {};
};

struct queue_options {
    bool durable = false;
    bool exclusive = false;
    bool auto_delete = false;
    bool passive = false;
    table arguments = {}; ///< {"x-queue-type", "quorum"}, {"x-message-ttl", 1000}, ...
};

struct queue_info {
    std::string name;
    std::uint32_t messages = 0; ///< that wait
    std::uint32_t consumers = 0;
};

struct delete_options {
    bool if_unused = false;
    bool if_empty = false; ///< of a queue
};

struct publish_options {
    bool mandatory = false; ///< `returned`, where no queue takes it
};

struct consume_options {
    std::uint16_t prefetch = 0; ///< so many may be delivered and not acknowledged; 0: any number
    bool no_ack = false;        ///< what is sent counts as done
    bool exclusive = false;
    table arguments = {};
};

/// Messages of a queue. *Lifetime:* any; it ends with its channel.
class consumer {
public:
    consumer(consumer&&) noexcept = default;
    consumer& operator=(consumer&& other) noexcept;
    /// What was delivered and not taken goes back to the queue.
    ~consumer();

    /// The next message; empty after `cancel` or the channel's `close`, when none is left. *Cancel:* has taken none.
    /// *Throws:* `consumer_cancelled`, `channel_closed`, `connection_lost`.
    task<std::optional<message>> next();
    /// The same without waiting; empty also while there is none.
    std::optional<message> try_next();
    /// No more are delivered; those that are here can still be taken.
    task<> cancel();

private:
    friend class channel;
    consumer(std::shared_ptr<channel_core> of, std::shared_ptr<consumer_core> core) noexcept;

    std::shared_ptr<channel_core> channel_;
    std::shared_ptr<consumer_core> core_;
};

/// Where things are asked one after the other, and fail together. *Cancel:* what was asked may be done or not.
class channel {
public:
    channel(channel&&) noexcept = default;
    channel& operator=(channel&& other) noexcept;
    ~channel();

    // ---- all *throw* `channel_closed`, `connection_lost`, and `closed_error` after `close`.

    task<> declare_exchange(std::string name, std::string type, exchange_options how = {});
    task<> delete_exchange(std::string name, delete_options when = {});
    /// Without a name, the broker makes one.
    task<queue_info> declare_queue(std::string name, queue_options how = {});
    task<> bind_queue(std::string queue, std::string exchange, std::string routing_key, table arguments = {});
    task<> unbind_queue(std::string queue, std::string exchange, std::string routing_key, table arguments = {});
    /// How many messages that were.
    task<std::uint32_t> purge_queue(std::string name);
    task<std::uint32_t> delete_queue(std::string name, delete_options when = {});

    /// Sends it at the end of this turn; the future is done when the broker has confirmed that it keeps it. To wait for
    /// these, or for `connection::room`, is what keeps a fast publisher from filling the memory. *Throws,* through the
    /// future: also `returned`, `not_confirmed`. After `channel_closed` and `connection_lost` it may be there or not.
    future<> publish(std::string_view exchange, std::string_view routing_key, const properties& of, bytes_view body,
                     publish_options how = {});

    task<consumer> consume(std::string queue, consume_options how = {});
    /// So many for all consumers here together, those that consume already and those to come, whose own prefetch doesn't
    /// count then; 0: any number. Quorum queues don't know it.
    task<> limit(std::uint16_t prefetch);

    // ---- of deliveries. False: the channel is gone, and with it the delivery, which comes again.

    bool acknowledge(std::uint64_t tag);
    /// All that were delivered on this channel, up to this one.
    bool acknowledge_up_to(std::uint64_t tag);
    /// Back into the queue.
    bool give_back(std::uint64_t tag);
    /// Away with it, or to where the queue says (x-dead-letter-exchange).
    bool reject(std::uint64_t tag);

    bool is_open() const noexcept;
    /// Returns when it is closed, by whomever.
    task<> gone();
    /// What is published and not confirmed fails: wait for it before. What is delivered and not acknowledged goes back.
    task<> close();

private:
    friend class connection;
    explicit channel(std::shared_ptr<channel_core> core) noexcept;
    channel_core& core() const;

    std::shared_ptr<channel_core> core_;
};

class connection {
public:
    /// See `read_settings` for the URL. *Throws:* what is wrong with it, or keeps us from connecting; `refused` when the
    /// broker doesn't want us.
    static task<connection> open(std::string url, options with = {});

    connection(connection&&) noexcept = default;
    connection& operator=(connection&& other) noexcept;
    ~connection();

    task<channel> open_channel();

    /// Waits while too much (1 MiB) is to be sent, or the broker is blocked.
    task<> room();
    /// Why the broker takes no messages for now: "low on memory". Empty: it does.
    const std::string& blocked() const;

    bool is_open() const noexcept;
    /// Returns when the connection has ended, and says why.
    task<std::string> lost();
    /// "localhost:5672"
    const std::string& peer() const;

    /// Lets the broker know, and waits until it does.
    task<> close();

private:
    explicit connection(std::shared_ptr<line> core) noexcept;
    line& core() const;

    std::shared_ptr<line> core_;
};

} // namespace simul::cluster::amqp
