// SPDX-License-Identifier: MIT
#include "connection.hpp"

#include "line.hpp"

#include <simul/base/error.hpp>

#include <exception>

namespace simul::cluster::amqp {
namespace {

/// The fields of an answer that had the right name.
template <class Answer> Answer read(const bytes& arguments, const char* operation)
{
    Answer made;
    if (!read_method(arguments, made))
        throw protocol_error(std::string("amqp ") + operation + ": the broker's answer can't be read",
                             static_cast<std::uint16_t>(reply::syntax_error));
    return made;
}

} // namespace

// ---- consumer

consumer::consumer(std::shared_ptr<channel_core> of, std::shared_ptr<consumer_core> core) noexcept
    : channel_(std::move(of)), core_(std::move(core))
{
}

consumer& consumer::operator=(consumer&& other) noexcept
{
    std::swap(channel_, other.channel_);
    std::swap(core_, other.core_);
    return *this;
}

consumer::~consumer()
{
    if (core_)
        channel_->drop(*core_);
}

task<std::optional<message>> consumer::next()
{
    const std::shared_ptr<consumer_core> core = core_;
    std::optional<message> got = co_await core->waiting.receive();
    if (!got && core->why)
        std::rethrow_exception(core->why);
    co_return got;
}

std::optional<message> consumer::try_next()
{
    std::optional<message> got = core_->waiting.try_receive();
    if (!got && core_->why)
        std::rethrow_exception(core_->why);
    return got;
}

task<> consumer::cancel()
{
    if (core_->is == consumer_core::state::taking)
        co_await channel_->cancel(*core_);
}

// ---- channel

channel::channel(std::shared_ptr<channel_core> core) noexcept : core_(std::move(core))
{
}

channel& channel::operator=(channel&& other) noexcept
{
    std::swap(core_, other.core_);
    return *this;
}

channel::~channel()
{
    if (core_)
        core_->begin_to_close();
}

channel_core& channel::core() const
{
    if (!core_) [[unlikely]]
        throw closed_error("amqp: this channel was moved from");
    return *core_;
}

task<> channel::declare_exchange(std::string name, std::string type, exchange_options how)
{
    const exchange_declare method{.exchange = name,
                                  .type = type,
                                  .passive = how.passive,
                                  .durable = how.durable,
                                  .auto_delete = how.auto_delete,
                                  .internal = how.internal,
                                  .arguments = std::move(how.arguments)};
    co_await core().ask<exchange_declare_ok>("declare exchange " + name, method);
}

task<> channel::delete_exchange(std::string name, delete_options when)
{
    co_await core().ask<exchange_delete_ok>("delete exchange " + name, exchange_delete{name, when.if_unused});
}

task<queue_info> channel::declare_queue(std::string name, queue_options how)
{
    const queue_declare method{.queue = name,
                               .passive = how.passive,
                               .durable = how.durable,
                               .exclusive = how.exclusive,
                               .auto_delete = how.auto_delete,
                               .arguments = std::move(how.arguments)};
    const bytes answer = co_await core().ask<queue_declare_ok>("declare queue " + name, method);
    const auto made = read<queue_declare_ok>(answer, "declare queue");
    co_return queue_info{std::string(made.queue), made.messages, made.consumers};
}

task<> channel::bind_queue(std::string queue, std::string exchange, std::string routing_key, table arguments)
{
    const queue_bind method{queue, exchange, routing_key, false, std::move(arguments)};
    co_await core().ask<queue_bind_ok>("bind queue " + queue, method);
}

task<> channel::unbind_queue(std::string queue, std::string exchange, std::string routing_key, table arguments)
{
    const queue_unbind method{queue, exchange, routing_key, std::move(arguments)};
    co_await core().ask<queue_unbind_ok>("unbind queue " + queue, method);
}

task<std::uint32_t> channel::purge_queue(std::string name)
{
    const bytes answer = co_await core().ask<queue_purge_ok>("purge queue " + name, queue_purge{name});
    co_return read<queue_purge_ok>(answer, "purge queue").messages;
}

task<std::uint32_t> channel::delete_queue(std::string name, delete_options when)
{
    const queue_delete method{name, when.if_unused, when.if_empty};
    const bytes answer = co_await core().ask<queue_delete_ok>("delete queue " + name, method);
    co_return read<queue_delete_ok>(answer, "delete queue").messages;
}

future<> channel::publish(std::string_view exchange, std::string_view routing_key, const properties& of,
                          bytes_view body, publish_options how)
{
    return core().publish(exchange, routing_key, of, body, how.mandatory);
}

task<consumer> channel::consume(std::string queue, consume_options how)
{
    channel_core& on = core();
    consumer made(core_, on.consume(queue, how.no_ack));
    if (!on.has_limit())
        on.ask_ahead<basic_qos_ok>("consume " + queue, basic_qos{.prefetch_count = how.prefetch});
    const basic_consume method{.queue = queue,
                               .consumer_tag = made.core_->tag,
                               .no_ack = how.no_ack,
                               .exclusive = how.exclusive,
                               .arguments = std::move(how.arguments)};
    co_await on.ask<basic_consume_ok>("consume " + queue, method);
    co_return made;
}

task<> channel::limit(std::uint16_t prefetch)
{
    core().note_limit();
    co_await core().ask<basic_qos_ok>("set prefetch", basic_qos{.prefetch_count = prefetch, .global = true});
}

bool channel::acknowledge(std::uint64_t tag)
{
    return core().tell(basic_ack{tag});
}

bool channel::acknowledge_up_to(std::uint64_t tag)
{
    return core().tell(basic_ack{tag, true});
}

bool channel::give_back(std::uint64_t tag)
{
    return core().tell(basic_nack{.tag = tag});
}

bool channel::reject(std::uint64_t tag)
{
    return core().tell(basic_nack{.tag = tag, .requeue = false});
}

bool channel::is_open() const noexcept
{
    return core_ && core_->is_open();
}

task<> channel::gone()
{
    const std::shared_ptr<channel_core> core = core_;
    co_await core->gone().wait();
}

task<> channel::close()
{
    const std::shared_ptr<channel_core> core = core_;
    if (!core)
        co_return;
    core->begin_to_close();
    co_await core->gone().wait();
}

// ---- connection

connection::connection(std::shared_ptr<line> core) noexcept : core_(std::move(core))
{
}

connection& connection::operator=(connection&& other) noexcept
{
    std::swap(core_, other.core_);
    return *this;
}

connection::~connection()
{
    if (core_)
        core_->end();
}

line& connection::core() const
{
    if (!core_) [[unlikely]]
        throw closed_error("amqp: this connection was moved from");
    return *core_;
}

task<connection> connection::open(std::string url, options with)
{
    const shared_settings to = read_settings(url, std::move(with));
    co_return connection(line::start(to, co_await link::open(to)));
}

task<channel> connection::open_channel()
{
    channel made(core().add_channel());
    made.core_->ask_ahead<channel_open_ok>("open a channel", channel_open{});
    co_await made.core_->ask<confirm_select_ok>("open a channel", confirm_select{});
    co_return made;
}

task<> connection::room()
{
    const std::shared_ptr<line> core = core_;
    co_await core->room().wait();
}

const std::string& connection::blocked() const
{
    return core().blocked();
}

bool connection::is_open() const noexcept
{
    return core_ && !core_->is_over();
}

task<std::string> connection::lost()
{
    const std::shared_ptr<line> core = core_;
    co_await core->gone().wait();
    co_return core->why().reason;
}

const std::string& connection::peer() const
{
    return core().peer();
}

task<> connection::close()
{
    const std::shared_ptr<line> core = core_;
    if (core)
        co_await core->close();
}

} // namespace simul::cluster::amqp
