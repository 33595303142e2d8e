// SPDX-License-Identifier: MIT
#include "decoder.hpp"

#include <algorithm>
#include <utility>

namespace simul::cluster::amqp {
namespace {

/// Room for so much is made before it has come.
constexpr std::uint64_t most_reserved = 1 << 20;
/// Messages under way on different channels.
constexpr std::size_t most_at_once = 64;

} // namespace

bool decoder::fail(reply code, const char* why) noexcept
{
    reply_ = code;
    why_ = why;
    return false;
}

decoder::found decoder::next(bytes_view input)
{
    bytes_view rest = input;
    frame_type type{};
    bytes_view payload;
    bool found_one = false;
    while (!why_ && !found_one && take_frame(rest, type, payload))
        found_one = handle(type, payload);
    const std::size_t used = input.size() - rest.size();
    return {why_ ? event::failed : found_one ? what_ : event::starved, used};
}

bool decoder::take_frame(bytes_view& input, frame_type& type, bytes_view& payload)
{
    if (input.size() >= 4 && input.starts_with(protocol_header.substr(0, 4)))
        return fail(reply::frame_error, "the name of another version of AMQP");
    std::uint8_t type_octet = 0;
    std::uint32_t size = 0;
    reader head(input);
    head(type_octet, channel_, size);
    if (head.why())
        return false;
    if (size > limits_.frame_max - frame_overhead)
        return fail(reply::frame_error, "a frame that is too large, or is no frame of AMQP's");
    if (input.size() < size + frame_overhead)
        return false;
    if (input[frame_head + size] != frame_end)
        return fail(reply::frame_error, "a frame that doesn't end where it says");
    type = static_cast<frame_type>(type_octet);
    payload = input.substr(frame_head, size);
    input.remove_prefix(size + frame_overhead);
    return true;
}

bool decoder::handle(frame_type type, bytes_view payload)
{
    switch (type) {
    case frame_type::method:
        return handle_method(payload);
    case frame_type::header:
        return handle_header(payload);
    case frame_type::body:
        return handle_body(payload);
    case frame_type::heartbeat:
        if (channel_ != 0 || !payload.empty())
            return fail(reply::frame_error, "a heartbeat that says something");
        what_ = event::heartbeat;
        return true;
    }
    return fail(reply::frame_error, "a frame of unknown type");
}

decoder::assembly* decoder::under_way() noexcept
{
    const auto at = std::ranges::find(assemblies_, channel_, &assembly::channel);
    return at == assemblies_.end() ? nullptr : &*at;
}

bool decoder::handle_method(bytes_view payload)
{
    if (under_way())
        return fail(reply::unexpected_frame, "a method inside a message");
    reader in(payload);
    in(method_);
    if (in.why())
        return fail(reply::frame_error, "a method without a name");
    arguments_ = in.rest();
    if (method_ == basic_deliver::id)
        return begin_delivery();
    if (method_ == basic_return::id)
        return begin_return();
    if (method_ == basic_publish::id)
        return begin_publication();
    what_ = event::method;
    return true;
}

/// Null: one too many.
message* decoder::begin_message()
{
    if (assemblies_.size() == most_at_once) {
        fail(reply::unexpected_frame, "too many messages at once");
        return nullptr;
    }
    amqp::message& made = assemblies_.emplace_back(channel_).made;
    made.method = method_;
    return &made;
}

bool decoder::begin_delivery()
{
    basic_deliver method;
    if (!read_method(arguments_, method))
        return fail(reply::syntax_error, "a delivery that can't be read");
    amqp::message* const made = begin_message();
    if (!made)
        return false;
    made->consumer_tag = method.consumer_tag;
    made->delivery_tag = method.delivery_tag;
    made->redelivered = method.redelivered;
    made->exchange = method.exchange;
    made->routing_key = method.routing_key;
    return false;
}

bool decoder::begin_return()
{
    basic_return method;
    if (!read_method(arguments_, method))
        return fail(reply::syntax_error, "a returned message that can't be read");
    amqp::message* const made = begin_message();
    if (!made)
        return false;
    made->reply_code = method.reply_code;
    made->reply_text = method.reply_text;
    made->exchange = method.exchange;
    made->routing_key = method.routing_key;
    return false;
}

bool decoder::begin_publication()
{
    basic_publish method;
    if (!read_method(arguments_, method))
        return fail(reply::syntax_error, "a publication that can't be read");
    amqp::message* const made = begin_message();
    if (!made)
        return false;
    made->exchange = method.exchange;
    made->routing_key = method.routing_key;
    return false;
}

bool decoder::handle_header(bytes_view payload)
{
    assembly* const of = under_way();
    if (!of || of->has_header)
        return fail(reply::unexpected_frame, "a header without a message");
    content_header header;
    if (!read(payload, limits_.tables, header))
        return fail(reply::syntax_error, "a header that can't be read");
    of->has_header = true;
    of->body_left = header.body_size;
    of->drops_body = header.body_size > limits_.body;
    of->made.properties = std::move(header.properties);
    of->made.unreadable = of->drops_body ? "a body that is too large" : header.unreadable;
    if (!of->drops_body)
        of->made.body.reserve(static_cast<std::size_t>(std::min(header.body_size, most_reserved)));
    return complete_if_whole(*of);
}

bool decoder::handle_body(bytes_view payload)
{
    assembly* const of = under_way();
    if (!of || !of->has_header)
        return fail(reply::unexpected_frame, "a body without a message");
    if (payload.size() > of->body_left)
        return fail(reply::frame_error, "a body that is longer than it says");
    of->body_left -= payload.size();
    if (!of->drops_body)
        of->made.body.append(payload);
    return complete_if_whole(*of);
}

bool decoder::complete_if_whole(assembly& of)
{
    if (of.body_left > 0)
        return false;
    message_ = std::move(of.made);
    assemblies_.erase(assemblies_.begin() + (&of - assemblies_.data()));
    what_ = event::message;
    return true;
}

} // namespace simul::cluster::amqp
