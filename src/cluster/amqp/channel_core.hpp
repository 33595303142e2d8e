// SPDX-License-Identifier: MIT
//
// A channel behind its handle: what was asked and not answered, published and not confirmed, and who consumes.
//
// | state   | meaning                                            | left by                              |
// |---------|----------------------------------------------------|--------------------------------------|
// | open    | everything goes                                    | the broker's close, ours, a loss     |
// | closing | we have said that it is closed: nothing counts any | the broker's answer, a loss          |
// |         | more but the answer                                |                                      |
// | over    | its number may be used again                       |                                      |
#pragma once

#include "decoder.hpp"
#include "errors.hpp"
#include "method.hpp"
#include "properties.hpp"

#include <simul/base/bytes.hpp>
#include <simul/task/channel.hpp>
#include <simul/task/event.hpp>
#include <simul/task/future.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace simul::cluster::amqp {

class line;

/// Why something is over.
struct ending {
    enum class by : std::uint8_t { us, broker, loss };

    by whom;
    std::string reason;           ///< "404 NOT_FOUND - no queue 'x' in vhost '/'"
    std::uint16_t reply_code = 0; ///< the broker's

    std::exception_ptr error_for(std::string_view operation) const;
};

/// What is behind the handle of a consumer.
struct consumer_core {
    /// `leaving`: its cancel is under way. `dropped`: and nobody wants what comes until then.
    enum class state : std::uint8_t { taking, leaving, dropped, over };

    std::string tag;
    std::string queue;
    bool no_ack;
    state is = state::taking;
    simul::channel<message> waiting{std::numeric_limits<std::size_t>::max()}; ///< bounded by its prefetch
    std::exception_ptr why = nullptr; ///< it is over; null: because we wanted that

    void end(std::exception_ptr reason) noexcept;
};

class channel_core {
public:
    channel_core(line& of, std::uint16_t number) noexcept : line_(of), number_(number) {}
    channel_core(const channel_core&) = delete;
    channel_core& operator=(const channel_core&) = delete;

    // ---- for its handle. *Throws:* what ended the channel.

    /// Sends a method; the future gets the fields of its answer.
    template <class Answer, class Method> future<bytes> ask(std::string operation, const Method& what);
    /// The same, with nobody who waits: when it is refused, so is what comes behind it.
    template <class Answer, class Method> void ask_ahead(std::string operation, const Method& what);
    future<> publish(std::string_view exchange, std::string_view routing_key, const properties& of, bytes_view body,
                     bool mandatory);
    std::shared_ptr<consumer_core> consume(std::string queue, bool no_ack);
    future<bytes> cancel(consumer_core& which);
    void drop(consumer_core& which) noexcept;
    /// What isn't answered needs an open channel only. False: it is gone, and so is what this is about.
    template <class Method> bool tell(const Method& what);

    /// The limit is one for all consumers. To set one for a consumer would lift it.
    void note_limit() noexcept { limited_ = true; }
    bool has_limit() const noexcept { return limited_; }

    bool is_open() const noexcept { return state_ == state::open; }
    /// Publications.
    std::size_t unconfirmed() const noexcept { return unconfirmed_.size(); }
    /// Fails what is under way, and tells the broker.
    void begin_to_close() noexcept;
    /// Set when it is over.
    event& gone() noexcept { return gone_; }

    // ---- for its line

    /// *Throws:* `protocol_error`.
    void receive(std::uint32_t method, bytes_view arguments);
    void receive(message&& what);
    void lost(const ending& why) noexcept;

private:
    enum class state : std::uint8_t { open, closing, over };

    struct question {
        std::string operation;
        std::uint32_t answer;
        promise<bytes> given = {};
    };
    struct publication {
        std::uint64_t route = 0; ///< where it is to go, as `returned` knows it again; 0: wherever
        bool settled = false;
        std::exception_ptr returned = nullptr;
        promise<> confirmed = {};
    };

    void check(std::string_view operation) const;
    void answer(std::uint32_t method, bytes_view arguments);
    void settle(std::uint64_t tag, bool multiple, bool taken);
    void settle(publication& which, bool taken);
    void take_back(message&& what);
    void cancelled_by_broker(std::string_view tag);
    void closed_by_broker(const channel_close& said);
    std::shared_ptr<consumer_core> remove_consumer(std::string_view tag) noexcept;
    void give_back(const message& what);
    void fail_all() noexcept;
    void leave() noexcept;

    line& line_; ///< while it isn't over
    const std::uint16_t number_;
    state state_ = state::open;
    bool limited_ = false;
    ending ending_{ending::by::us, "the channel was closed"};
    std::deque<question> questions_;
    std::deque<publication> unconfirmed_; ///< by their tags, without a gap
    std::uint64_t first_tag_ = 1;         ///< of unconfirmed_
    std::uint64_t returned_up_to_ = 0;    ///< tags: they are returned in order
    std::vector<std::shared_ptr<consumer_core>> consumers_;
    std::uint64_t consumers_made_ = 0;
    event gone_;
};

} // namespace simul::cluster::amqp
