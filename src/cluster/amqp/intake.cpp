// SPDX-License-Identifier: MIT
#include "intake.hpp"

#include <simul/run/loop.hpp>
#include <simul/task/this_task.hpp>

#include <algorithm>
#include <bit>
#include <chrono>
#include <utility>

namespace simul::cluster::amqp {
namespace {

constexpr std::size_t most_ahead = std::numeric_limits<std::uint16_t>::max();
constexpr duration pace_taken_over = std::chrono::milliseconds(20);
constexpr std::size_t few = 8; // in that time

} // namespace

intake::intake(upkeep at, prefetch_is meant, std::string name)
    : kept_connected(std::move(at), std::move(name)), meant_(meant)
{
}

std::shared_ptr<intake> intake::start(upkeep at, prefetch_is meant, std::string name)
{
    auto made = std::make_shared<intake>(std::move(at), meant, std::move(name));
    made->kept_connected::start(std::nullopt, "consuming");
    return held(made);
}

// ---- what is wanted

task<> intake::consume(std::vector<source> from, std::size_t prefetch)
{
    check_not_over();
    prefetch_ = std::min(prefetch, most_ahead);
    for (source& each : from) {
        const auto same = std::ranges::find(feeds_, each.queue, [](const auto& f) { return f->from.queue; });
        if (same == feeds_.end())
            feeds_.push_back(std::make_unique<feed>(std::move(each)));
        else
            (*same)->wanted = true;
    }
    changed_.set();
    while (!over_ && !is_settled())
        co_await settled_.wait();
    for (const auto& each : feeds_)
        if (each->refused) {
            const std::exception_ptr why = each->refused;
            std::erase_if(feeds_, [](const auto& f) { return f->refused != nullptr; });
            std::rethrow_exception(why);
        }
}

task<> intake::stop(std::string queue)
{
    for (const auto& each : feeds_)
        if (queue.empty() || each->from.queue == queue)
            each->wanted = false;
    changed_.set();
    while (!over_ && channel_ && !is_settled())
        co_await settled_.wait();
}

bool intake::is_settled() const noexcept
{
    return std::ranges::all_of(feeds_, [this](const auto& each) {
        return each->refused || (channel_ && each->wanted == each->has.has_value());
    });
}

task<taken> intake::next()
{
    for (;;) {
        std::optional<taken> got = co_await out_.receive();
        if (!got)
            throw closed_error("cluster " + name_ + ": the broker is closed");
        if (got->epoch == epoch_)
            co_return std::move(*got);
        // It is delivered again.
    }
}

// ---- answers

channel* intake::current(std::uint64_t epoch) noexcept
{
    return epoch == epoch_ ? channel_ : nullptr;
}

bool intake::acknowledge(std::uint64_t epoch, std::uint64_t tag)
{
    channel* const on = current(epoch);
    if (!on || !on->acknowledge(tag))
        return false;
    ++acknowledged_;
    acknowledging_.set();
    return true;
}

void intake::give_back(std::uint64_t epoch, std::uint64_t tag)
{
    if (channel* const on = current(epoch))
        on->give_back(tag);
}

// ---- its life

task<> intake::use(connection& over)
{
    while (over.is_open()) {
        channel on = co_await over.open_channel();
        channel_ = &on;
        ++epoch_;
        limited_to_ = ahead_ = 0;
        std::exception_ptr why;
        try {
            co_await serve(on);
        } catch (const channel_closed& closed) {
            at_.problem = closed.what();
        } catch (...) {
            why = std::current_exception();
        }
        forget_epoch();
        if (why)
            std::rethrow_exception(why);
    }
}

/// Until the channel ends.
task<> intake::serve(channel& on)
{
    const future<> watching = loop::current().launch(watch(on));
    const future<> following = loop::current().launch(follow_pace());
    while (on.is_open()) {
        changed_.clear();
        co_await adjust(on);
        settled_.set();
        settled_.clear();
        co_await changed_.wait();
    }
}

task<> intake::watch(channel& on)
{
    co_await on.gone();
    changed_.set();
}

/// What is done faster than more can come has to be taken further ahead: as much as was done in such a time just now.
task<> intake::follow_pace()
{
    for (;;) {
        co_await acknowledging_.wait();
        acknowledged_ = 0;
        co_await sleep(pace_taken_over);
        const std::size_t before = std::exchange(ahead_, acknowledged_ < few ? 0 : std::bit_floor(acknowledged_));
        if (ahead_ == 0)
            acknowledging_.clear();
        if (ahead_ != before)
            changed_.set();
    }
}

std::size_t intake::limit() const noexcept
{
    return prefetch_ == 0 ? 0 : std::min(prefetch_ + ahead_, most_ahead);
}

task<> intake::adjust(channel& on)
{
    if (meant_ == prefetch_is::of_all && limited_to_ != limit()) {
        limited_to_ = limit();
        co_await on.limit(static_cast<std::uint16_t>(limited_to_));
    }
    for (std::size_t i = 0; i < feeds_.size(); ++i) {
        feed& each = *feeds_[i];
        if (each.wanted && !each.has && !each.refused)
            co_await begin(on, each);
        else if (!each.wanted && each.has)
            co_await each.has->cancel();
        if (!each.wanted && each.has && each.pump.done())
            each.has.reset();
    }
}

task<> intake::begin(channel& on, feed& what)
{
    const source& from = what.from;
    try {
        co_await on.declare_queue(from.queue, from.how);
        if (!from.exchange.empty()) {
            co_await on.declare_exchange(from.exchange, from.exchange_type);
            co_await on.bind_queue(from.queue, from.exchange, from.routing_key);
        }
        const std::size_t own = meant_ == prefetch_is::of_each ? prefetch_ : 0;
        what.has =
            co_await on.consume(from.queue, {.prefetch = static_cast<std::uint16_t>(own), .no_ack = from.no_ack});
    } catch (const channel_closed&) {
        if (!what.proven)
            what.refused = std::current_exception();
        throw;
    }
    what.proven = true;
    what.pump = loop::current().launch(pump(what, epoch_));
}

task<> intake::pump(feed& what, std::uint64_t epoch)
{
    try {
        while (std::optional<message> got = co_await what.has->next())
            out_.try_send({std::move(*got), what.from.queue, epoch});
    } catch (const consumer_cancelled&) {
        what.has.reset();    // and declared again
    } catch (const error&) { // the channel is gone
    }
    changed_.set();
}

/// What comes out from now on is delivered again.
void intake::forget_epoch() noexcept
{
    channel_ = nullptr;
    ++epoch_;
    for (const auto& each : feeds_) {
        each->pump = {};
        each->has.reset();
    }
    settled_.set(); // somebody may have been refused
    settled_.clear();
}

void intake::ended() noexcept
{
    channel_ = nullptr;
    if (!out_.closed())
        out_.close();
    settled_.set();
}

} // namespace simul::cluster::amqp
