// SPDX-License-Identifier: MIT
#include "line.hpp"

#include <simul/task/this_task.hpp>
#include <simul/task/timeout.hpp>

#include <algorithm>
#include <exception>
#include <utility>

namespace simul::cluster::amqp {
namespace {

/// More than this is not to wait to be sent.
constexpr std::size_t enough_outgoing = 1024 * 1024;
/// Memory that an idle line keeps for the next turn's frames.
constexpr std::size_t kept = 64 * 1024;
/// While more publications than this are sent and not confirmed, what is to be written waits for what else comes: a broker
/// that wakes up for one message spends more on waking up than on the message.
constexpr std::size_t few_unconfirmed = 4;
constexpr duration wait_for_more = std::chrono::milliseconds(2);
constexpr int beats_of_the_dead = 4;
constexpr duration closing_time = std::chrono::seconds(5);

task<> wait_for(event& what)
{
    co_await what.wait();
}

} // namespace

line::line(shared_settings to, link first) : to_(std::move(to)), home_(loop::current()), link_(std::move(first))
{
    room_.set();
}

std::shared_ptr<line> line::start(shared_settings to, link first)
{
    auto made = std::make_shared<line>(std::move(to), std::move(first));
    made->life_ = made->home_.launch(made->live(made));
    made->life_.rename("amqp " + made->to_->peer);
    made->begin_to_beat();
    return made;
}

// ---- channels

void line::check_home(std::string_view operation) const
{
    if (executor::current() != &home_)
        throw invalid_state("amqp " + std::string(operation) + ": this connection belongs to another loop");
}

std::shared_ptr<channel_core> line::add_channel()
{
    check_home("open a channel");
    if (over_ || closing_)
        std::rethrow_exception(ending_.error_for("open a channel"));
    auto free = std::ranges::find(channels_, nullptr);
    if (free == channels_.end()) {
        if (channels_.size() == link_.channel_max())
            throw error(std::errc::too_many_links, "amqp open a channel: " + to_->peer + " allows " +
                                                       std::to_string(link_.channel_max()) + ", and they are in use");
        free = channels_.emplace(free);
    }
    *free = std::make_shared<channel_core>(*this, static_cast<std::uint16_t>(free - channels_.begin() + 1));
    return *free;
}

/// Of what has come.
channel_core& line::channel()
{
    const std::size_t number = link_.got().channel();
    if (number == 0 || number > channels_.size() || !channels_[number - 1])
        throw protocol_error("amqp: " + to_->peer + " sent something on a channel that is not open",
                             static_cast<std::uint16_t>(reply::channel_error));
    return *channels_[number - 1];
}

void line::wake_for_publication() noexcept
{
    ++unsent_publications_;
    wake();
}

void line::wake() noexcept
{
    spoken_ = true;
    if (!unsent_.is_set())
        unsent_.set();
    update_room();
}

void line::update_room() noexcept
{
    const bool is_room = over_ || (outgoing_.size() < enough_outgoing && blocked_.empty());
    if (is_room == room_.is_set())
        return;
    if (is_room)
        room_.set();
    else
        room_.clear();
}

// ---- its life

task<> line::live(std::shared_ptr<line> self)
{
    const simul::detail::until_task_ends guard(*self);
    try {
        co_await simul::detail::talk(link_.peer(), read(), write());
    } catch (const error& broken) {
        if (problem_.empty())
            problem_ = broken.what();
    }
    finish({ending::by::loss, problem_});
}

task<> line::read()
{
    std::exception_ptr why;
    bytes goodbye;
    try {
        co_await read_on();
    } catch (const refused&) {
        why = std::current_exception();
        write_method(goodbye, 0, connection_close_ok{});
    } catch (const protocol_error& wrong) {
        why = std::current_exception();
        write_method(goodbye, 0, connection_close{.reply_code = wrong.reply_code(), .reply_text = "protocol error"});
    }
    co_await link_.write_at_last(std::move(goodbye));
    std::rethrow_exception(why);
}

/// Ends by an exception only.
task<> line::read_on()
{
    for (;;) {
        for (decoder::event what{}; (what = link_.next()) != decoder::event::starved;)
            handle(what);
        co_await link_.fetch();
        silence_ = 0;
    }
}

task<> line::write()
{
    bytes batch;
    for (;;) {
        if (outgoing_.empty()) {
            if (batch.capacity() > kept)
                batch = bytes();
            unsent_.clear();
            co_await unsent_.wait();
            continue;
        }
        if (is_busy() && outgoing_.size() < kept)
            co_await sleep(wait_for_more);
        batch.swap(outgoing_);
        unsent_publications_ = 0;
        update_room();
        co_await link_.write(batch);
        batch.clear();
    }
}

bool line::is_busy() const noexcept
{
    std::size_t unconfirmed = 0;
    for (const std::shared_ptr<channel_core>& each : channels_)
        unconfirmed += each ? each->unconfirmed() : 0;
    return unconfirmed > few_unconfirmed + unsent_publications_;
}

void line::handle(decoder::event what)
{
    if (what == decoder::event::message)
        channel().receive(std::move(link_.got().message()));
    else if (what == decoder::event::method)
        handle_method();
}

void line::handle_method()
{
    const decoder& got = link_.got();
    if (got.channel() == 0)
        return handle_own_method();
    if (class_of(got.method()) == connection_class)
        throw protocol_error("amqp: " + to_->peer + " sent a connection's method on a channel",
                             static_cast<std::uint16_t>(reply::command_invalid));
    channel().receive(got.method(), got.arguments());
}

void line::handle_own_method()
{
    const decoder& got = link_.got();
    switch (got.method()) {
    case connection_close::id: {
        connection_close said;
        static_cast<void>(read_method(got.arguments(), said)); // it closes, whatever it says
        throw refused(std::errc::connection_reset, to_->peer + " closed the connection: " + reason_of(said),
                      said.reply_code);
    }
    case connection_close_ok::id:
        throw end_of_stream(to_->peer + " closed the connection");
    case connection_blocked::id: {
        connection_blocked said;
        static_cast<void>(read_method(got.arguments(), said));
        blocked_ = said.reason.empty() ? "blocked" : said.reason;
        return update_room();
    }
    case connection_unblocked::id:
        blocked_.clear();
        return update_room();
    default:
        throw protocol_error("amqp: " + to_->peer + " sent a method that nobody asked for",
                             static_cast<std::uint16_t>(reply::command_invalid));
    }
}

// ---- heartbeats

void line::begin_to_beat()
{
    if (link_.heartbeat() > std::chrono::seconds::zero())
        beat_ = home_.call_later(std::chrono::milliseconds(link_.heartbeat()) / 2, [this] { beat(); });
}

/// Twice in a heartbeat's time. Beats are counted, not hours: a process that was stopped for a while has not heard
/// anything in that time, and its peer may be well.
void line::beat()
{
    if (++silence_ > beats_of_the_dead) {
        problem_ = to_->peer + " has been silent for " + std::to_string(2 * link_.heartbeat().count()) + " s";
        link_.peer().abort();
        return;
    }
    if (!std::exchange(spoken_, false)) {
        write_heartbeat(outgoing_);
        unsent_.set();
    }
    begin_to_beat();
}

// ---- the end

void line::finish(ending why) noexcept
{
    if (std::exchange(over_, true))
        return;
    if (!closing_)
        ending_ = std::move(why);
    beat_.cancel();
    for (const std::shared_ptr<channel_core>& each : std::exchange(channels_, {}))
        if (each)
            each->lost(ending_);
    update_room();
    gone_.set();
}

void line::task_ended() noexcept
{
    finish({ending::by::us, "the connection was closed"});
    if (life_.valid())
        life_.detach(); // it is over
}

void line::end() noexcept
{
    closing_ = true;
    finish({ending::by::us, "the connection was closed"});
    if (life_.valid())
        life_.cancel();
}

task<> line::close()
{
    if (!over_ && !std::exchange(closing_, true)) {
        send(0, connection_close{.reply_code = static_cast<std::uint16_t>(reply::success)});
        co_await move_on_after(closing_time, wait_for(gone_));
    }
    end();
}

} // namespace simul::cluster::amqp
