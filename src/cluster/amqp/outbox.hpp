// SPDX-License-Identifier: MIT
//
// What is published, over connections that come and go: what was not confirmed when one was lost is published again on
// the next. On a connection of its own: a broker that is short of memory stops reading from those that publish, and
// acknowledgements must not wait behind that.
#pragma once

#include "connection.hpp"
#include "keep_connected.hpp"

#include <simul/task/event.hpp>
#include <simul/task/future.hpp>
#include <simul/task/task.hpp>

#include "io/talk.hpp"

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

class outbox : public std::enable_shared_from_this<outbox> {
public:
    /// *Throws:* what keeps it from connecting. `exchanges` are declared on each connection.
    static task<std::shared_ptr<outbox>> open(upkeep at, std::vector<declared_exchange> exchanges, duration patience);
    outbox(upkeep at, std::vector<declared_exchange> exchanges, duration patience, std::string name)
        : at_(std::move(at)), exchanges_(std::move(exchanges)), patience_(patience), name_(std::move(name))
    {
    }
    outbox(const outbox&) = delete;
    outbox& operator=(const outbox&) = delete;

    /// What becomes of the queue, and of a message when there is none: made when it is missed; made, or kept from
    /// expiring, in any case; the message is dropped.
    enum class queue_is : std::uint8_t { declared_if_missing, declared, optional };

    /// Returns when the broker has confirmed the message. *Throws:* `broker_lost` when it doesn't in time.
    task<> publish(std::string queue, queue_options how, queue_is there, properties of, bytes body);
    /// To whoever is bound to one of the exchanges, now; lost when there is no connection.
    task<> tell(std::string exchange, std::string routing_key, properties of, bytes body);

    /// A counter at the broker, for all who work for it: one more, and how many that makes; 0: nobody knows. Forgotten
    /// after ten minutes.
    task<std::uint32_t> count(std::string name);
    void forget_count(std::string name);

    std::uint64_t losses() const noexcept { return at_.losses; }
    void end() noexcept;

private:
    friend simul::detail::until_task_ends<outbox>;

    static task<> live(std::shared_ptr<outbox> self, connection first);
    task<> publish_until_confirmed(const std::string& queue, const queue_options& how, queue_is there,
                                   const properties& of, bytes_view body);
    /// False: not on this connection.
    task<bool> attempt(const std::string& queue, const queue_options& how, queue_is& there, const properties& of,
                       bytes_view body);
    task<> use(connection& over);
    task<> watch(connection& over);
    task<> forget(std::shared_ptr<outbox> self, std::string name);
    bool is_ready() noexcept;
    void task_ended() noexcept;

    upkeep at_;
    std::vector<declared_exchange> exchanges_;
    duration patience_; ///< with what isn't confirmed
    std::optional<channel> jobs_, news_;
    event ready_;  ///< set: the channels are there, as far as is known
    event broken_; ///< set: they are not, and it is known
    std::string name_;
    bool over_ = false;
    future<> life_;
};

} // namespace simul::cluster::amqp
