// SPDX-License-Identifier: MIT
#include "connection.hpp"

#include <simul/io/tcp.hpp>
#include <simul/io/unix_socket.hpp>
#include <simul/task/retry.hpp>
#include <simul/task/this_task.hpp>
#include <simul/task/timeout.hpp>

#include <utility>

namespace simul::db::detail {
namespace {

template <class... Args> bytes command(std::string_view name, const Args&... arguments)
{
    bytes wire;
    write_command(wire, name, arguments...);
    return wire;
}

/// From this on a write waits until all is handed to the system, which saves a copy.
constexpr std::size_t large = 64 * 1024;

} // namespace

task<redis_connection> redis_connection::open(shared_settings to)
{
    redis_connection made(to);
    const auto all = [](redis_connection& connection) -> task<> {
        co_await connection.reach();
        co_await connection.greet();
    };
    const duration limit = to->options.connect_timeout;
    if (limit == duration::zero())
        co_await all(made);
    else if (!co_await move_on_after(limit, all(made)))
        throw timeout_error("connecting to " + to->peer + " took too long");
    co_return made;
}

task<redis_connection> redis_connection::open_again(shared_settings to, history& before)
{
    const retry_options waits = {.backoff = to->options.backoff, .longest = to->options.longest_backoff};
    if (now() - before.connected > waits.longest)
        before.failures = 0;
    for (;;) {
        co_await sleep(simul::detail::full_jitter(waits, before.failures++));
        try {
            redis_connection made = co_await open(to);
            before.connected = now();
            co_return made;
        } catch (const error& failed) {
            before.problem = failed.what();
        }
    }
}

task<> redis_connection::reach()
{
    if (to_->host.empty()) {
        peer_ = co_await unix_::connect(to_->path);
        co_return;
    }
    tcp::connect_options how;
    how.keep_alive = to_->options.keep_alive;
    peer_ = co_await tcp::connect(to_->host, to_->port, how);
    if (to_->tls)
        peer_ = co_await tls::start_tls(std::move(peer_), to_->host, *to_->tls);
}

std::optional<redis_value> redis_connection::take()
{
    const auto [what, used] = parser_.next(peer_.buffered());
    peer_.consume(used);
    if (what == resp::event::failed)
        throw error(std::errc::bad_message, to_->peer + " sent " + parser_.why());
    if (what == resp::event::starved)
        return std::nullopt;
    return std::move(parser_.value());
}

task<> redis_connection::fetch()
{
    if (!co_await peer_.fetch())
        throw end_of_stream(to_->peer + " closed the connection");
}

task<redis_value> redis_connection::receive()
{
    for (;;) {
        if (auto value = take())
            co_return std::move(*value);
        co_await fetch();
    }
}

task<> redis_connection::write(bytes_view commands)
{
    return commands.size() < large ? peer_.write(commands) : peer_.write_all(commands);
}

task<redis_value> redis_connection::ask(bytes command)
{
    co_await write(command);
    co_return co_await receive();
}

task<redis_value> redis_connection::ask_for_ok(std::string_view name, bytes command)
{
    redis_value reply = co_await ask(std::move(command));
    co_return redis_reader{name}.read_reply<redis_value>(std::move(reply));
}

task<> redis_connection::greet()
{
    const bool in_3 = to_->options.protocol == 3 && co_await greet_in_3();
    if (!in_3)
        co_await greet_in_2();
    if (to_->database != 0)
        co_await ask_for_ok("SELECT", command("SELECT", to_->database));
    // A server that is still loading its data greets, but has nothing yet.
    co_await ask_for_ok("PING", command("PING"));
}

/// False when the server doesn't know it.
task<bool> redis_connection::greet_in_3()
{
    std::vector<std::string> with;
    if (!to_->password.empty())
        with = {"AUTH", to_->username.empty() ? "default" : to_->username, to_->password};
    if (!to_->options.client_name.empty())
        with.insert(with.end(), {"SETNAME", to_->options.client_name});
    const redis_value reply = co_await ask(command("HELLO", "3", with));
    if (reply.is_error()) {
        const redis_error refused("HELLO", std::string(reply.text()));
        if (refused.code() == "NOPROTO" || refused.reply().find("nknown command") != std::string::npos)
            co_return false;
        throw refused;
    }
    for (std::size_t i = 0; i + 1 < reply.items().size(); i += 2)
        if (reply.items()[i].text() == "id")
            id_ = reply.items()[i + 1].as<std::int64_t>();
    co_return true;
}

task<> redis_connection::greet_in_2()
{
    if (!to_->password.empty()) {
        if (to_->username.empty())
            co_await ask_for_ok("AUTH", command("AUTH", to_->password));
        else
            co_await ask_for_ok("AUTH", command("AUTH", to_->username, to_->password));
    }
    if (!to_->options.client_name.empty())
        co_await ask_for_ok("CLIENT SETNAME", command("CLIENT", "SETNAME", to_->options.client_name));
    const redis_value id = co_await ask(command("CLIENT", "ID"));
    if (id.type() == redis_value::kind::integer) // Redis 5
        id_ = id.as<std::int64_t>();
}

} // namespace simul::db::detail
