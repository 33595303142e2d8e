// SPDX-License-Identifier: MIT
#include "line.hpp"

#include <algorithm>
#include <utility>

namespace simul::db::detail {
namespace {

/// So much is written at once; what is behind it counts as not sent while that waits.
constexpr std::size_t batch_size = 64 * 1024;

} // namespace

redis_line::redis_line(shared_settings to, when_lost then) : to_(std::move(to)), then_(then), home_(loop::current())
{
}

std::shared_ptr<redis_line> redis_line::start(shared_settings to, redis_connection first, when_lost then)
{
    auto made = std::make_shared<redis_line>(std::move(to), then);
    made->life_ = made->home_.launch(made->live(made, std::move(first)));
    made->life_.rename("redis " + made->to_->peer);
    return made;
}

// ---- requests

future<redis_value> redis_line::send(redis_request wanted)
{
    if (executor::current() != &home_)
        throw invalid_state("redis " + wanted.name + ": this client belongs to another loop");
    if (closing_)
        throw closed_error("redis " + wanted.name + ": the client is closed");
    if (over_)
        throw connection_lost("redis " + wanted.name +
                              ": the connection of this session was lost: " + history_.problem);
    const duration limit = wanted.blocking ? duration::zero() : to_->options.command_timeout;
    const time_point deadline = limit > duration::zero() ? deadline_after(home_.now(), limit) : never;
    pending& made = requests_.emplace_back(std::move(wanted), deadline, to_->options.resends);
    if (!unsent_.is_set())
        unsent_.set();
    watch_first();
    return made.answer.get_future();
}

void redis_line::deliver(redis_value reply)
{
    if (reply.type() == redis_value::kind::push)
        return; // nobody asked for it
    if (sent_ == 0)
        throw error(std::errc::bad_message, to_->peer + " sent a reply that nobody asked for");
    pending& first = requests_.front();
    if (first.wanted.replies == 1) {
        first.answer.set_value(std::move(reply));
    } else {
        first.replies.push_back(std::move(reply));
        if (first.replies.size() < first.wanted.replies)
            return;
        first.answer.set_value(redis_value::kind::array, std::move(first.replies));
    }
    requests_.pop_front();
    --sent_;
    if (requests_.empty())
        idle_.set();
    else
        watch_first(); // behind one without a deadline there may be one with
}

// ---- when it takes too long

/// Requests come in the order of their deadlines, so one timer is enough: it looks at the first.
void redis_line::watch_first()
{
    if (watched_ || requests_.empty() || requests_.front().deadline == never)
        return;
    watched_ = true;
    watch_ = home_.call_at(requests_.front().deadline, [this] {
        watched_ = false;
        look_for_overdue();
    });
}

void redis_line::look_for_overdue()
{
    if (!requests_.empty() && requests_.front().deadline <= home_.now()) {
        if (connection_) { // what doesn't answer the first will not answer those behind it
            history_.problem = "no reply in time";
            connection_->abort();
            return;
        }
        while (!requests_.empty() && requests_.front().deadline <= home_.now()) {
            fail(requests_.front(), false);
            requests_.pop_front();
        }
        if (requests_.empty())
            idle_.set();
    }
    watch_first();
}

// ---- its life

task<> redis_line::live(std::shared_ptr<redis_line> self, redis_connection first)
{
    const simul::detail::until_task_ends guard(*self);
    redis_connection connection = std::move(first);
    for (;;) {
        history_.problem.clear();
        connection_ = &connection;
        try {
            co_await connection.talk(read(connection), write(connection));
        } catch (const error& broken) {
            if (history_.problem.empty())
                history_.problem = broken.what();
        }
        connection_ = nullptr;
        lost();
        if (then_ == when_lost::ends)
            co_return;
        connection = co_await redis_connection::open_again(to_, history_);
        std::erase_if(requests_, [](const pending& each) { return each.answer.cancelled(); });
    }
}

task<> redis_line::read(redis_connection& from)
{
    for (;;) {
        while (auto reply = from.take())
            deliver(std::move(*reply));
        co_await from.fetch();
    }
}

task<> redis_line::write(redis_connection& to)
{
    bytes batch;
    for (;;) {
        for (; sent_ < requests_.size() && batch.size() < batch_size; ++sent_) {
            redis_request& next = requests_[sent_].wanted;
            if (next.idempotent)
                batch += next.wire;
            else if (batch.empty())
                batch = std::move(next.wire);
            else
                batch += std::exchange(next.wire, {});
        }
        if (!batch.empty()) {
            co_await to.write(batch);
            batch.clear();
            continue;
        }
        batch = bytes(); // an idle line holds none
        unsent_.clear();
        co_await unsent_.wait();
    }
}

/// What was sent fails, but for what may be sent again; the rest waits.
void redis_line::lost()
{
    std::deque<pending> before = std::exchange(requests_, {});
    for (std::size_t i = 0; i < before.size(); ++i) {
        pending& each = before[i];
        const bool sent = i < sent_;
        const bool may_go_out =
            !sent || (each.wanted.idempotent && each.resends_left-- > 0 && each.deadline > home_.now());
        if (then_ == when_lost::ends || !may_go_out) {
            fail(each, sent);
            continue;
        }
        each.replies.clear();
        requests_.push_back(std::move(each));
    }
    sent_ = 0;
    if (requests_.empty())
        idle_.set();
    watch_first();
}

void redis_line::fail(pending& request, bool sent)
{
    std::string text = "redis " + request.wanted.name + ": ";
    if (request.deadline <= home_.now()) {
        text += (sent ? "no reply from " : "no connection to ") + to_->peer + " in time";
        request.answer.set_error(std::make_exception_ptr(timeout_error(sent ? text : text + ": " + history_.problem)));
        return;
    }
    text += sent ? "the connection was lost before the reply, so it may have been executed: "
                 : "the connection was lost before it was sent: ";
    request.answer.set_error(std::make_exception_ptr(connection_lost(text + history_.problem)));
}

// ---- the end

void redis_line::finish() noexcept
{
    if (std::exchange(over_, true))
        return;
    watch_.cancel();
    for (pending& each : std::exchange(requests_, {}))
        each.answer.set_error(std::make_exception_ptr(
            closed_error("redis " + each.wanted.name + ": the client was closed before the reply")));
    sent_ = 0;
    connection_ = nullptr;
    idle_.set();
}

void redis_line::task_ended() noexcept
{
    finish();
    if (life_.valid())
        life_.detach(); // it is over
}

void redis_line::end() noexcept
{
    closing_ = true;
    finish();
    if (life_.valid())
        life_.cancel();
}

task<> redis_line::close()
{
    closing_ = true;
    while (!over_ && !requests_.empty()) {
        idle_.clear();
        co_await idle_.wait();
    }
    end();
}

} // namespace simul::db::detail
