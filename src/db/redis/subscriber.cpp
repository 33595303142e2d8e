// SPDX-License-Identifier: MIT
#include "subscriber.hpp"

#include <simul/run/loop.hpp>
#include <simul/task/timeout.hpp>

#include <utility>

namespace simul::db::detail {
namespace {

constexpr const char* command_name(redis_subscriber::change what, redis_subscriber::names of) noexcept
{
    if (of == redis_subscriber::names::of_channels)
        return what == redis_subscriber::change::add ? "SUBSCRIBE" : "UNSUBSCRIBE";
    return what == redis_subscriber::change::add ? "PSUBSCRIBE" : "PUNSUBSCRIBE";
}

task<> wait_for(future<> done)
{
    co_await std::move(done);
}

} // namespace

std::shared_ptr<redis_subscriber> redis_subscriber::start(shared_settings to, redis_connection first)
{
    auto made = std::make_shared<redis_subscriber>(std::move(to));
    made->life_ = loop::current().launch(made->live(made, std::move(first)));
    made->life_.rename("redis subscription of " + made->to_->peer);
    return made;
}

task<> redis_subscriber::apply(change what, names of, std::vector<std::string> which)
{
    const std::string name = command_name(what, of);
    if (over_)
        throw closed_error("redis " + name + ": the subscription is closed");
    if (which.empty())
        co_return;
    for (const std::string& each : which)
        if (what == change::add)
            wanted(of).insert(each);
        else
            wanted(of).erase(each);
    confirmation& expected = confirmations_.emplace_back(which.size());
    future<> done = expected.waiting.emplace_back().get_future();
    if (connected_) {
        write_command(outgoing_, name, which);
        unsent_.set();
    }
    const duration limit = to_->options.command_timeout;
    try {
        if (limit == duration::zero())
            co_await std::move(done);
        else if (!co_await move_on_after(limit, wait_for(std::move(done))))
            throw timeout_error("redis " + name + ": no reply from " + to_->peer + " in time");
    } catch (const redis_error& refused) {
        for (const std::string& each : which)
            wanted(of).erase(each);
        throw redis_error(name, refused.reply());
    }
}

task<std::optional<redis_message>> redis_subscriber::next()
{
    std::optional<item> got = co_await messages_.receive();
    if (!got)
        co_return std::nullopt;
    if (const auto* const failed = std::get_if<std::exception_ptr>(&*got))
        std::rethrow_exception(*failed);
    co_return std::get<redis_message>(std::move(*got));
}

// ---- its life

task<> redis_subscriber::live(std::shared_ptr<redis_subscriber> self, redis_connection first)
{
    const simul::detail::until_task_ends guard(*self);
    redis_connection connection = std::move(first);
    redis_connection::history attempts;
    for (;;) {
        std::exception_ptr final;
        try {
            co_await connection.talk(read(connection), write(connection));
        } catch (const redis_error&) {
            final = std::current_exception();
        } catch (const error& broken) {
            problem_ = broken.what();
        }
        connected_ = false;
        if (final) {
            co_await messages_.send(std::move(final));
            co_return;
        }
        connection = co_await redis_connection::open_again(to_, attempts);
        subscribe_again();
    }
}

task<> redis_subscriber::read(redis_connection& from)
{
    for (;;) {
        while (auto frame = from.take())
            co_await handle(std::move(*frame));
        co_await from.fetch();
    }
}

task<> redis_subscriber::write(redis_connection& to)
{
    for (;;) {
        if (!outgoing_.empty()) {
            co_await to.write(std::exchange(outgoing_, {}));
            continue;
        }
        unsent_.clear();
        co_await unsent_.wait();
    }
}

void redis_subscriber::subscribe_again()
{
    confirmation all{.missing = channels_.size() + patterns_.size(), .after_loss = true};
    for (confirmation& each : confirmations_)
        for (promise<>& waiting : each.waiting)
            all.waiting.push_back(std::move(waiting));
    confirmations_.clear();
    outgoing_.clear();
    for (const names of : {names::of_channels, names::patterns})
        if (!wanted(of).empty())
            write_command(outgoing_, command_name(change::add, of), wanted(of));
    connected_ = true;
    confirmations_.push_back(std::move(all));
    unsent_.set();
}

task<> redis_subscriber::handle(redis_value frame)
{
    if (frame.is_error())
        co_return refused(std::string(frame.text()));
    std::vector<redis_value>& items = frame.items();
    const std::string_view what = items.empty() ? std::string_view() : items[0].text();
    if (what == "message" && items.size() == 3) {
        co_await messages_.send(
            redis_message{std::move(items[1]).as<std::string>(), std::move(items[2]).as<std::string>(), {}});
    } else if (what == "pmessage" && items.size() == 4) {
        co_await messages_.send(redis_message{std::move(items[2]).as<std::string>(),
                                              std::move(items[3]).as<std::string>(),
                                              std::move(items[1]).as<std::string>()});
    } else if (what.ends_with("subscribe") && !confirmations_.empty()) {
        confirmation& first = confirmations_.front();
        if (first.missing > 0 && --first.missing > 0)
            co_return;
        const bool after_loss = first.after_loss;
        for (promise<>& each : first.waiting)
            each.set_value();
        confirmations_.pop_front();
        if (after_loss)
            co_await messages_.send(std::make_exception_ptr(connection_lost(
                "redis: the connection of this subscription was lost, and messages may have been missed: " +
                problem_)));
    }
}

/// The server refuses what was to be confirmed next.
void redis_subscriber::refused(std::string why)
{
    if (confirmations_.empty() || confirmations_.front().after_loss)
        throw redis_error("SUBSCRIBE", std::move(why));
    for (promise<>& each : confirmations_.front().waiting)
        each.set_error(std::make_exception_ptr(redis_error("SUBSCRIBE", why)));
    confirmations_.pop_front();
}

// ---- the end

void redis_subscriber::finish() noexcept
{
    if (std::exchange(over_, true))
        return;
    for (confirmation& each : std::exchange(confirmations_, {}))
        for (promise<>& waiting : each.waiting)
            waiting.set_error(std::make_exception_ptr(closed_error("redis: the subscription was closed")));
    messages_.close();
}

void redis_subscriber::task_ended() noexcept
{
    finish();
    if (life_.valid())
        life_.detach(); // it is over
}

void redis_subscriber::end() noexcept
{
    finish();
    if (life_.valid())
        life_.cancel();
}

} // namespace simul::db::detail
