// SPDX-License-Identifier: MIT
#include "channel_core.hpp"

#include "line.hpp"

#include <algorithm>
#include <utility>

namespace simul::cluster::amqp {
namespace {

[[noreturn]] void refuse(const char* what, reply code)
{
    throw protocol_error(std::string("amqp: the broker sent ") + what, static_cast<std::uint16_t>(code));
}

template <class Method> Method read(bytes_view arguments)
{
    Method made;
    if (!read_method(arguments, made))
        refuse("a method that can't be read", reply::syntax_error);
    return made;
}

/// What a message that comes back is known by; not 0.
std::uint64_t route_of(std::string_view exchange, std::string_view routing_key, const properties& of) noexcept
{
    std::uint64_t hash = 14695981039346656037U; // FNV-1a
    for (const std::string_view each :
         {exchange, routing_key, std::string_view(of.message_id), std::string_view(of.correlation_id)}) {
        for (const char c : each)
            hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
        hash = (hash ^ 0xff) * 1099511628211U; // between them
    }
    return hash | 1;
}

} // namespace

std::exception_ptr ending::error_for(std::string_view operation) const
{
    const std::string what = "amqp " + std::string(operation) + ": ";
    switch (whom) {
    case by::us:
        return std::make_exception_ptr(closed_error(what + reason));
    case by::broker:
        return std::make_exception_ptr(channel_closed(std::errc::operation_not_permitted, what + reason, reply_code));
    case by::loss:
        break;
    }
    return std::make_exception_ptr(connection_lost(what + "the connection was lost: " + reason));
}

void consumer_core::end(std::exception_ptr reason) noexcept
{
    if (is == state::over)
        return;
    is = state::over;
    why = std::move(reason);
    waiting.close();
}

// ---- asking

void channel_core::check(std::string_view operation) const
{
    if (state_ != state::open)
        std::rethrow_exception(ending_.error_for(operation));
    line_.check_home(operation);
}

void channel_core::answer(std::uint32_t method, bytes_view arguments)
{
    if (questions_.empty() || questions_.front().answer != method)
        refuse("an answer that nobody asked for", reply::command_invalid);
    questions_.front().given.set_value(arguments);
    questions_.pop_front();
}

// ---- publishing

future<> channel_core::publish(std::string_view exchange, std::string_view routing_key, const properties& of,
                               bytes_view body, bool mandatory)
{
    check("publish");
    bytes& out = line_.outgoing();
    all_or_nothing frames(out);
    write_method(out, number_, basic_publish{exchange, routing_key, mandatory});
    write_content(out, number_, of, body, line_.frame_max());
    publication& made = unconfirmed_.emplace_back();
    frames.is_all();
    line_.wake_for_publication();
    if (mandatory)
        made.route = route_of(exchange, routing_key, of);
    return made.confirmed.get_future();
}

void channel_core::settle(std::uint64_t tag, bool multiple, bool taken)
{
    const std::uint64_t end_tag = first_tag_ + unconfirmed_.size();
    if (multiple && tag == 0)
        tag = end_tag - 1;
    if (tag >= end_tag)
        refuse("a confirmation of what was not published", reply::syntax_error);
    if (tag >= first_tag_) {
        const std::size_t last = static_cast<std::size_t>(tag - first_tag_);
        for (std::size_t i = multiple ? 0 : last; i <= last; ++i)
            settle(unconfirmed_[i], taken);
    }
    for (; !unconfirmed_.empty() && unconfirmed_.front().settled; ++first_tag_)
        unconfirmed_.pop_front();
}

void channel_core::settle(publication& which, bool taken)
{
    if (std::exchange(which.settled, true))
        return;
    if (which.returned)
        which.confirmed.set_error(std::move(which.returned));
    else if (taken)
        which.confirmed.set_value();
    else
        which.confirmed.set_error(std::make_exception_ptr(
            not_confirmed("amqp publish: the broker could not take the message (basic.nack), and may have lost it")));
}

/// The broker returns messages in the order in which they were published, and confirms them afterwards.
void channel_core::take_back(message&& what)
{
    const std::uint64_t route = route_of(what.exchange, what.routing_key, what.properties);
    const std::uint64_t from = std::max(returned_up_to_ + 1, first_tag_);
    for (std::uint64_t tag = from; tag < first_tag_ + unconfirmed_.size(); ++tag) {
        publication& each = unconfirmed_[static_cast<std::size_t>(tag - first_tag_)];
        if (each.route != route || each.settled)
            continue;
        each.returned = std::make_exception_ptr(returned(
            std::errc::no_such_file_or_directory,
            "amqp publish: " + std::to_string(what.reply_code) + ' ' + what.reply_text +
                ": nothing takes messages for \"" + what.routing_key + "\" of the exchange \"" + what.exchange + '"',
            what.reply_code));
        returned_up_to_ = tag;
        return;
    }
}

// ---- consuming

std::shared_ptr<consumer_core> channel_core::consume(std::string queue, bool no_ack)
{
    check("consume " + queue);
    auto made = std::make_shared<consumer_core>(std::to_string(++consumers_made_), std::move(queue), no_ack);
    consumers_.push_back(made);
    return made;
}

std::shared_ptr<consumer_core> channel_core::remove_consumer(std::string_view tag) noexcept
{
    const auto at = std::ranges::find(consumers_, tag, [](const auto& each) { return std::string_view(each->tag); });
    if (at == consumers_.end())
        return nullptr;
    const std::shared_ptr<consumer_core> found = std::move(*at);
    consumers_.erase(at);
    return found;
}

future<bytes> channel_core::cancel(consumer_core& which)
{
    future<bytes> done = ask<basic_cancel_ok>("cancel " + which.queue, basic_cancel{which.tag});
    which.is = consumer_core::state::leaving;
    return done;
}

/// What was delivered and not looked at is for others, and so is what comes until the broker knows.
void channel_core::drop(consumer_core& which) noexcept
{
    if (state_ != state::open)
        return;
    while (std::optional<message> unseen = which.waiting.try_receive())
        if (!which.no_ack)
            give_back(*unseen);
    if (which.is == consumer_core::state::taking)
        ask_ahead<basic_cancel_ok>("cancel " + which.queue, basic_cancel{which.tag});
    if (which.is != consumer_core::state::over)
        which.is = consumer_core::state::dropped;
}

void channel_core::give_back(const message& what)
{
    tell(basic_nack{.tag = what.delivery_tag});
}

void channel_core::cancelled_by_broker(std::string_view tag)
{
    if (const std::shared_ptr<consumer_core> gone = remove_consumer(tag))
        gone->end(std::make_exception_ptr(
            consumer_cancelled("amqp consume " + gone->queue + ": the broker has cancelled it: the queue is gone")));
}

// ---- what comes

void channel_core::receive(message&& what)
{
    if (state_ != state::open)
        return;
    if (what.method == basic_return::id)
        return take_back(std::move(what));
    const auto at = std::ranges::find(consumers_, what.consumer_tag, &consumer_core::tag);
    if (at == consumers_.end())
        refuse("a delivery for a consumer that there isn't", reply::command_invalid);
    consumer_core& to = **at;
    if (to.is != consumer_core::state::dropped)
        to.waiting.try_send(std::move(what));
    else if (!to.no_ack)
        give_back(what);
}

void channel_core::receive(std::uint32_t method, bytes_view arguments)
{
    if (method == channel_close::id)
        return closed_by_broker(read<channel_close>(arguments));
    if (state_ == state::closing) {
        if (method == channel_close_ok::id)
            leave();
        return;
    }
    switch (method) {
    case basic_ack::id: {
        const auto ack = read<basic_ack>(arguments);
        return settle(ack.tag, ack.multiple, true);
    }
    case basic_nack::id: {
        const auto nack = read<basic_nack>(arguments);
        return settle(nack.tag, nack.multiple, false);
    }
    case basic_cancel::id:
        return cancelled_by_broker(read<basic_cancel>(arguments).consumer_tag);
    case basic_cancel_ok::id:
        if (const std::shared_ptr<consumer_core> gone = remove_consumer(read<basic_cancel_ok>(arguments).consumer_tag))
            gone->end(nullptr);
        return answer(method, arguments);
    default:
        return answer(method, arguments);
    }
}

// ---- the end

/// What was delivered and not looked at goes too, for the broker delivers it again.
void channel_core::fail_all() noexcept
{
    for (question& each : std::exchange(questions_, {}))
        each.given.set_error(ending_.error_for(each.operation));
    const std::exception_ptr unknown = unconfirmed_.empty() ? nullptr : ending_.error_for("publish");
    for (publication& each : std::exchange(unconfirmed_, {}))
        if (!each.settled)
            each.confirmed.set_error(each.returned ? each.returned : unknown);
    for (const std::shared_ptr<consumer_core>& each : std::exchange(consumers_, {})) {
        while (!each->no_ack && each->waiting.try_receive()) {
        }
        each->end(ending_.whom == ending::by::us ? nullptr : ending_.error_for("consume " + each->queue));
    }
}

void channel_core::begin_to_close() noexcept
{
    if (state_ != state::open)
        return;
    line_.send(number_, channel_close{.reply_code = static_cast<std::uint16_t>(reply::success)});
    state_ = state::closing;
    fail_all();
}

void channel_core::closed_by_broker(const channel_close& said)
{
    line_.send(number_, channel_close_ok{});
    if (state_ == state::closing)
        return; // it answers ours, too
    ending_ = {ending::by::broker, reason_of(said), said.reply_code};
    state_ = state::closing;
    fail_all();
    leave();
}

void channel_core::lost(const ending& why) noexcept
{
    if (state_ == state::open) {
        ending_ = why;
        state_ = state::closing;
        fail_all();
    }
    state_ = state::over;
    gone_.set();
}

/// May be the end of this object.
void channel_core::leave() noexcept
{
    state_ = state::over;
    gone_.set();
    line_.remove_channel(number_);
}

} // namespace simul::cluster::amqp
