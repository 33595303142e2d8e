// SPDX-License-Identifier: MIT
//
// broker: the seam between clients and workers on one side, Redis and RabbitMQ on the other. A broker belongs to the loop
// that made it. It outlives its connections: it connects again, after random and growing waits, declares again what it
// had declared, and sends again what was not confirmed; so what is said here to be done is done when the call returns.
// Cancelling a call leaves open whether it was done, unless something else is said.
#pragma once

#include "message.hpp"
#include "question.hpp"
#include "request.hpp"

#include <simul/base/time.hpp>
#include <simul/io/tls.hpp>
#include <simul/task/task.hpp>
#include <simul/text/json.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace simul::cluster::detail {

/// A message that this worker has, and has to answer for: by one of `acknowledge`, `give_back`, `bury` and `park`.
struct delivery {
    message content;
    std::string queue;
    std::string tag;          ///< the broker's name for it
    bool redelivered = false; ///< somebody had it before, and may have begun it
    bool begun = false;       ///< `begin` was called: given back, it comes as `redelivered`
};

struct broker_options {
    duration visibility_timeout = std::chrono::hours(1); ///< Redis: a worker that says nothing for so long is dead
    unsigned delivery_cap = 5;            ///< so often a message may be begun by workers that die; 0: for ever
    std::string key_prefix = {};          ///< Redis: before each key, Celery's `global_keyprefix`
    bool quorum_queues = false;           ///< RabbitMQ: queues are declared as such
    std::optional<int> max_priority = {}; ///< RabbitMQ: `x-max-priority` of queues
    duration longest_backoff = std::chrono::seconds(5);  ///< between attempts to connect
    duration publish_timeout = std::chrono::seconds(30); ///< then what the broker hasn't confirmed fails: `broker_lost`
    tls::client_options tls = {};
};

class broker {
public:
    virtual ~broker() = default;
    broker(const broker&) = delete;
    broker& operator=(const broker&) = delete;

    /// For messages, without the password: "redis://localhost:6379/0".
    virtual const std::string& name() const noexcept = 0;

    /// Returns when the broker has confirmed that it keeps the message. What is published in one turn of the loop goes out
    /// together.
    virtual task<> publish(std::string_view queue, message what) = 0;
    /// To all workers that listen now; nothing tells whether any did.
    virtual task<> broadcast(question what) = 0;

    // ---- workers

    /// Takes messages of these queues from now on, of which it has at most `prefetch` at a time. Also adds queues.
    virtual task<> consume(std::vector<std::string> queues, std::size_t prefetch) = 0;
    /// Takes no more of this queue; what it has stays with it. Of all queues: when empty.
    virtual task<> stop_consuming(std::string_view queue) = 0;
    /// The next message. *Cancel:* has taken none.
    virtual task<delivery> next() = 0;

    /// It is begun now. False: it was begun `delivery_cap` times, and whoever did is dead: it isn't to be begun again. What only
    /// waited in a worker that died counts nothing. Costs something for what was delivered before, and only then.
    virtual task<bool> begin(delivery& now) = 0;
    /// It is done, and forgotten.
    virtual task<> acknowledge(const delivery& done) = 0;
    /// Another worker may have it, at once.
    virtual task<> give_back(const delivery& taken) = 0;
    /// Nobody can do it: it goes where people look for such, `dead_letters`, with the reason.
    virtual task<> bury(const delivery& hopeless, std::string_view reason) = 0;
    /// It is delivered again at `time`, and until then isn't this worker's. False: this broker can't; keep it.
    virtual task<bool> park(const delivery& early, wall_time time) = 0;

    /// Listens to questions as worker `node`, "name@host".
    virtual task<> listen(std::string node) = 0;
    /// The next question. *Cancel:* has taken none.
    virtual task<question> next_question() = 0;
    /// Asks the others, as one that listens. The first answer, {node: value}; none, when nobody gives one for so long, or it is
    /// known that nobody listens.
    virtual task<std::optional<json::value>> ask(question what, duration patience) = 0;
    /// Goes nowhere where none is wanted.
    virtual task<> answer(const question& to, json::value what) = 0;
    /// Tells monitors: `topic` is "worker.online", "task.multi"; `event` one object or, of "task.multi", an array of them.
    /// Lost when nobody listens.
    virtual task<> emit(std::string_view topic, const json::value& event, std::string_view node) = 0;

    /// Gives back what it has, and ends its connections.
    virtual task<> close() = 0;

    /// How often it has had to connect again.
    virtual std::uint64_t reconnects() const noexcept { return reconnects_; }

protected:
    broker() = default;

    std::uint64_t reconnects_ = 0;
};

/// *Throws:* `error` for a URL of another scheme than `connect_broker` knows.
void check_broker(std::string_view url);
/// By scheme: redis, rediss, unix (Redis at a socket); amqp, amqps, pyamqp (as Celery calls it). Returns when it is connected.
/// *Throws:* what is wrong with the URL; or that there is no broker.
task<std::unique_ptr<broker>> connect_broker(std::string url, broker_options options = {});

} // namespace simul::cluster::detail
