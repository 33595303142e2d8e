// SPDX-License-Identifier: MIT
#include "link.hpp"

#include <simul/base/version.hpp>
#include <simul/io/tcp.hpp>
#include <simul/task/timeout.hpp>

#include <algorithm>
#include <limits>

namespace simul::cluster::amqp {
namespace {

constexpr std::uint16_t most_channels = 2047;
/// From this on a write waits until all is handed to the system, which saves a copy.
constexpr std::size_t large = 64 * 1024;
constexpr duration goodbye_time = std::chrono::seconds(1);

/// The smaller of two limits, of which 0 is none.
template <class Number> Number lower(Number ours, Number theirs) noexcept
{
    return ours == 0 || theirs == 0 ? std::max(ours, theirs) : std::min(ours, theirs);
}

bool offers(bytes_view mechanisms, std::string_view wanted)
{
    const bytes padded = ' ' + bytes(mechanisms) + ' ';
    return padded.find(' ' + std::string(wanted) + ' ') != bytes::npos;
}

} // namespace

link::link(shared_settings to) : to_(std::move(to)), decoder_(limits{.body = to_->options.body})
{
}

task<link> link::open(shared_settings to)
{
    link made(to);
    const auto all = [](link& connection) -> task<> {
        co_await connection.reach();
        co_await connection.log_in();
    };
    const duration limit = to->options.connect_timeout;
    if (limit == duration::zero())
        co_await all(made);
    else if (!co_await move_on_after(limit, all(made)))
        throw timeout_error("amqp: connecting to " + to->peer + " took too long");
    co_return made;
}

task<> link::reach()
{
    peer_ = co_await tcp::connect(to_->host, to_->port);
    if (to_->tls)
        peer_ = co_await tls::start_tls(std::move(peer_), to_->host, *to_->tls);
}

decoder::event link::next()
{
    peer_.consume(std::exchange(used_, 0));
    const auto [what, used] = decoder_.next(peer_.buffered());
    used_ = used;
    if (what == decoder::event::failed)
        throw protocol_error("amqp: " + to_->peer + " sent " + decoder_.why(),
                             static_cast<std::uint16_t>(decoder_.reply_code()));
    return what;
}

task<> link::fetch()
{
    peer_.consume(std::exchange(used_, 0));
    if (!co_await peer_.fetch())
        throw end_of_stream("amqp: " + to_->peer + " closed the connection");
}

task<> link::write(bytes_view frames)
{
    return frames.size() < large ? peer_.write(frames) : peer_.write_all(frames);
}

task<> link::write_at_last(bytes frames)
{
    const auto all = [](stream& to, bytes_view what) -> task<> {
        co_await to.write(what);
        co_await to.flush();
    };
    co_await move_on_after(goodbye_time, all(peer_, frames));
}

// ---- login

template <class Method> Method link::read() const
{
    Method made;
    if (!read_method(decoder_.arguments(), made))
        throw protocol_error("amqp: " + to_->peer + " sent a method that can't be read",
                             static_cast<std::uint16_t>(reply::syntax_error));
    return made;
}

task<> link::expect(std::uint32_t method)
{
    using event = decoder::event;
    for (;;) {
        const event what = next();
        if (what == event::starved) {
            co_await fetch();
            continue;
        }
        if (what == event::heartbeat)
            continue;
        if (what == event::method && decoder_.method() == method)
            co_return;
        if (what == event::method && decoder_.method() == connection_close::id) {
            const auto said = read<connection_close>();
            throw refused(std::errc::connection_refused, "amqp: " + to_->peer + " refuses: " + reason_of(said),
                          said.reply_code);
        }
        throw protocol_error("amqp: " + to_->peer + " sent something else than its part of the login",
                             static_cast<std::uint16_t>(reply::command_invalid));
    }
}

task<connection_tune> link::answer_start()
{
    co_await write(protocol_header);
    co_await expect(connection_start::id);
    const auto start = read<connection_start>();
    if (start.major != 0 || start.minor != 9)
        throw error(std::errc::protocol_not_supported, "amqp: " + to_->peer + " speaks another version of AMQP");
    if (!offers(start.mechanisms.text, "PLAIN"))
        throw error(std::errc::permission_denied, "amqp: " + to_->peer +
                                                      " wants no user names and passwords (PLAIN), but " +
                                                      std::string(start.mechanisms.text));
    bytes response;
    response.append(1, '\0').append(to_->username).append(1, '\0').append(to_->password);
    bytes frames;
    write_method(frames, 0, connection_start_ok{client_properties(), "PLAIN", {response}, "en_US"});
    co_await write(frames);
    co_await expect(connection_tune::id);
    co_return read<connection_tune>();
}

task<> link::log_in()
{
    const connection_tune theirs = co_await answer_start();
    channel_max_ = lower(most_channels, theirs.channel_max);
    frame_max_ = lower(limits().frame_max, theirs.frame_max);
    if (frame_max_ < least_frame_max)
        throw protocol_error("amqp: " + to_->peer + " wants frames that are too small",
                             static_cast<std::uint16_t>(reply::syntax_error));
    const auto ours = static_cast<std::uint16_t>(
        std::min<std::chrono::seconds::rep>(to_->options.heartbeat.count(), std::numeric_limits<std::uint16_t>::max()));
    heartbeat_ = std::chrono::seconds(ours == 0 ? 0 : lower(ours, theirs.heartbeat));
    decoder_.agree_on(frame_max_);

    bytes frames;
    write_method(frames, 0,
                 connection_tune_ok{channel_max_, frame_max_, static_cast<std::uint16_t>(heartbeat_.count())});
    write_method(frames, 0, connection_open{to_->virtual_host});
    co_await write(frames);
    co_await expect(connection_open_ok::id);
}

table link::client_properties() const
{
    table made{
        {"product", "simul"},
        {"version", std::string(version)},
        {"platform", "C++"},
        {"capabilities", json::object{{"authentication_failure_close", true},
                                      {"basic.nack", true},
                                      {"connection.blocked", true},
                                      {"consumer_cancel_notify", true},
                                      {"publisher_confirms", true}}},
    };
    if (!to_->options.name.empty())
        made["connection_name"] = to_->options.name;
    return made;
}

} // namespace simul::cluster::amqp
