// SPDX-License-Identifier: MIT
#include "outbox.hpp"

#include <simul/cluster/errors.hpp>
#include <simul/run/loop.hpp>
#include <simul/task/timeout.hpp>

#include <fmt/format.h>

#include <chrono>

namespace simul::cluster::amqp {
namespace {

constexpr std::int64_t count_expires_ms = 600'000;

/// All that was under way on the channel fails with it; what RabbitMQ says is how to know whose fault it was.
bool is_too_large(bytes_view body, const channel_closed& why)
{
    const std::string complaint = "message size " + std::to_string(body.size()) + " is larger than ";
    return std::string_view(why.what()).find(complaint) != std::string_view::npos;
}

} // namespace

task<std::shared_ptr<outbox>> outbox::open(upkeep at, std::vector<declared_exchange> exchanges, duration patience)
{
    connection first = co_await connection::open(at.url, at.with);
    std::string name = "amqp://" + first.peer();
    auto made = std::make_shared<outbox>(std::move(at), std::move(exchanges), patience, std::move(name));
    made->start(std::move(first), "publishing");
    co_return held(made);
}

// ---- publishing

task<> outbox::publish(std::string queue, queue_options how, queue_is there, properties of, bytes body)
{
    check_not_over();
    if (!co_await move_on_after(patience_, publish_until_confirmed(queue, how, there, of, body)))
        throw broker_lost(fmt::format("cluster {}: not published for {:g} s{}{}", name_,
                                      std::chrono::duration<double>(patience_).count(), at_.problem.empty() ? "" : ": ",
                                      at_.problem));
}

task<> outbox::publish_until_confirmed(const std::string& queue, const queue_options& how, queue_is there,
                                       const properties& of, bytes_view body)
{
    do {
        while (!is_ready()) {
            if (over_)
                throw closed_error("cluster " + name_ + ": the broker was closed before it confirmed a message");
            co_await ready_.wait();
        }
    } while (!co_await attempt(queue, how, there, of, body));
}

task<bool> outbox::attempt(const std::string& queue, const queue_options& how, queue_is& there, const properties& of,
                           bytes_view body)
{
    bool declaring = there == queue_is::declared;
    try {
        if (declaring)
            co_await jobs_->declare_queue(queue, how);
        declaring = false;
        co_await jobs_->publish("", queue, of, body, {.mandatory = true});
        co_return true;
    } catch (const returned&) {
        if (there == queue_is::optional)
            co_return true;
        there = queue_is::declared;
    } catch (const connection_lost&) {
    } catch (const channel_closed& why) {
        broken_.set();
        if (declaring) // it is there, but otherwise
            throw;
        if (is_too_large(body, why))
            throw limit_exceeded("cluster " + name_ + ": not published: " + why.what());
    }
    co_return false;
}

task<> outbox::tell(std::string exchange, std::string routing_key, properties of, bytes body)
{
    if (!is_ready())
        co_return;
    try {
        co_await news_->publish(exchange, routing_key, of, body);
    } catch (const connection_lost&) {
    } catch (const channel_closed&) {
        broken_.set();
    }
}

// ---- counting

/// As messages in a queue: those that are in it, and one more.
task<std::uint32_t> outbox::count(std::string name)
{
    if (!is_ready())
        co_return 0;
    try {
        const queue_info before = co_await jobs_->declare_queue(name, {.arguments = {{"x-expires", count_expires_ms}}});
        jobs_->publish("", name, {}, "").cancel();
        co_return before.messages + 1;
    } catch (const connection_lost&) {
    } catch (const channel_closed&) {
    }
    co_return 0;
}

void outbox::forget_count(std::string name)
{
    if (is_ready())
        loop::current().launch(forget(shared_from_this(), std::move(name))).detach();
}

task<> outbox::forget(std::shared_ptr<kept_connected>, std::string name)
{
    try {
        co_await jobs_->delete_queue(std::move(name));
    } catch (const error&) { // it expires
    }
}

// ---- its life

/// What was lost a moment ago is not waited for in a circle.
bool outbox::is_ready() noexcept
{
    if (over_)
        return false;
    if (!jobs_ || !jobs_->is_open() || !news_->is_open())
        ready_.clear();
    return ready_.is_set();
}

task<> outbox::use(connection& over)
{
    jobs_ = co_await over.open_channel();
    news_ = co_await over.open_channel();
    for (const declared_exchange& each : exchanges_)
        co_await news_->declare_exchange(each.name, each.type, {.durable = each.durable});
    broken_.clear();
    ready_.set();
    const future<> watching = loop::current().launch(watch(over));
    co_await broken_.wait();
}

task<> outbox::watch(connection& over)
{
    at_.problem = co_await over.lost();
    broken_.set();
}

void outbox::ended() noexcept
{
    jobs_.reset();
    news_.reset();
    ready_.set(); // who waits is told
}

} // namespace simul::cluster::amqp
