// SPDX-License-Identifier: MIT
//
// amqp_broker: RabbitMQ as a broker, beside Python's workers and clients, which use kombu. Queues, exchanges and messages are
// theirs; what it does otherwise, they don't notice:
//
// - What is published is confirmed by the broker, and published again after a loss until it is.
// - Messages for later wait in queues of the broker, not in a worker: see `delays`.
// - How often a message was delivered in vain is counted, as RabbitMQ does by itself for quorum queues only: as the messages
//   in a queue `simul.begins.<id>`, which goes when the job is done.
// - A job that is delivered again to the worker that has it isn't begun again (amqp/held_messages.hpp).
//
// It has a connection that publishes, one for jobs and one for questions.
#pragma once

#include "broker.hpp"

#include "amqp/outbox.hpp"

#include <memory>
#include <string>

namespace simul::cluster::detail {

/// "amqp://" and "amqps://", see amqp/settings.hpp. *Throws:* as `connect_broker`.
task<std::unique_ptr<broker>> connect_amqp_broker(std::string url, broker_options options);

/// What a broker of this kind publishes with; null: it is another kind.
std::shared_ptr<amqp::outbox> outbox_of(broker& by) noexcept;
/// Where it is.
amqp::upkeep upkeep_of(broker& by);

amqp::properties properties_of(message& what);
message read_message(amqp::message& from);

} // namespace simul::cluster::detail
