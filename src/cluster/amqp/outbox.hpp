// SPDX-License-Identifier: MIT
//
// What is published, over connections that come and go: what was not confirmed when one was lost is published again on
// the next. On a connection of its own: a broker that is short of memory stops reading from those that publish, and
// acknowledgements must not wait behind that.
#pragma once

#include "connection.hpp"
#include "kept_connected.hpp"

#include <simul/task/event.hpp>
#include <simul/task/task.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace simul::cluster::amqp {

struct declared_exchange {
    std::string name, type;
    bool durable = false;
};

class outbox final : public kept_connected {
public:
    /// *Throws:* what keeps it from connecting. `exchanges` are declared on each connection.
    static task<std::shared_ptr<outbox>> open(upkeep at, std::vector<declared_exchange> exchanges, duration patience);
    outbox(upkeep at, std::vector<declared_exchange> exchanges, duration patience, std::string name)
        : kept_connected(std::move(at), std::move(name)), exchanges_(std::move(exchanges)), patience_(patience)
    {
    }

    /// What becomes of the queue, and of a message when there is none: made when it is missed; made, or kept from
    /// expiring, in any case; the message is dropped.
    enum class queue_is : std::uint8_t { declared_if_missing, declared, optional };

    /// Returns when the broker has confirmed the message. *Throws:* `broker_lost` when it doesn't in time; `limit_exceeded`
    /// for a message that is larger than it takes.
    task<> publish(std::string queue, queue_options how, queue_is there, properties of, bytes body);
    /// To whoever is bound to one of the exchanges, now; lost when there is no connection.
    task<> tell(std::string exchange, std::string routing_key, properties of, bytes body);

    /// A counter at the broker, for all who work for it: one more, and how many that makes; 0: nobody knows. Forgotten
    /// after ten minutes.
    task<std::uint32_t> count(std::string name);
    void forget_count(std::string name);

private:
    task<> publish_until_confirmed(const std::string& queue, const queue_options& how, queue_is there,
                                   const properties& of, bytes_view body);
    /// False: not on this connection.
    task<bool> attempt(const std::string& queue, const queue_options& how, queue_is& there, const properties& of,
                       bytes_view body);
    task<> use(connection& over) override;
    task<> watch(connection& over);
    task<> forget(std::shared_ptr<kept_connected> self, std::string name);
    bool is_ready() noexcept;
    void ended() noexcept override;

    std::vector<declared_exchange> exchanges_;
    duration patience_; ///< with what isn't confirmed
    std::optional<channel> jobs_, news_;
    event ready_;  ///< set: the channels are there, as far as is known
    event broken_; ///< set: they are not, and it is known
};

} // namespace simul::cluster::amqp
